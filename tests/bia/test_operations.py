"""What operators use of a service: sources of its configuration, reload, health, drain, log level, /debug, a log that nobody reads."""
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading

import conftest
from service import Service, grpc_call, http, metrics

SAY_HELLO = "/helloworld.v1.Greeter/SayHello"
HEALTH = "/grpc.health.v1.Health/Check"


def started(start, *args, env=None, port):
    return start([conftest.BIN / "helloworld", *args], port=port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                 env={**os.environ, **(env or {})})


def test_sources_of_the_configuration(start, tmp_path):
    first, second, third = (conftest.free_port() for _ in range(3))
    (tmp_path / "a.toml").write_text(f"[server.http]\naddr = '127.0.0.1:{first}'\ntimeout = '1s'\n")
    (tmp_path / "b.json").write_text(json.dumps({"server": {"grpc": {"addr": "127.0.0.1:1"}}}))
    started(start, "-conf", tmp_path / "a.toml", "-conf", tmp_path / "b.json", "-env", "HELLO_", "-set", f"server.grpc.addr=127.0.0.1:{third}",
            env={"HELLO_SERVER__HTTP__ADDR": f"127.0.0.1:{second}"}, port=third)
    assert http(second, "GET /helloworld/x")[0] == 200
    assert grpc_call(third, SAY_HELLO, b"\x0a\x01x")[0] == "OK"


