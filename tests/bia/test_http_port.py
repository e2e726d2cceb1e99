"""What server.http does beyond routes: compression, ETags, and refusals counted by reason. curl and raw sockets."""
import gzip
import re
import socket
import subprocess
import time
import zlib

import pytest

import conftest
import service as slow_service

LONG = "x" * 2000


class Service:
    def __init__(self, start, folder, *lines):
        self.port, self.grpc = conftest.free_port(), conftest.free_port()
        config = folder / "config.yaml"
        config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{self.port}\n" + "".join(f"    {line}\n" for line in lines) +
                          f"  grpc:\n    addr: 127.0.0.1:{self.grpc}\n    connections_max: 1\n    message_bytes_max: 1000\nruntime:\n  threads: 1\n")
        self.log = folder / "log"
        with open(self.log, "w") as log:
            start([conftest.BIN / "helloworld", "-conf", config], port=self.port, stdout=subprocess.DEVNULL, stderr=log)

    def curl(self, path, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", "10", *arguments, f"http://127.0.0.1:{self.port}{path}"], capture_output=True, timeout=20).stdout

    def raw(self, data, port=None):
        with socket.create_connection(("127.0.0.1", port or self.port), 10) as client:
            client.sendall(data)
            client.settimeout(10)
            received = b""
            try:
                while chunk := client.recv(65536):
                    received += chunk
            except OSError:
                pass
            return received

    def metrics(self):
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in self.curl("/metrics").decode().splitlines() if line and not line.startswith("#"))}


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_answers_are_compressed_as_accepted(start, tmp_path, version):
    service = Service(start, tmp_path, "compression: {}", "request_line_bytes_max: 10000")
    expected = b'{"message":"Hello ' + LONG.encode() + b'"}'

    def ask(accept):
        head, body = service.curl(f"/helloworld/{LONG}", version, "-i", "-H", f"Accept-Encoding: {accept}").split(b"\r\n\r\n", 1)
        coding = next((line.split(b": ")[1].decode() for line in head.split(b"\r\n") if line.lower().startswith(b"content-encoding:")), "")
        return coding, body

    coding, body = ask("gzip")
    assert (coding, gzip.decompress(body)) == ("gzip", expected)
    coding, body = ask("deflate, gzip;q=0.5")
    assert (coding, zlib.decompress(body)) == ("deflate", expected)
    assert ask("br;q=0.9, zstd;q=0.8")[0] == "br"
    assert ask("br;q=0.8, zstd;q=0.9")[0] == "zstd"
    assert ask("gzip;q=0") == ("", expected)
    # What curl itself can take, and reads.
    assert service.curl(f"/helloworld/{LONG}", version, "--compressed") == expected
    assert service.curl("/helloworld/a", version, "-i", "-H", "Accept-Encoding: gzip").endswith(b'{"message":"Hello a"}'), "too short to gain"


def test_etags(start, tmp_path):
    service = Service(start, tmp_path, "etag: true")
    head = service.curl("/helloworld/a", "-i").decode()
    etag = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("etag:"))
    for version in "--http1.1", "--http2-prior-knowledge":
        assert service.curl("/helloworld/a", version, "-H", f"If-None-Match: {etag}", "-w", "%{http_code}") == b"304"
        assert service.curl("/helloworld/b", version, "-H", f"If-None-Match: {etag}", "-w", "%{http_code}").endswith(b"200")


