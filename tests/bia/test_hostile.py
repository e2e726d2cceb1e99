"""What an open port gets from strangers, by raw bytes: status, end of the connection, reason in /metrics, and one good request after each."""
import re
import socket
import struct
import time

import pytest

from service import Service, http, metrics

HOST = b"Host: a\r\n"
GET = b"GET /helloworld/x HTTP/1.1\r\n"
POST = b"POST /helloworld HTTP/1.1\r\n"
CHUNKED = POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def served(start, tmp_path):
    return Service(start, tmp_path, extra="runtime: {threads: 1}\n", http="header_timeout: 1s")


def talk(port, data, wait=5.0):
    """What came until the server ended the connection, or nothing more came; and whether it ended."""
    received, ended = b"", False
    with socket.create_connection(("127.0.0.1", port), wait) as client:
        client.settimeout(wait)
        try:
            client.sendall(data)
            while chunk := client.recv(65536):
                received += chunk
            ended = True
        except TimeoutError:
            pass
        except OSError:
            ended = True
    return received, ended


# Each is refused with this status, counted by this reason, and ends its connection.
REFUSED = {
    "both lengths": (POST + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "AMBIGUOUS_LENGTH"),
    "two lengths": (POST + HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "BAD_CONTENT_LENGTH"),
    "a list of lengths": (POST + HOST + b"Content-Length: 2, 2\r\n\r\n{}", 400, "BAD_CONTENT_LENGTH"),
    "a signed length": (POST + HOST + b"Content-Length: +2\r\n\r\n{}", 400, "BAD_CONTENT_LENGTH"),
    "an endless length": (POST + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400, "BAD_CONTENT_LENGTH"),
    "a large body": (POST + HOST + b"Content-Length: 17000000\r\nExpect: 100-continue\r\n\r\n", 413, "BODY_TOO_LARGE"),
    "chunked twice": (POST + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "BAD_TRANSFER_ENCODING"),
    "chunked and identity": (POST + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501, "BAD_TRANSFER_ENCODING"),
    "a hidden chunked": (POST + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, "BAD_HEADER"),
    "space before a colon": (POST + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "BAD_HEADER"),
    "a folded line": (GET + HOST + b"X: a\r\n b\r\n\r\n", 400, "BAD_HEADER"),
    "a bare line feed": (GET + b"Host: a\nX: b\r\n\r\n", 400, "BAD_HEADER"),
    "a bare carriage return": (GET + HOST + b"X: a\rb\r\n\r\n", 400, "BAD_HEADER"),
    "a NUL": (GET + HOST + b"X: a\0b\r\n\r\n", 400, "BAD_HEADER"),
    "no host": (GET + b"\r\n", 400, "BAD_HOST"),
    "two hosts": (GET + HOST + HOST + b"\r\n", 400, "BAD_HOST"),
    "a user in a URL": (b"GET http://u@a/helloworld/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "BAD_TARGET"),
    "a version of 0.9": (b"GET /helloworld/x\r\n\r\n", 400, "BAD_REQUEST_LINE"),
    "a version of 2.0": (b"GET /helloworld/x HTTP/2.0\r\n" + HOST + b"\r\n", 505, "BAD_VERSION"),
    "a hundred empty lines": (b"\r\n" * 100 + GET + HOST + b"\r\n", 400, "BAD_REQUEST_LINE"),
    "100,000 fields": (GET + HOST + b"".join(b"X%d: a\r\n" % i for i in range(100_000)) + b"\r\n", 431, "TOO_MANY_HEADERS"),
    "a field without end": (GET + HOST + b"X: " + b"a" * 3_000_000, 431, "HEADERS_TOO_LARGE"),
    "a line without end": (b"GET /" + b"a" * 9000, 414, "REQUEST_LINE_TOO_LONG"),
    "another expectation": (POST + HOST + b"Content-Length: 2\r\nExpect: 200-ok\r\n\r\n{}", 417, "BAD_EXPECT"),
    "a slow head": (b"GET /hello", 408, "REQUEST_TIMEOUT"),
    "a TLS handshake": (bytes.fromhex("16030100a5010000a10303") + b"x" * 200, 400, "BAD_REQUEST_LINE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_request_is_refused_and_counted(served, name):
    data, status, reason = REFUSED[name]
    counter = f'http_server_bad_requests_total{{reason="{reason}"}}'
    before = metrics(served.http)[counter]
    received, ended = talk(served.http, data)
    # A close with bytes unread may overtake the answer.
    assert ended and (not received or re.findall(rb"HTTP/1.1 (\d+) ", received) == [b"%d" % status]), received
    assert metrics(served.http)[counter] == before + 1
    assert http(served.http, "GET /helloworld/x")[0] == 200


# The route is not there: 404 before the body is read, which then is no chunked one.
CHUNKS = {
    "a size of 0x2": b"0x2\r\n{}\r\n0\r\n\r\n", "a size of -1": b"-1\r\n{}\r\n0\r\n\r\n", "an endless size": b"f" * 17 + b"\r\n",
    "a line feed in an extension": b"2;a=b\n{}\r\n0\r\n\r\n", "a carriage return in an extension": b"2;a=\rb\r\n{}\r\n0\r\n\r\n",
    "long extensions": b"".join(b"1;" + b"x" * 200 + b"\r\n \r\n" for _ in range(1000)), "more than its size": b"2\r\n{}}\r\n0\r\n\r\n",
    "a trailer without colon": b"2\r\n{}\r\n0\r\nbad\r\n\r\n", "a trailer with a bare line feed": b"2\r\n{}\r\n0\r\na: b\nc: d\r\n\r\n",
    "100,000 trailers": b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 100_000,
}


@pytest.mark.parametrize("name", CHUNKS)
def test_bytes_behind_a_bad_chunk_are_no_request(served, name):
    received, ended = talk(served.http, CHUNKED + CHUNKS[name] + GET + HOST + b"\r\n")
    assert ended and b"Hello" not in received and len(re.findall(rb"HTTP/1.1 ", received)) <= 1, received


def test_an_answer_before_the_body(served):
    none = b"POST /none HTTP/1.1\r\n" + HOST
    # Short and here: it is skipped, and the next request served.
    received, ended = talk(served.http, none + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000 + GET + HOST + b"\r\n", 1)
    assert not ended and re.findall(rb"HTTP/1.1 (\d+) ", received) == [b"404", b"200"]
    # Refused before it is sent, or too long to skip: the connection ends.
    for head in b"Content-Length: 200\r\nExpect: 100-continue\r\n\r\n", b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000:
        received, ended = talk(served.http, none + head)
        assert ended and re.findall(rb"HTTP/1.1 (\d+) ", received) in ([b"404"], []), received


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(method=b"GET", path=b"/helloworld/x", authority=b"a", more=b""):
    return field(b":method", method) + field(b":scheme", b"http") + field(b":path", path) + field(b":authority", authority) + more


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)


def frames(received):
    while len(received) >= 9:
        size = int.from_bytes(received[:3], "big")
        yield received[3], int.from_bytes(received[5:9], "big"), received[9:9 + size]
        received = received[9 + size:]


def test_http2_heads_are_held_to_what_http1_holds(served):
    def answer(**parts):
        received, _ = talk(served.http, PREFACE + frame(1, 5, 1, head(**parts)), 0.5)
        return [payload for kind, _, payload in frames(received) if kind in (1, 3)][0]
    ok = answer()
    assert ok[:1] == b"\x88"
    for bad in ({"path": b"*"}, {"authority": b"a b"}, {"more": field(b"host", b"b")}, {"method": b"GET /x"}):
        assert b"400" in answer(**bad), bad
    # PROTOCOL_ERROR on the stream alone.
    for bad in field(b"X", b"a"), field(b"connection", b"close"), field(b"transfer-encoding", b"chunked"), field(b"x", b"a\r\nb: c"), field(b"x:y", b"a"):
        assert answer(more=bad) == b"\0\0\0\1", bad


@pytest.mark.parametrize("section", ["http", "grpc"])
def test_http2s_limits_are_the_configured_ones(start, tmp_path, section):
    limits = "{settings: 5, settings_per_second: 0, pings: 5, pings_per_second: 0, empty_data: 5, empty_data_per_second: 0, continuations: 2, resets: 5, resets_per_second: 0}"
    service = Service(start, tmp_path, http=f"http2: {limits}")
    text = service.config.read_text().replace("  grpc:\n", f"  grpc:\n    http2: {limits}\n    keepalive: {{min_time: 0s}}\n")
    service.process.terminate()
    service.process.wait(10)
    service.config.write_text(text)
    service.process = start([service.process.args[0], "-conf", service.config], port=service.grpc)
    port = service.http if section == "http" else service.grpc
    post = frame(1, 4, 1, head(b"POST"))
    # Beside the first SETTINGS, which count.
    for reason, at, above in (("settings", frame(4, 0, 0) * 4, frame(4, 0, 0) * 5),
                              ("ping", frame(6, 0, 0, b"12345678") * 5, frame(6, 0, 0, b"12345678") * 6),
                              ("empty_data", post + frame(0, 0, 1) * 5, post + frame(0, 0, 1) * 6),
                              ("continuation", frame(1, 1, 1, head()) + frame(9, 0, 1, field(b"x", b"y")) + frame(9, 4, 1, field(b"x", b"y")),
                               frame(1, 1, 1, head()) + frame(9, 0, 1, field(b"x", b"y")) * 3)):
        counter = f'http2_server_connections_ended_total{{server="{section}",reason="{reason}"}}'
        assert not talk(port, PREFACE + at, 0.3)[1], reason
        assert metrics(service.http)[counter] == 0, reason
        received, ended = talk(port, PREFACE + above)
        goaway = [payload for kind, _, payload in frames(received) if kind == 7]
        assert ended and goaway and goaway[0][4:8] == b"\0\0\0\x0b", (reason, received)
        assert metrics(service.http)[counter] == 1, reason


@pytest.mark.parametrize("port", ["http", "grpc"])
def test_a_message_that_never_comes_is_given_up(start, tmp_path, port):
    served = Service(start, tmp_path, http="grpc: true")
    call = head(b"POST", b"/helloworld.v1.Greeter/SayHello", more=field(b"content-type", b"application/grpc") + field(b"te", b"trailers"))
    received, ended = talk(getattr(served, port), PREFACE + frame(1, 4, 1, call), 4)
    assert not ended and [stream for kind, stream, _ in frames(received) if kind == 1] == [1] and b"did not come in time" in received
    assert metrics(served.http)['grpc_server_messages_refused_total{reason="overdue"}'] == 1


def test_a_unary_calls_body_is_one_message(served):
    """Counted by reason and logged; the next call of the same connection is served."""
    def call(stream, body, more=b"", end=1):
        fields = head(b"POST", b"/helloworld.v1.Greeter/SayHello", more=field(b"content-type", b"application/grpc") + field(b"te", b"trailers") + more)
        return frame(1, 4, stream, fields) + frame(0, end, stream, body)
    message = b"\0\0\0\0\7\n\5world"
    for kind, reason, bad in (("messages", "missing", call(1, b"")), ("messages", "second", call(1, message * 2, end=0)),
                              ("messages", "truncated", call(1, message[:-1])), ("messages", "malformed", call(1, b"\2" + message[1:])),
                              ("calls", "bad_metadata", call(1, message, field(b"x-bin", b"no base64")))):
        received, ended = talk(served.grpc, PREFACE + bad + call(3, message), 0.5)
        answers = [(stream, payload) for kind_, stream, payload in frames(received) if kind_ == 1]
        assert not ended and answers[0][0] == 1 and b"grpc-status" in answers[0][1] and b"Hello world" in received, (reason, received)
        assert metrics(served.http)[f'grpc_server_{kind}_refused_total{{reason="{reason}"}}'] == 1, reason
        assert " of 127.0.0.1:" in served.log_file.read_text() and f": {reason}" in served.log_file.read_text(), reason


@pytest.mark.parametrize("data,answer", [
    (b"POST /throw HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n{", b"HTTP/1.1 408 "),
    (PREFACE + frame(1, 4, 1, head(b"POST", b"/throw")) + frame(0, 0, 1, b"{"), b"BODY_TIMEOUT")])
def test_a_body_that_stops_is_given_up(start, tmp_path, data, answer):
    served = Service(start, tmp_path, program="slow_service", http_timeout="0s", http="idle_timeout: 1s")
    assert answer in talk(served.http, data, 3)[0]
    assert metrics(served.http)['http_server_bad_requests_total{reason="BODY_TIMEOUT"}'] == 1


def test_ends_in_the_middle_harm_nobody(served):
    for _ in range(50):
        for piece in (b"GET /hel", GET + HOST, POST + HOST + b"Content-Length: 10\r\n\r\nabc", CHUNKED + b"5\r\nab", PREFACE[:20], PREFACE + frame(1, 4, 1, head(b"POST"))):
            client = socket.create_connection(("127.0.0.1", served.http), 5)
            client.sendall(piece)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
    assert http(served.http, "GET /helloworld/x")[0] == 200
    end = time.monotonic() + 10
    while metrics(served.http)["http_server_connections_open"] > 1:
        assert time.monotonic() < end, "connections stay open"
        time.sleep(0.05)