def test_bad_sources_are_told(tmp_path):
    (tmp_path / "c.toml").write_text("[server.http]\naddr = ':0'\ntimeot = '1s'\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", tmp_path / "c.toml"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"{tmp_path}/c.toml:3: unknown key server.http.timeot; did you mean timeout?" in done.stderr
    (tmp_path / "d.yaml").write_text("server: {http: {addr: ':0'}}\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", tmp_path / "d.yaml", "-set", "x"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "-set x: write -set KEY=VALUE" in done.stderr


def test_reload_keeps_the_last_good_one(start, tmp_path):
    service = Service(start, tmp_path, extra="log:\n  level: info\n")
    good = service.config.read_text()
    service.config.write_text(good.replace("level: info", "level: loud"))
    service.wait_for_log("configuration not reloaded, the last good one stays")
    service.config.write_text(good.replace("level: info", "level: debug"))
    service.wait_for_log("configuration reloaded")
    counted = metrics(service.http)
    assert counted['config_reloads_total{result="applied"}'] == 1
    assert counted['config_reloads_total{result="rejected"}'] == 1
    service.config.write_text(good.replace("timeout: 1s", "timeout: 2s"))
    service.wait_for_log("a change of server takes effect at the next start")
    assert http(service.http, "GET /helloworld/x")[0] == 200


def test_a_reload_that_the_next_start_would_refuse_is_refused(start, tmp_path):
    service = Service(start, tmp_path, extra="data: {database: {driver: mysql}}\n")
    good = service.config.read_text()
    for bad, told in ((good.replace("driver", "drvier"), "unknown key data.database.drvier; did you mean driver?"),
                      (good + "debugg: {enabled: true}\n", "unknown key debugg; did you mean debug?"),
                      (good.replace("driver: mysql", 'driver: "mysql'), "a quote that begins here is not closed")):
        service.config.write_text(bad)
        service.wait_for_log(told)
    assert "configuration reloaded" not in service.log()


def test_releases_behind_a_link_are_read_again(start, tmp_path):
    def release(name, level):
        folder = tmp_path / name / "configs"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(good.replace("level: info", f"level: {level}"))
        (tmp_path / "next").symlink_to(name)
        (tmp_path / "next").rename(tmp_path / "current")  # as `ln -sfn`

    port = conftest.free_port()
    good = f"server:\n  http:\n    addr: 127.0.0.1:{port}\nlog:\n  level: info\ndebug:\n  enabled: true\n"
    release("1", "info")
    started(start, "-conf", tmp_path / "current/configs", port=port)

    def is_level(level):
        conftest.wait_until(lambda: http(port, "GET /debug/log")[2] == f"{level}\n".encode(), f"the level does not become {level}")

    release("2", "error")
    is_level("error")
    shutil.rmtree(tmp_path / "2")
    conftest.wait_until(lambda: metrics(port)['config_reloads_total{result="rejected"}'] >= 1, "the folder that is gone is not seen")
    release("2", "warn")
    is_level("warn")


def test_health_and_drain(start, tmp_path):
    service = Service(start, tmp_path, extra="runtime:\n  drain_delay: 2s\n")
    assert http(service.http, "GET /healthz")[::2] == (200, b"ok\n")
    assert http(service.http, "GET /readyz")[::2] == (200, b"ready\n")
    named = (HEALTH, b"\x0a\x15helloworld.v1.Greeter")
    for asked in (HEALTH,), named:
        assert grpc_call(service.grpc, *asked) == ("OK", b"\x08\x01")
    service.process.send_signal(signal.SIGTERM)
    service.wait_for_log("draining for 2s")
    assert http(service.http, "GET /readyz")[0] == 503
    assert http(service.http, "GET /healthz")[0] == 200
    assert http(service.http, "GET /helloworld/late")[0] == 200
    for asked in (HEALTH,), named:
        assert grpc_call(service.grpc, *asked) == ("OK", b"\x08\x02")
    assert service.process.wait(10) == 0


def test_second_signal_ends_the_drain(start, tmp_path):
    service = Service(start, tmp_path, extra="runtime:\n  drain_delay: 1m\n")
    service.process.send_signal(signal.SIGTERM)
    service.wait_for_log("draining")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 1


def test_debug_is_off_by_default_and_sets_the_log_level(start, tmp_path):
    assert http(Service(start, tmp_path).http, "GET /debug/log")[0] == 404
    service = Service(start, tmp_path, extra="debug:\n  enabled: true\n")
    assert http(service.http, "GET /debug/log")[2] == b"info\n"
    assert http(service.http, "PUT /debug/log?level=error")[2] == b"error\n"
    assert http(service.http, "PUT /debug/log?level=loud")[0] == 400
    assert http(service.http, "GET /debug/log")[2] == b"error\n"
    assert b"heap_in_use_bytes" in http(service.http, "GET /debug/memory")[2]
    assert http(service.http, "GET /debug/profile?seconds=0")[0] == 400
    status, _, body = http(service.http, "GET /debug/profile?seconds=1")
    assert status == 200 and (body.startswith(b"# no samples: in 1s the process used ") or b";" in body), "an idle service's profile is no empty file"


def test_grpc_without_health_and_reflection(start, tmp_path):
    service = Service(start, tmp_path, extra="    health: false\n    reflection: false\n")
    for method in ("grpc.health.v1.Health/Check", "kratos.api.Metadata/ListServices"):
        status, told = grpc_call(service.grpc, "/" + method)
        assert (status, told) == ("UNIMPLEMENTED", f"unknown service {method.partition('/')[0]}")
    assert http(service.http, "GET /readyz")[0] == 200


def test_profile_shows_where_the_time_goes(start, tmp_path):
    service = Service(start, tmp_path, program="slow_service", extra="debug:\n  enabled: true\n", http_timeout="10s")
    for _ in range(5):  # a profile that comes to the thread that spins begins after it, and sees nothing
        busy = threading.Thread(target=lambda: http(service.http, "GET /spin/1500"))
        busy.start()
        status, _, body = http(service.http, "GET /debug/profile?seconds=1", wait=20)
        busy.join()
        assert status == 200
        stacks = [line.rpartition(" ") for line in body.decode().splitlines()]
        if not body.startswith(b"# no samples"):
            break
    assert sum(int(count) for _, _, count in stacks) >= 20  # of 100 a second; the machine may be busy
    # Collapsed: outermost first.
    assert any(re.search(r";bia::http::Router::serve\(.*;[^;]*Slow::Spin\(", stack) for stack, _, _ in stacks), body.decode()
    assert http(service.http, "GET /debug/profile?seconds=x")[0] == 400


def test_a_log_that_nobody_reads_holds_up_no_request(start, tmp_path):
    """The pipe's 64 KiB fill up; the lines above the queue are dropped and counted."""
    port = conftest.free_port()
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{port}\nlog:\n  queue_lines: 16\ndebug:\n  enabled: true\n")
    process = start([conftest.BIN / "helloworld", "-conf", config], port=port, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(2000):  # each logs a line
            assert http(port, "PUT /debug/log?level=info")[0] == 200
        assert http(port, "GET /helloworld/x")[0] == 200
        assert metrics(port)["log_lines_dropped_total"] > 0
    finally:
        process.kill()


def test_connections_above_the_open_files_are_refused(start, tmp_path):
    limit = 64
    hello = Service(start, tmp_path, extra="runtime: {threads: 2}\n", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    held = [socket.create_connection(("127.0.0.1", hello.http), 10) for _ in range(limit)]

    def is_closed(port):
        """False where it found a descriptor that the other thread let go for a moment; it is kept, so that the next finds none."""
        held.append(socket.create_connection(("127.0.0.1", port), 10))
        held[-1].settimeout(1)
        try:
            return held[-1].recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    try:
        for port in hello.http, hello.grpc:
            conftest.wait_until(lambda port=port: is_closed(port), "it is left to wait, and not closed")
    finally:
        for one in held:
            one.close()
    hello.wait_for_log("[HTTP] refused a connection of a peer: no_descriptor")  # gRPC's may be above the log's ten lines a second.
    counted = {}

    def served():  # Once those are gone.
        with contextlib.suppress(OSError, IndexError, ValueError):
            counted.update(metrics(hello.http))
        return counted
    conftest.wait_until(served, "descriptors do not come back")
    assert counted['http_server_connections_refused_total{reason="no_descriptor"}'] > 1
    assert counted['grpc_server_connections_refused_total{reason="no_descriptor"}'] >= 1