def test_refusals_are_counted_by_reason(start, tmp_path):
    service = Service(start, tmp_path, "body_bytes_max: 100")
    head = b"POST /helloworld/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
    for data, status, reason in ((b"GET / HTTP/1.1\r\n\r\n", b"400", "BAD_HOST"),
                                 (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", b"505", "BAD_VERSION"),
                                 (head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400", "AMBIGUOUS_LENGTH"),
                                 (b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", b"400", "BAD_HEADER"),
                                 (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", b"414", "REQUEST_LINE_TOO_LONG"),
                                 (head + b"Content-Length: 101\r\n\r\n", b"413", "BODY_TOO_LARGE")):
        name = f'http_server_bad_requests_total{{reason="{reason}"}}'
        before = service.metrics()[name]
        assert service.raw(data).split(b" ")[1] == status, reason
        assert service.metrics()[name] == before + 1, reason
        # Logged with whose it was, and nothing of what it sent.
        conftest.wait_until(lambda: re.search(rf"msg=\[HTTP\] refused a request of 127.0.0.1:\d+: {reason} \({status.decode()}\)", service.log.read_text()), reason)
    assert "aaaa" not in service.log.read_text()
    # HTTP/2: a connection's errors by their names.
    name = 'http2_server_connections_ended_total{server="http",reason="PROTOCOL_ERROR"}'
    before = service.metrics().get(name, 0)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    service.raw(preface + bytes([0, 0, 1, 0, 0, 0, 0, 0, 0, 1]))  # DATA on stream 0
    assert service.metrics()[name] == before + 1
    conftest.wait_until(lambda: re.search(r"msg=\[HTTP\] refused a connection of 127.0.0.1:\d+: PROTOCOL_ERROR", service.log.read_text()), "no line of the connection")


def test_one_that_is_refused_without_end_does_not_fill_the_log(start, tmp_path):
    service = Service(start, tmp_path)
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", service.port), 10):
        for _ in range(300):
            service.raw(b"GET / HTTP/1.1\r\n\r\n")
    seconds = time.monotonic() - begin
    assert service.metrics()['http_server_bad_requests_total{reason="BAD_HOST"}'] == 300
    time.sleep(1.1)
    service.raw(b"GET / HTTP/1.1\r\n\r\n")
    conftest.wait_until(lambda: " more of this thread since the last line" in service.log.read_text(), "the rest is not counted")
    assert service.log.read_text().count("refused a request") <= 10 * (seconds + 3)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_a_body_that_waits_for_100_and_is_not_wanted(start, tmp_path, version):
    """curl takes a stream that is reset before its body was sent for a failure."""
    service = Service(start, tmp_path)
    said = service.curl("/helloworld/a", version, "-w", "%{http_code}", "-H", "Expect: 100-continue", "-d", "body")
    assert said.endswith(b"405") and b"METHOD_NOT_ALLOWED" in said


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_coded_requests_are_unpacked(start, tmp_path, version):
    """POST /throw: 500 once its body was read, as the handler throws."""
    service = slow_service.Service(start, tmp_path, program="slow_service", http="decompression: true\n    body_bytes_max: 3000")

    def post(coding, data):
        done = subprocess.run(["curl", "-sS", "--max-time", "10", version, "-H", f"Content-Encoding: {coding}", "-H", "Content-Type: application/json", "--data-binary", "@-",
                               "-i", f"http://127.0.0.1:{service.http}/throw"], input=data, capture_output=True, timeout=20)
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        return int(head.split()[1]), head.lower(), body
    body = b'{"milliseconds":1}'
    assert post("gzip", gzip.compress(body))[0] == 500
    assert post("deflate", zlib.compress(body))[0] == 500
    assert post("deflate, gzip", gzip.compress(zlib.compress(body)))[0] == 500
    status, _, said = post("gzip", body)
    assert status == 400 and "BAD_ENCODING" in said
    status, _, said = post("gzip", gzip.compress(b" " * 3001))
    assert status == 413 and "BODY_TOO_LARGE" in said
    status, head, said = post("compress", body)
    assert status == 415 and "UNSUPPORTED_ENCODING" in said and "accept-encoding: gzip, deflate, br, zstd" in head
    counted = slow_service.metrics(service.http)
    for code, reason in ((400, "BAD_ENCODING"), (413, "BODY_TOO_LARGE"), (415, "UNSUPPORTED_ENCODING")):
        assert any(f'code="{code}"' in name and f'reason="{reason}"' in name and value == 1 for name, value in counted.items()), counted


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_an_operation_may_take_longer_bodies_than_the_rest(start, tmp_path, version):
    """POST /throw: 500 once its body was read, as the handler throws."""
    service = slow_service.Service(start, tmp_path, program="slow_service",
                                   http="body_bytes_max: 1000\n    decompression: true\n    operations: {/slow.v1.Slow/Throw: {body_bytes_max: 200000}}")

    def post(size, *headers, path="/throw"):
        data = b'{"milliseconds":1}'.ljust(size)
        data = gzip.compress(data) if headers else data
        done = subprocess.run(["curl", "-sS", "--max-time", "10", version, *(part for header in headers for part in ("-H", header)), "-H", "Content-Type: application/json",
                               "-H", "Expect:", "--data-binary", "@-", "-i", f"http://127.0.0.1:{service.http}{path}"], input=data, capture_output=True, timeout=20)
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        return int(head.split()[1]), body
    assert post(200_000)[0] == 500
    status, said = post(200_001)
    assert status == 413 and "BODY_TOO_LARGE" in said
    assert post(200_000, "Content-Encoding: gzip")[0] == 500
    status, said = post(200_001, "Content-Encoding: gzip")
    assert status == 413 and "longer than the 200000 bytes that this operation takes" in said
    assert post(1001, path="/none")[0] == 404


def test_grpcs_refusals_are_counted(start, tmp_path):
    service = Service(start, tmp_path)
    conftest.wait_for_port(service.grpc)
    full = 'grpc_server_connections_refused_total{reason="full"}'
    with socket.create_connection(("127.0.0.1", service.grpc), 10) as first:
        first.recv(100)
        before = service.metrics()[full]
        assert service.raw(b"", service.grpc) == b""
        assert service.metrics()[full] == before + 1
    large = (bytes([0]) + (1001).to_bytes(4, "big") + b"x" * 1001)
    call = ["curl", "-sS", "--max-time", "10", "--http2-prior-knowledge", "-H", "Content-Type: application/grpc", "-H", "TE: trailers", "--data-binary", "@-", "-o", "/dev/null"]
    for method, message, counter in (("SayHello", large, 'grpc_server_messages_refused_total{reason="too_large"}'),
                                     ("SayNothing", b"\0" * 5, 'grpc_server_calls_refused_total{reason="unknown_method"}')):
        for _ in range(20):  # The first connection may not be gone yet.
            subprocess.run([*call, f"http://127.0.0.1:{service.grpc}/helloworld.v1.Greeter/{method}"], input=message, timeout=20, capture_output=True)
            if service.metrics()[counter] >= 1:
                break
        else:
            raise AssertionError(f"{counter} counted nothing")
    assert "refused a call of 127.0.0.1:" in service.log.read_text()
