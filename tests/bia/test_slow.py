"""Deadlines, errors, exceptions, hooks and the graceful stop, on tests/programs/slow."""
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import conftest
from service import Service, error_body, grpc_call, grpc_client, http, metrics, parsed, run


def wait_request(milliseconds):
    """WaitRequest in protobuf."""
    varint = b""
    while milliseconds > 127:
        varint += bytes([milliseconds & 127 | 128])
        milliseconds >>= 7
    return b"\x08" + varint + bytes([milliseconds])


@pytest.fixture
def slow(start, tmp_path):
    return Service(start, tmp_path, program="slow_service", http_timeout="0.3s", grpc_timeout="0.3s")


def test_a_wait_within_the_timeout(slow):
    assert http(slow.http, "GET /wait/50")[2] == b'{"milliseconds":50}'
    assert grpc_call(slow.grpc, "/slow.v1.Slow/Wait", wait_request(50)) == ("OK", wait_request(50))


def best_of(count, call):
    """Seconds that `call` took. The machine of a test may be busy: what the runtime itself does shows in the best of many."""
    took = []
    for _ in range(count):
        begin = time.monotonic()
        call()
        took.append(time.monotonic() - begin)
    return min(took)


# Waits to its deadline; does not care what its waits say; blocks a helper thread.
HANDLERS = ["Wait", "Ignore", "Offload"]


@pytest.mark.parametrize("handler", HANDLERS)
def test_timeout_is_504_within_20_ms(slow, handler):
    http(slow.http, "GET /wait/1")

    def call():
        status, headers, body = http(slow.http, f"GET /{handler.lower()}/700")
        assert status == 504 and headers["content-type"] == "application/json"
        assert parsed(body)["code"] == 504
    assert 0.3 <= best_of(6, call) < 0.32


@pytest.mark.parametrize("handler", HANDLERS)
def test_deadline_exceeded_within_20_ms(slow, handler):
    calls = grpc_client("time", slow.grpc, f"/slow.v1.Slow/{handler}", wait_request(700).hex(), 6)
    # The callers wait longer than the server: it is not their clocks that end the calls.
    # Either the handler returns what its wait told it, or it is answered for; both at the deadline.
    texts = {"context deadline exceeded"} | ({"deadline exceeded"} if handler == "Wait" else set())
    assert all(c["status"] == "DEADLINE_EXCEEDED" and c["details"] in texts for c in calls), calls
    assert 0.3 <= min(c["seconds"] for c in calls) < 0.32, calls


def test_the_callers_deadline_counts_where_it_is_earlier(slow):
    assert grpc_call(slow.grpc, "/slow.v1.Slow/Wait", wait_request(5000), timeout=0.1)[0] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_a_caller_that_goes_cancels_its_call(start, tmp_path, version):
    slow = Service(start, tmp_path, program="slow_service", http_timeout="60s")
    if version == "HTTP/1.1":
        with socket.create_connection(("127.0.0.1", slow.http), 5) as caller:
            caller.sendall(b"GET /wait/50000 HTTP/1.1\r\nHost: a\r\n\r\n")
            conftest.wait_until(lambda: metrics(slow.http)["http_server_requests_total"] >= 2, "the request did not come")
    else:
        subprocess.run(["curl", "-s", "--http2-prior-knowledge", "--max-time", "0.5", f"http://127.0.0.1:{slow.http}/wait/50000"], timeout=20)
    slow.wait_for_log("component=http operation=/slow.v1.Slow/Wait args=milliseconds: 50000 code=499 reason=CANCELLED")
    got = metrics(slow.http)
    assert got['server_requests_code_total{kind="http",operation="/slow.v1.Slow/Wait",code="499",reason="CANCELLED"}'] == 1
    assert got["http_server_requests_cancelled_total"] == 1


