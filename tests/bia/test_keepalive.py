"""server.grpc.keepalive of a running service: GOAWAYs as a client reads them, and clients that lose no call by them."""
import json
import pathlib
import shutil
import subprocess

import pytest

import conftest
from service import Service, metrics
from test_hostile import PREFACE, frame, frames, talk

ENDED = 'grpc_server_connections_ended_total{reason="%s"}'
GHZ = shutil.which("ghz") or str(pathlib.Path.home() / "go/bin/ghz")


def goaways(received):
    return [payload[4:] for kind, _, payload in frames(received) if kind == 7]


def service(start, folder, keepalive):
    return Service(start, folder, extra=f"    keepalive: {{{keepalive}}}\n")


def test_an_idle_peer_is_sent_away(start, tmp_path):
    served = service(start, tmp_path, "max_connection_idle: 100ms")
    received, ended = talk(served.grpc, PREFACE, 2)
    # It has a minute to answer the PING that came along.
    assert goaways(received) == [b"\0\0\0\0max_idle"] and not ended
    assert metrics(served.http)[ENDED % "idle"] == 1


def test_a_silent_peer_gets_a_ping_and_ends(start, tmp_path):
    served = service(start, tmp_path, "time: 1s, timeout: 100ms")
    received, ended = talk(served.grpc, PREFACE, 5)
    assert ended and [kind for kind, _, _ in frames(received)].count(6) == 1 and goaways(received) == []
    assert metrics(served.http)[ENDED % "silent"] == 1


@pytest.mark.parametrize("keepalive, allowed", [("", False), ("min_time: 0s", True), ("min_time: 1ns", False), ("min_time: 1ns, permit_without_stream: true", False)])
def test_pings_are_policed(start, tmp_path, keepalive, allowed):
    served = service(start, tmp_path, keepalive)
    ping = frame(6, 0, 0, b"12345678")
    assert not talk(served.grpc, PREFACE + ping * 3, 0.3)[1]
    # In one write, so that no time passes between them.
    received, ended = talk(served.grpc, PREFACE + ping * 4, 0.3 if allowed else 5)
    assert ended != allowed and goaways(received) == ([] if allowed else [b"\0\0\0\x0btoo_many_pings"])


@pytest.mark.parametrize("client", ["zelus", "ghz"])
def test_clients_lose_no_call_to_old_connections(start, tmp_path, client):
    if client == "ghz" and not pathlib.Path(GHZ).exists():
        pytest.skip("no ghz: go install github.com/bojand/ghz/cmd/ghz@latest")
    served = service(start, tmp_path, "max_connection_age: 300ms, max_connection_age_grace: 1s")
    program = [conftest.BIN / "zelus", "grpc"] if client == "zelus" else [GHZ]
    done = subprocess.run([*map(str, program), "--insecure", "--call", "helloworld.v1.Greeter/SayHello", "-d", '{"name":"ann"}',
                           "-c", "5", "-n", "1000", "--rps", "500", "-O", "json", f"127.0.0.1:{served.grpc}"], capture_output=True, text=True, timeout=60)
    report = json.loads(done.stdout)
    assert report["statusCodeDistribution"] == {"OK": 1000}, report.get("errorDistribution")
    assert metrics(served.http)[ENDED % "aged"] >= 2
