"""gRPC over TLS and on the HTTP port, against other people's programs: grpcurl (grpc-go), Python's grpcio, openssl, curl."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

import conftest
import nginx
from certificates import Authority

GRPCURL = shutil.which("grpcurl") or shutil.which("grpcurl", path=str(pathlib.Path.home() / "go/bin"))
CLIENT = pathlib.Path(__file__).with_name("grpc_client.py")
SAY_HELLO = "/helloworld.v1.Greeter/SayHello"
ANN = "0a03616e6e"  # HelloRequest{name: "ann"}
HELLO_ANN = "0a0948656c6c6f20616e6e"  # HelloReply{message: "Hello ann"}

needs_grpcurl = pytest.mark.skipif(GRPCURL is None, reason="grpcurl is not installed (scripts/setup test)")


class Service:
    """helloworld with the given sections of server.http and server.grpc (lists of lines)."""

    def __init__(self, start, folder, http=(), grpc=None, http_tls=False, grpc_tls=False, tls_more=()):
        self.folder = folder
        self.authority = Authority(folder)
        self.certificate, self.key = self.authority.issue("server")
        self.http, self.grpc = conftest.free_port(), conftest.free_port()
        tls = ["tls:"] + [f"  {line}" for line in (f"cert: {self.certificate}", f"key: {self.key}", *tls_more)]

        def section(name, port, lines, secure):
            lines = [f"addr: 127.0.0.1:{port}", *lines, *(tls if secure else [])]
            return f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)

        text = "server:\n" + section("http", self.http, http, http_tls)
        if grpc is not None:
            text += section("grpc", self.grpc, grpc, grpc_tls)
        self.config = folder / "config.yaml"
        self.config.write_text(text)
        self.log = open(folder / "log", "w")
        self.process = start([conftest.BIN / "helloworld", "-conf", self.config], port=self.http, stdout=self.log, stderr=self.log)
        if grpc is not None:
            conftest.wait_for_port(self.grpc)

    def grpcurl(self, port, *arguments, data='{"name":"ann"}', method=SAY_HELLO[1:]):
        done = subprocess.run([GRPCURL, "-max-time", "10", *map(str, arguments), "-d", data, f"localhost:{port}", method],
                              capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def s_client(self, port, *arguments):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(self.authority.pem), *map(str, arguments)],
                              input="Q\n", capture_output=True, text=True, errors="replace", timeout=20)
        return done.stdout + done.stderr

    def curl(self, url, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", "10", "--cacert", str(self.authority.pem), *map(str, arguments), url],
                              capture_output=True, text=True, timeout=20).stdout

    def metric(self, name):
        return next((float(line.rsplit(" ", 1)[1]) for line in self.curl(f"http://127.0.0.1:{self.http}/metrics").splitlines()
                     if line.startswith(name)), None)


def grpcio(*arguments):
    done = subprocess.run(["/usr/bin/python3", CLIENT, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "GRPC_VERBOSITY": "NONE"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_grpcurl
def test_grpc_go_and_grpcio_call_over_tls(start, tmp_path):
    service = Service(start, tmp_path, grpc=[], grpc_tls=True)
    assert '"message": "Hello ann"' in service.grpcurl(service.grpc, "-cacert", service.authority.pem)
    assert "certificate signed by unknown authority" in service.grpcurl(service.grpc)
    assert grpcio("tls", f"localhost:{service.grpc}", SAY_HELLO, ANN, service.authority.pem) == ["OK", HELLO_ANN]
    # Who speaks no TLS, and who negotiates nothing, is refused and counted.
    assert "Hello" not in service.grpcurl(service.grpc, "-plaintext")
    assert "ALPN protocol: h2" in service.s_client(service.grpc, "-alpn", "h2")
    assert "No ALPN negotiated" in service.s_client(service.grpc)
    assert "alert no application protocol" in service.s_client(service.grpc, "-alpn", "http/1.1")
    refused = 'grpc_server_connections_refused_total{reason="%s"}'
    assert service.metric(refused % "tls") >= 3
    assert service.metric(refused % "no_h2") >= 1


@needs_grpcurl
def test_client_certificates(start, tmp_path):
    service = Service(start, tmp_path, grpc=[], grpc_tls=True, tls_more=[f"client_ca: {tmp_path / 'ca.pem'}"])
    certificate, key = service.authority.issue("alice", "alice", "DNS:alice.example")
    trust = ("-cacert", service.authority.pem)
    assert '"message": "Hello ann"' in service.grpcurl(service.grpc, *trust, "-cert", certificate, "-key", key)
    assert "Hello" not in service.grpcurl(service.grpc, *trust)
    answer = grpcio("tls", f"localhost:{service.grpc}", SAY_HELLO, ANN, service.authority.pem, certificate, key)
    assert answer == ["OK", HELLO_ANN]
    assert grpcio("tls", f"localhost:{service.grpc}", SAY_HELLO, ANN, service.authority.pem)[0] == "UNAVAILABLE"


def test_certificates_are_reloaded(start, tmp_path):
    service = Service(start, tmp_path, grpc=[], grpc_tls=True)
    assert "CN = localhost" in service.s_client(service.grpc, "-alpn", "h2")
    service.authority.issue("server", "the new one")
    end = time.monotonic() + 20
    while "CN = the new one" not in service.s_client(service.grpc, "-alpn", "h2"):
        assert time.monotonic() < end, "the new certificate is not served"
        time.sleep(0.1)
    assert "[gRPC] certificates loaded again" in (tmp_path / "log").read_text()


def one_port(service, scheme, plain):
    url = f"{scheme}://localhost:{service.http}/helloworld/ann"
    h2 = ["--http2-prior-knowledge"] if scheme == "http" else ["--http2"]
    assert service.curl(url, "--http1.1", "-w", "%{http_version}") == '{"message":"Hello ann"}1.1'
    assert service.curl(url, *h2, "-w", "%{http_version}") == '{"message":"Hello ann"}2'
    assert '"message": "Hello ann"' in service.grpcurl(service.http, *plain)
    listed = subprocess.run([GRPCURL, *map(str, plain), f"localhost:{service.http}", "list"], capture_output=True, text=True, timeout=30).stdout
    assert "helloworld.v1.Greeter" in listed and "grpc.health.v1.Health" in listed
    assert '"status": "SERVING"' in service.grpcurl(service.http, *plain, data="{}", method="grpc.health.v1.Health/Check")


@needs_grpcurl
def test_one_port_for_all_in_cleartext(start, tmp_path):
    service = Service(start, tmp_path, http=["grpc: true"])
    one_port(service, "http", ["-plaintext"])
    assert grpcio("time", f"localhost:{service.http}", SAY_HELLO, ANN, 1)[0]["status"] == "OK"
    assert service.metric("grpc_server_calls_succeeded_total") >= 2
    # An unknown method is gRPC's to refuse.
    assert grpcio("time", f"localhost:{service.http}", "/no.Such/Method", ANN, 1)[0]["status"] == "UNIMPLEMENTED"
    log = (tmp_path / "log").read_text()
    assert "[HTTP] server listening" in log and "[gRPC] server listening" not in log


@needs_grpcurl
def test_one_port_for_all_over_tls(start, tmp_path):
    service = Service(start, tmp_path, http=["grpc: true"], http_tls=True)
    one_port(service, "https", ["-cacert", service.authority.pem])
    assert grpcio("tls", f"localhost:{service.http}", SAY_HELLO, ANN, service.authority.pem) == ["OK", HELLO_ANN]


@needs_grpcurl
def test_the_shared_port_and_grpcs_own(start, tmp_path):
    service = Service(start, tmp_path, http=["grpc: true"], grpc=["message_bytes_max: 100"])
    for port in service.http, service.grpc:
        assert '"message": "Hello ann"' in service.grpcurl(port, "-plaintext")
        assert "ResourceExhausted" in service.grpcurl(port, "-plaintext", data='{"name":"%s"}' % ("a" * 200))


def test_tls_of_a_port_that_is_not_there_is_refused(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("server:\n  http:\n    addr: 127.0.0.1:0\n    grpc: true\n  grpc:\n    tls:\n      cert: a.pem\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "server.grpc.tls without server.grpc.addr" in done.stderr


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (scripts/setup test)")
@pytest.mark.parametrize("secure", [False, True], ids=["cleartext", "tls"])
def test_nginx_in_front(start, tmp_path, secure):
    """nginx takes gRPC from grpcio and passes it on, one call a connection or many."""
    service = Service(start, tmp_path, grpc=[], grpc_tls=secure)
    tls = f"grpc_ssl_trusted_certificate {service.authority.pem}; grpc_ssl_verify on; grpc_ssl_name localhost; grpc_ssl_server_name on;" if secure else ""
    front = nginx.in_front_of(service.grpc, start, tmp_path, f"grpc_pass {'grpcs' if secure else 'grpc'}://bia; {tls}", listen="http2")
    before = service.metric("grpc_server_connections_total")
    done = subprocess.run(["/usr/bin/python3", "-c", MANY_CALLS, f"127.0.0.1:{front}", SAY_HELLO], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "GRPC_VERBOSITY": "NONE"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["50", "UNIMPLEMENTED", "DEADLINE_EXCEEDED"], done.stdout
    assert service.metric("grpc_server_connections_total") - before <= 6, "nginx keeps its connections to us"
    assert service.metric("grpc_server_calls_succeeded_total") >= 50


MANY_CALLS = """
import sys, grpc
channel = grpc.insecure_channel(sys.argv[1])
call = channel.unary_unary(sys.argv[2])
print(sum(call(b"\\x0a\\x03ann", timeout=20) == b"\\x0a\\x09Hello ann" for _ in range(50)))
for path, timeout in (("/helloworld.v1.Greeter/Nope", 20), ("/grpc.health.v1.Health/Watch", 0.3)):
    try:
        list(channel.unary_stream(path)(b"", timeout=timeout))
    except grpc.RpcError as error:
        print(error.code().name)
"""
