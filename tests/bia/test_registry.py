"""Registry and discovery with a real etcd: Kratos' records, lost leases, an etcd that goes away, a Kratos service of Go both ways."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import conftest
from conftest import wait_until
from etcd_server import Etcd
from service import Service, http

assert shutil.which("etcd"), "etcd comes with Debian's etcd-server: scripts/setup test"


@pytest.fixture
def etcd(start, tmp_path):
    if not shutil.which("etcdctl"):
        pytest.skip("etcdctl comes with Debian's etcd-client")
    return Etcd(start, tmp_path)


def chained(start, tmp_path, name, extra):
    folder = tmp_path / name
    folder.mkdir()
    return Service(start, folder, program="chained_service", extra=extra)


def test_record_is_kratos_own_and_goes_with_the_service(start, tmp_path, etcd):
    service = chained(start, tmp_path, "a", etcd.config())
    service.wait_for_log("registered as")
    (key, value), = etcd.records().items()
    assert key == "/microservices/chained/id-1"
    assert value == ('{"id":"id-1","name":"chained","version":"1.2.3","metadata":null,'
                     f'"endpoints":["http://127.0.0.1:{service.http}","grpc://127.0.0.1:{service.grpc}"]}}')
    time.sleep(3)  # above the ttl
    assert etcd.records()
    service.process.terminate()
    assert service.process.wait(10) == 0
    assert not etcd.records()


def test_a_unix_socket_is_not_registered(start, tmp_path, etcd):
    service = chained(start, tmp_path, "a", etcd.config())
    service.wait_for_log("registered as")
    path, log = tmp_path / "h.sock", tmp_path / "unix.log"
    with open(log, "w") as file:
        start([conftest.BIN / "chained_service", "-conf", service.config, "-set", f"server.http.addr=unix:{path}",
               "-set", f"server.grpc.addr=127.0.0.1:{(port := conftest.free_port())}"], port=port, stderr=file)
    wait_until(lambda: "registered as" in log.read_text(), "it is not registered")
    (value,) = etcd.records().values()  # of the same id: it took the place of the first
    assert json.loads(value)["endpoints"] == [f"grpc://127.0.0.1:{port}"]
    assert log.read_text().count(f"registry: unix:{path} is not registered, no other host can call it") == 1


def test_no_etcd_is_an_error_at_the_start(tmp_path):
    (tmp_path / "c.yaml").write_text(f"server: {{http: {{addr: '127.0.0.1:0'}}}}\nregistry: {{etcd: {{endpoints: ['127.0.0.1:{conftest.free_port()}']}}}}\n")
    done = subprocess.run([conftest.BIN / "chained_service", "-conf", tmp_path / "c.yaml"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "registry" in done.stderr


def test_discovery_follows_the_registry(start, tmp_path, etcd):
    first = chained(start, tmp_path, "a", etcd.config())
    etcd.ctl("put", "/microservices/chained/garbage", "{not json")
    # Kratos' look-up is by a prefix that begins other services' keys too.
    etcd.ctl("put", "/microservices/chained-admin/id-9", '{"id":"id-9","name":"chained-admin","version":"","metadata":null,"endpoints":["grpc://127.0.0.1:1"]}')
    caller = chained(start, tmp_path, "b", f"peer: discovery:///chained\npeer_etcd: 127.0.0.1:{etcd.port}\n")
    for _ in range(4):  # as often as each of two nodes would be called
        assert http(caller.http, "GET /wait/5")[0] == 200
    caller.wait_for_log("/microservices/chained/garbage: the record is no instance of a service")
    first.process.kill()  # its lease runs out
    wait_until(lambda: "/microservices/chained/id-1" not in etcd.records(), "the lease outlives its service")
    caller.wait_for_log("no node of discovery:///chained is left; the last ones stay", 20)
    second = chained(start, tmp_path, "c", etcd.config())
    second.wait_for_log("registered as")
    wait_until(lambda: http(caller.http, "GET /wait/5")[0] == 200, "the new instance is not found")


def test_no_instance_is_kratos_error(start, tmp_path, etcd):
    caller = Service(start, tmp_path, program="chained_service", http_timeout="20s", extra=f"peer: discovery:///nobody\npeer_etcd: 127.0.0.1:{etcd.port}\n")
    status, _, body = http(caller.http, "GET /wait/5", wait=20)
    assert status == 503 and json.loads(body)["reason"] == "no_available_node"


def test_a_lost_lease_comes_back(start, tmp_path, etcd):
    service = chained(start, tmp_path, "a", etcd.config())
    service.wait_for_log("registered as")
    lease = etcd.ctl("lease", "list").split()[-1]
    etcd.ctl("lease", "revoke", lease)
    assert not etcd.records()
    wait_until(etcd.records, "the record does not come back")
    etcd.down()
    shutil.rmtree(etcd.folder / "etcd")
    time.sleep(1)
    etcd.up()
    wait_until(etcd.records, "the record does not come back to an empty etcd")
    assert http(service.http, "GET /wait/5")[0] == 200


def test_a_successor_stays_registered(start, tmp_path, etcd):
    """By SIGUSR2: no moment without the record, and the old process takes nothing along."""
    service = chained(start, tmp_path, "a", etcd.config())
    service.wait_for_log("registered as")
    with open(tmp_path / "watched", "w") as watched:
        start(["etcdctl", "--endpoints", f"127.0.0.1:{etcd.port}", "watch", "--prefix", "/microservices/chained"], stdout=watched,
              env={**os.environ, "ETCDCTL_API": "3"})
    time.sleep(0.5)
    pid = service.process.pid
    try:
        for count in 1, 2:
            os.kill(pid, signal.SIGUSR2)
            wait_until(lambda: service.log().count("has taken over") == count, service.log())
            wait_until(lambda: service.log().count("server stopping") == 2 * count, service.log())
            pid = int(re.findall(r"process (\d+) has taken over", service.log())[-1])
            time.sleep(3)  # above the ttl of the old one's lease
            assert len(etcd.records()) == 1
            assert http(service.http, "GET /wait/5")[0] == 200
        events = [line for line in (tmp_path / "watched").read_text().splitlines() if line in ("PUT", "DELETE")]
        assert events == ["PUT", "PUT"], events
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not etcd.records(), "the last one leaves its record")


@pytest.fixture(scope="session")
def kratos_peer(tmp_path_factory):
    go = shutil.which("go") or ("/usr/local/go/bin/go" if os.path.exists("/usr/local/go/bin/go") else None)
    if not go:
        pytest.skip("needs Go to build the Kratos side")
    folder = tmp_path_factory.mktemp("kratos_peer")
    shutil.copytree(conftest.SOURCE / "tests/bia/kratos_peer", folder, dirs_exist_ok=True)
    done = subprocess.run([go, "build", "-mod=mod", "-o", "peer", "."], cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        pytest.skip(f"the Kratos side does not build here: {done.stderr[-500:]}")
    return folder / "peer"


def test_kratos_finds_and_calls_bia(start, tmp_path, etcd, kratos_peer):
    service = chained(start, tmp_path, "a", etcd.config())
    service.wait_for_log("registered as")
    for scheme in ("grpc", "http"):
        done = subprocess.run([kratos_peer, "call", f"127.0.0.1:{etcd.port}", "chained", scheme], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["milliseconds"] == 7
    for accept in ("", ":json", ":proto", ":yaml"):  # errors.Status in the client's codec
        done = subprocess.run([kratos_peer, "fail" + accept, f"127.0.0.1:{etcd.port}", "chained", "http"], capture_output=True, text=True, timeout=60)
        assert "code = 422 reason = UNPROCESSABLE message = cannot be" in done.stdout, accept + done.stdout


def test_kratos_lists_bias_services_and_calls_in_json(start, tmp_path, etcd, kratos_peer):
    chained(start, tmp_path, "a", etcd.config()).wait_for_log("registered as")
    answers = {}
    for what in ("metadata", "json"):
        done = subprocess.run([kratos_peer, what, f"127.0.0.1:{etcd.port}", "chained", "grpc"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        answers[what] = json.loads(done.stdout)
    assert {"slow.v1.Slow", "kratos.api.Metadata"} <= set(answers["metadata"]["services"]) and answers["metadata"]["file"].endswith("slow.proto")
    assert "/slow.v1.Slow/Wait" in answers["metadata"]["methods"]
    assert answers["json"] == {"milliseconds": 7}


def test_bia_finds_and_calls_kratos(start, tmp_path, etcd, kratos_peer):
    peer = start([kratos_peer, "serve", f"127.0.0.1:{etcd.port}", "gopher"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: etcd.records("gopher"), "the Go service does not register", 60)
    caller = chained(start, tmp_path, "b", f"peer: discovery:///gopher\npeer_etcd: 127.0.0.1:{etcd.port}\n")
    status, _, body = http(caller.http, "GET /wait/7")
    assert (status, json.loads(body)) == (200, {"milliseconds": 1007})
    assert peer.poll() is None
    for scheme in ("grpc", "http"):  # with the middleware of a ServiceClient
        caller = chained(start, tmp_path, scheme, f"peer: discovery:///gopher\nthrough: {scheme}\npeer_etcd: 127.0.0.1:{etcd.port}\n")
        status, _, body = http(caller.http, "GET /wait/7")
        assert (status, json.loads(body)) == (200, {"milliseconds": 1007})
        status, _, body = http(caller.http, "GET /fail")
        assert (status, json.loads(body)) == (409, {"code": 409, "reason": "GO_SAYS_NO", "message": "not today", "metadata": {"day": "sunday"}})
        caller.wait_for_log(f"kind=client component={scheme} operation=/slow.v1.Slow/Fail")
    assert peer.poll() is None
