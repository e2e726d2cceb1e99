"""The example service as users run it: HTTP, gRPC, /metrics, signals, bad configuration."""
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import conftest
from service import Service, error_body, grpc_call, http, metrics, parsed, run

SAY_HELLO = "/helloworld.v1.Greeter/SayHello"


@pytest.fixture
def hello(start, tmp_path):
    return Service(start, tmp_path)


def test_http_answers_as_kratos(hello):
    status, headers, body = http(hello.http, "GET /helloworld/kratos")
    assert (status, body) == (200, b'{"message":"Hello kratos"}')
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == "26"
    assert "date" in headers
    assert http(hello.http, "GET /helloworld/a%20b%22")[2] == b'{"message":"Hello a b\\""}'
    assert http(hello.http, "HEAD /helloworld/kratos")[2] == b""


def test_keep_alive_and_pipelining(hello):
    one = b"GET /helloworld/%d HTTP/1.1\r\nHost: t\r\n\r\n"
    with socket.create_connection(("127.0.0.1", hello.http), 5) as connection:
        connection.sendall(b"".join(one % i for i in range(20)))
        received = b""
        while received.count(b"Hello ") < 20:
            chunk = connection.recv(65536)
            assert chunk
            received += chunk
    assert [received.index(b"Hello %d\"" % i) for i in range(20)] == sorted(received.index(b"Hello %d\"" % i) for i in range(20))


def test_http_errors_are_json(hello):
    status, headers, body = http(hello.http, "GET /nope")
    assert status == 404 and headers["content-type"] == "application/json"
    assert parsed(body) == error_body(404, "NOT_FOUND", "no route for /nope")
    status, headers, body = http(hello.http, "POST /helloworld/kratos")
    assert status == 405 and headers["allow"] == "GET, HEAD"
    assert parsed(body) == error_body(405, "METHOD_NOT_ALLOWED", "/helloworld/kratos does not take POST")


def test_grpc_answers(hello):
    assert grpc_call(hello.grpc, SAY_HELLO, b"\x0a\x06kratos") == ("OK", b"\x0a\x0cHello kratos")
    assert grpc_call(hello.grpc, "/helloworld.v1.Greeter/Nope")[0] == "UNIMPLEMENTED"


def test_metrics_count_both_transports(hello):
    for _ in range(3):
        http(hello.http, "GET /helloworld/kratos")
    grpc_call(hello.grpc, SAY_HELLO, b"\x0a\x06kratos")
    http(hello.http, "GET /nope")
    got = metrics(hello.http)
    operation = f'operation="{SAY_HELLO}"'
    assert got[f'server_requests_code_total{{kind="http",{operation},code="200",reason=""}}'] == 3
    assert got[f'server_requests_code_total{{kind="grpc",{operation},code="200",reason=""}}'] == 1
    assert got['server_requests_code_total{kind="http",operation="",code="404",reason="NOT_FOUND"}'] == 1
    assert got[f'server_requests_seconds_count{{kind="http",{operation}}}'] == 3
    assert got[f'server_requests_seconds_bucket{{kind="http",{operation},le="+Inf"}}'] == 3
    assert 0 < got[f'server_requests_seconds_sum{{kind="http",{operation}}}'] < 1
    assert abs(got["process_start_time_seconds"] - time.time()) < 60
    assert got["process_resident_memory_bytes"] > 1e6 and got["process_open_fds"] > 5 and got["process_threads"] >= 1


def test_metrics_pass_promtool(hello):
    http(hello.http, "GET /helloworld/kratos")
    status, headers, body = http(hello.http, "GET /metrics")
    assert status == 200 and headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True)
    assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()


def test_log_lines_are_kratos(hello):
    hello.wait_for_log("[gRPC]")
    assert hello.messages()[:2] == [f"[HTTP] server listening on: 127.0.0.1:{hello.http}", f"[gRPC] server listening on: 127.0.0.1:{hello.grpc}"]
    assert f"service.id={socket.gethostname()} service.name=helloworld service.version=0.1.0 msg=" in hello.log()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_a_signal_ends_it_gracefully(hello, number):
    hello.process.send_signal(number)
    assert hello.process.wait(5) == 0
    assert hello.messages()[2:] == ["[HTTP] server stopping", "[gRPC] server stopping", "closing the data resources"]


def test_any_address_is_shown_as_go_shows_it(start, tmp_path):
    port = conftest.free_port()
    (tmp_path / "c.yaml").write_text(f"server: {{http: {{addr: ':{port}'}}}}\n")
    with open(tmp_path / "log", "w") as log:
        start([conftest.BIN / "helloworld", f"--conf={tmp_path}"], port=port, stderr=log)
    end = time.monotonic() + 5
    while f"[HTTP] server listening on: [::]:{port}" not in (tmp_path / "log").read_text():
        assert time.monotonic() < end, (tmp_path / "log").read_text()
        time.sleep(0.01)
    with socket.socket(socket.AF_INET6) as six:
        six.connect(("::1", port))


def test_port_in_use(hello):
    code, out, err = run("helloworld", "-conf", hello.config)
    assert (code, out) == (1, "")
    errors = [line for line in err.splitlines() if "closing the data" not in line]
    assert errors == [f"helloworld: {hello.config}:3: [HTTP] server.http.addr: listen on 127.0.0.1:{hello.http}: address already in use "
                      "(end the program that has the port, see `ss -ltnp`, or set another server.http.addr)"]