def test_a_caller_that_only_stops_sending_is_told(start, tmp_path):
    """As `nc -N` does; Go's server, too, takes the end of what a caller sends for its going away."""
    slow = Service(start, tmp_path, program="slow_service", http_timeout="60s")
    with socket.create_connection(("127.0.0.1", slow.http), 5) as caller:
        caller.sendall(b"GET /wait/50000 HTTP/1.1\r\nHost: a\r\n\r\n")
        caller.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := caller.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 499 ") and b'"reason":"CANCELLED"' in answer
    # What does not wait is served.
    with socket.create_connection(("127.0.0.1", slow.http), 5) as caller:
        caller.sendall(b"GET /spin/1 HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        caller.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := caller.recv(4096):
            answer += chunk
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("handler", ["Spin", "Ignore", "Offload"])
def test_a_late_success_is_504_in_answer_log_and_metrics(slow, handler):
    assert http(slow.http, f"GET /{handler.lower()}/400")[0] == 504
    assert grpc_call(slow.grpc, f"/slow.v1.Slow/{handler}", wait_request(400), timeout=30)[0] == "DEADLINE_EXCEEDED"
    slow.wait_for_log(f"component=http operation=/slow.v1.Slow/{handler} args=milliseconds: 400 code=504 reason=GATEWAY_TIMEOUT")
    slow.wait_for_log(f"component=grpc operation=/slow.v1.Slow/{handler} args=milliseconds: 400 code=504 reason=GATEWAY_TIMEOUT")
    got = metrics(slow.http)
    for kind in "http", "grpc":
        assert got[f'server_requests_code_total{{kind="{kind}",operation="/slow.v1.Slow/{handler}",code="504",reason="GATEWAY_TIMEOUT"}}'] == 1
        assert got.get(f'server_requests_code_total{{kind="{kind}",operation="/slow.v1.Slow/{handler}",code="200",reason=""}}', 0) == 0


def test_a_pipelined_request_behind_an_overrun_is_not_answered_twice(slow):
    with socket.create_connection(("127.0.0.1", slow.http), 5) as connection:
        connection.sendall(b"GET /ignore/500 HTTP/1.1\r\nHost: t\r\n\r\nGET /wait/1 HTTP/1.1\r\nHost: t\r\n\r\n")
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 ") == 1 and received.startswith(b"HTTP/1.1 504 ") and b"connection: close" in received.lower()


@pytest.mark.parametrize("request_line, code, reason", [
    ("GET /wait/700", 504, "GATEWAY_TIMEOUT"), ("GET /ignore/700", 504, "GATEWAY_TIMEOUT"), ("GET /offload/700", 504, "GATEWAY_TIMEOUT"),
    ("GET /nope", 404, "NOT_FOUND"), ("PUT /wait/1", 405, "METHOD_NOT_ALLOWED"), ("GET /wait/soon", 400, "CODEC"),
    ("GET /fail", 422, "UNPROCESSABLE"), ("POST /throw", 500, "UNKNOWN")])
def test_all_errors_are_in_the_envelope(start, tmp_path, request_line, code, reason):
    envelope = 'envelope: {error: \'{"code":$code,"msg":$message,"why":$reason}\', error_status: 200}'
    slow = Service(start, tmp_path, program="slow_service", http_timeout="0.3s" if code == 504 else "10s", http=envelope)
    status, headers, body = http(slow.http, request_line)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (parsed(body)["code"], parsed(body)["why"]) == (code, reason)


def test_errors_map_to_both_transports(slow):
    status, _, body = http(slow.http, "GET /fail")
    assert status == 422 and body == b'{"code":422,"reason":"UNPROCESSABLE","message":"cannot be","metadata":{"id":"7"}}'
    assert grpc_call(slow.grpc, "/slow.v1.Slow/Fail") == ("UNKNOWN", "cannot be")
    got = metrics(slow.http)
    assert got['server_requests_code_total{kind="http",operation="/slow.v1.Slow/Fail",code="422",reason="UNPROCESSABLE"}'] == 1
    assert got['server_requests_code_total{kind="grpc",operation="/slow.v1.Slow/Fail",code="422",reason="UNPROCESSABLE"}'] == 1


def test_exceptions_are_recovered(slow):
    status, _, body = http(slow.http, b"POST /throw HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    assert status == 500 and parsed(body) == error_body(500, "UNKNOWN", "unknown request error")
    assert grpc_call(slow.grpc, "/slow.v1.Slow/Throw") == ("INTERNAL", "unknown request error")
    assert metrics(slow.http)['server_requests_code_total{kind="http",operation="/slow.v1.Slow/Throw",code="500",reason="UNKNOWN"}'] == 1
    slow.wait_for_log("boom: a secret")
    assert re.search(r"ERROR ts=\S+ service.id=id-1 service.name=slow service.version=1.2.3 msg=.*boom", slow.log())


def test_access_log_lines_are_kratos(slow):
    http(slow.http, "GET /wait/7")
    http(slow.http, "GET /fail")
    grpc_call(slow.grpc, "/slow.v1.Slow/Wait", wait_request(7))
    slow.wait_for_log("component=grpc")
    lines = [re.sub(r"ts=\S+", "ts=T", re.sub(r"latency=\S+", "latency=L", line)) for line in slow.log().splitlines() if "kind=server" in line]
    begin = "ts=T service.id=id-1 service.name=slow service.version=1.2.3 kind=server component="
    assert lines == [f"INFO {begin}http operation=/slow.v1.Slow/Wait args=milliseconds: 7 code=200 reason= stack= latency=L",
                     f"ERROR {begin}http operation=/slow.v1.Slow/Fail args= code=422 reason=UNPROCESSABLE stack=error: code = 422 reason = UNPROCESSABLE "
                     "message = cannot be metadata = map[id:7] cause = <nil> latency=L",
                     f"INFO {begin}grpc operation=/slow.v1.Slow/Wait args=milliseconds: 7 code=200 reason= stack= latency=L"]


def test_the_log_masks_what_it_is_told(start, tmp_path):
    service = Service(start, tmp_path, program="slow_service", extra="log:\n  mask: [args, reason]\n")
    http(service.http, "GET /fail")
    service.wait_for_log("operation=/slow.v1.Slow/Fail args=*** code=422 reason=*** stack=error")


def test_the_log_masks_values_that_it_is_told(start, tmp_path):
    service = Service(start, tmp_path, program="slow_service", extra="log:\n  mask_values: [UNPROCESSABLE]\n")
    http(service.http, "GET /fail")
    service.wait_for_log("operation=/slow.v1.Slow/Fail args= code=422 reason=*** stack=error")


def test_decode_errors_are_counted(slow):
    status, _, body = http(slow.http, "GET /wait/soon")
    assert status == 400 and parsed(body)["reason"] == "CODEC"
    assert metrics(slow.http)['server_requests_code_total{kind="http",operation="/slow.v1.Slow/Wait",code="400",reason="CODEC"}'] == 1


def test_decode_errors_over_grpc_are_logged_and_counted(slow):
    """Unary, and a call whose replies alone are a stream."""
    for method in "Wait", "Count":
        assert grpc_call(slow.grpc, f"/slow.v1.Slow/{method}", b"\xff\xff\xff")[0] == "INTERNAL"
        slow.wait_for_log(f"component=grpc operation=/slow.v1.Slow/{method} args= code=500 reason=CODEC")
        assert metrics(slow.http)[f'server_requests_code_total{{kind="grpc",operation="/slow.v1.Slow/{method}",code="500",reason="CODEC"}}'] == 1


def test_calls_of_unknown_methods_are_counted(slow):
    assert grpc_call(slow.grpc, "/slow.v1.Slow/None") == ("UNIMPLEMENTED", "unknown method None for service slow.v1.Slow")
    assert grpc_call(slow.grpc, "/none.v1.None/None")[0] == "UNIMPLEMENTED"
    assert metrics(slow.http)['server_requests_code_total{kind="grpc",operation="",code="501",reason=""}'] == 2


def test_users_middleware_runs(slow):
    assert http(slow.http, "GET /wait/1")[1]["x-operation"] == "/slow.v1.Slow/Wait"


def test_calls_in_flight_end_before_the_program(start, tmp_path):
    slow = Service(start, tmp_path, program="slow_service", http_timeout="0s", grpc_timeout="0s")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(http(slow.http, "GET /wait/500")[0]))
    thread.start()
    time.sleep(0.15)
    slow.process.send_signal(signal.SIGTERM)
    slow.wait_for_log("[HTTP] server stopping")
    time.sleep(0.05)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", slow.http), 1)
    thread.join()
    assert answers == [200]
    assert slow.process.wait(5) == 0
    assert slow.messages() == ["before start", f"[HTTP] server listening on: 127.0.0.1:{slow.http}",
                               f"[gRPC] server listening on: 127.0.0.1:{slow.grpc}", "after start", "before stop", "[HTTP] server stopping",
                               "[gRPC] server stopping", "after stop"]


def test_stop_timeout_forces(start, tmp_path):
    slow = Service(start, tmp_path, program="slow_service", http_timeout="0s", extra="runtime: {stop_timeout: 0.2s}\n")
    with socket.create_connection(("127.0.0.1", slow.http), 5) as connection:
        connection.sendall(b"GET /wait/60000 HTTP/1.1\r\nHost: t\r\n\r\n")
        time.sleep(0.1)
        begin = time.monotonic()
        slow.process.send_signal(signal.SIGTERM)
        assert slow.process.wait(5) == 0
        assert time.monotonic() - begin < 2
    assert "[HTTP] server couldn't stop gracefully in time, doing force stop" in slow.messages()


def test_a_second_signal_forces(start, tmp_path):
    slow = Service(start, tmp_path, program="slow_service", http_timeout="0s")
    with socket.create_connection(("127.0.0.1", slow.http), 5) as connection:
        connection.sendall(b"GET /wait/60000 HTTP/1.1\r\nHost: t\r\n\r\n")
        time.sleep(0.1)
        slow.process.send_signal(signal.SIGTERM)
        slow.wait_for_log("[HTTP] server stopping")
        slow.process.send_signal(signal.SIGTERM)
        assert slow.process.wait(5) == 1
    assert "a second signal: ending at once, calls in flight are lost" in slow.messages()


@pytest.mark.parametrize("how, message", [("error", "slow: no database (start it)"),
                                          ("throw", "slow: wiring the service threw: thrown while wiring")])
def test_failed_wiring_ends_with_one_line(tmp_path, how, message):
    (tmp_path / "c.yaml").write_text(f"server: {{http: {{addr: '127.0.0.1:{conftest.free_port()}'}}}}\nfail_wiring: {how}\n")
    assert run("slow_service", "-conf", tmp_path) == (1, "", message + "\n")