def test_grpc_port_in_use_leaves_nothing(hello, tmp_path):
    port = conftest.free_port()
    config = tmp_path / "two.yaml"
    config.write_text(f"server: {{http: {{addr: '127.0.0.1:{port}'}}, grpc: {{addr: '127.0.0.1:{hello.grpc}'}}}}\n")
    code, _, err = run("helloworld", "-conf", config)
    assert code == 1 and "[gRPC] server.grpc.addr" in err and "address already in use" in err


@pytest.mark.parametrize("yaml, message", [
    ("server:\n  http:\n    addr: \"8080\"\n", ':3: server.http.addr "8080" has no port; write "0.0.0.0:8080"'),
    ("server:\n  http:\n    addr: :0\n    timeout: 5\n", ':4: server.http.timeout "5" has no unit; write "5s"'),
    ("server:\n  http:\n    adr: :0\n", ":3: unknown key server.http.adr; did you mean addr?"),
    ("server: {http: {addr: ':0'}}\ndata:\n  databse: {}\n", ":3: unknown key data.databse; did you mean database?"),
    ("server: {http: {addr: ':0'}}\ndata:\n  redis:\n    read_timeout: soon\n", ':4: data.redis.read_timeout is not a duration like "1s" or "200ms"'),
    ("server: [\n", ":1: a \"[\" that is not closed"),
    ("a: b: c\n", ":1: "),
    ("data: {}\n", "neither server.http nor server.grpc"),
    ("server: {http: {addr: '${NO_SUCH_ADDR}'}}\n", ":1: ${NO_SUCH_ADDR} is neither a key nor an environment variable"),
    ("server: {http: {addr: 'nohost:80'}}\n", "nohost"),
])
def test_bad_configuration(tmp_path, yaml, message):
    config = tmp_path / "config.yaml"
    config.write_text(yaml)
    code, out, err = run("helloworld", "-conf", config)
    assert (code, out) == (1, "")
    assert message in err and len([line for line in err.splitlines() if "closing the data" not in line]) == 1, err
    assert err.startswith("helloworld: ") or "closing" in err


def test_no_secret_is_printed(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("server: {http: {addr: ':0'}}\ndata:\n  database: hunter2\n")
    code, out, err = run("helloworld", "-conf", config)
    assert code == 1 and "config.yaml:3: data.database is not a map" in err and "hunter2" not in out + err


def test_command_line(tmp_path):
    assert run("helloworld", "-conf", tmp_path / "none") == (
        1, "", f"helloworld: {tmp_path}/none: no such file or folder (-conf names the configuration: a file, or a folder of files)\n")
    assert run("helloworld", "--nope")[2] == "helloworld: unknown flag --nope (the service takes -conf PATH, -env PREFIX, -set KEY=VALUE, --version and --help)\n"
    assert run("helloworld", "--version") == (0, "helloworld 0.1.0\n", "")
    code, out, _ = run("helloworld", "-h")
    assert code == 0 and "-conf PATH" in out
    code, _, err = run("helloworld", cwd=tmp_path)
    assert code == 1 and err.startswith("helloworld: configs: no such file or folder")


def test_environment_in_the_configuration(start, tmp_path):
    port = conftest.free_port()
    (tmp_path / "c.yaml").write_text("server: {http: {addr: '127.0.0.1:${TEST_PORT}'}}\nruntime: {threads: 1}\n")
    start([conftest.BIN / "helloworld", "-conf", tmp_path / "c.yaml"], port=port, env={**os.environ, "TEST_PORT": str(port)}, stderr=subprocess.DEVNULL)
    assert http(port, "GET /helloworld/x")[0] == 200
    assert metrics(port)["process_threads"] == 2  # and the log's


def test_threads_share_the_metrics(start, tmp_path):
    hello = Service(start, tmp_path, extra="runtime: {threads: 4}\n")
    def load():
        for _ in range(20):
            assert http(hello.http, "GET /helloworld/kratos")[0] == 200
    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = metrics(hello.http)
    assert got[f'server_requests_code_total{{kind="http",operation="{SAY_HELLO}",code="200",reason=""}}'] == 160
    assert got[f'server_requests_seconds_count{{kind="http",operation="{SAY_HELLO}"}}'] == 160


def test_metrics_can_be_off_or_elsewhere(start, tmp_path):
    for name in ("off", "elsewhere"):
        (tmp_path / name).mkdir()
    assert http(Service(start, tmp_path / "off", extra="metrics: {enabled: false}\n").http, "GET /metrics")[0] == 404
    assert http(Service(start, tmp_path / "elsewhere", extra="metrics: {path: /internal/metrics}\n").http, "GET /internal/metrics")[0] == 200


def test_memory_under_load(start, tmp_path):
    """The goal of docs/benchmarks.md: RssAnon at most 6 MB with 50 connections busy over each transport."""
    hello = Service(start, tmp_path, extra="runtime: {threads: 2}\n")
    connections = [socket.create_connection(("127.0.0.1", hello.http), 5) for _ in range(50)]
    for _ in range(100):
        for connection in connections:
            connection.sendall(b"GET /helloworld/kratos HTTP/1.1\r\nHost: t\r\n\r\n" * 4)
        for connection in connections:
            received = b""
            while received.count(b"Hello kratos") < 4:
                received += connection.recv(65536)
    for _ in range(5):
        assert grpc_call(hello.grpc, SAY_HELLO, b"\x0a\x06kratos")[0] == "OK"
    with open(f"/proc/{hello.process.pid}/status") as status:
        anonymous = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
    for connection in connections:
        connection.close()
    assert anonymous <= 6 * 1024, f"{anonymous} KB"
