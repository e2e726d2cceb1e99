"""The HTTP server over TLS, against other people's programs: curl, openssl, h2load, nginx."""
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest

import conftest
import nginx
from certificates import Authority, staple


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed (scripts/setup test)")


class Secure:
    """helloworld with server.http.tls; `extra` is lines of that section."""

    def __init__(self, start, folder, extra=(), environment=None):
        self.folder = folder
        self.authority = Authority(folder)
        self.certificate, self.key = self.authority.issue("server")
        self.port = conftest.free_port()
        self.config = folder / "config.yaml"
        lines = [f"cert: {self.certificate}", f"key: {self.key}", *extra]
        self.config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{self.port}\n    tls:\n" + "".join(f"      {line}\n" for line in lines))
        self.log = open(folder / "log", "w")
        self.process = start([conftest.BIN / "helloworld", "-conf", self.config], port=self.port, stdout=self.log, stderr=self.log, env=environment)

    def curl(self, path, *arguments, scheme="https"):
        """(standard output, exit code)"""
        done = subprocess.run(["curl", "-sS", "--max-time", "10", "--cacert", str(self.authority.pem), *map(str, arguments),
                               f"{scheme}://127.0.0.1:{self.port}{path}"], capture_output=True, text=True, timeout=20)
        return done.stdout, done.returncode

    def s_client(self, *arguments):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile", str(self.authority.pem), *map(str, arguments)],
                              input="Q\n", capture_output=True, text=True, errors="replace", timeout=20)
        return done.stdout + done.stderr

    def metric(self, name):
        body, _ = self.curl("/metrics")
        return next(float(line.rsplit(" ", 1)[1]) for line in body.splitlines() if line.startswith(name))


@pytest.fixture
def secure(start, tmp_path):
    return Secure(start, tmp_path)


def test_curl_chooses_the_protocol_by_alpn(secure):
    shown = "%{http_version} %{ssl_verify_result}"
    for flag, version in (("--http1.1", "1.1"), ("--http2", "2")):
        body, code = secure.curl("/helloworld/tls", flag, "-w", shown)
        assert (body, code) == ('{"message":"Hello tls"}' + f"{version} 0", 0)
    body, code = secure.curl("/helloworld/tls", scheme="http")
    assert body == "Client sent an HTTP request to an HTTPS server.\n"
    assert secure.metric('http_server_connections_refused_total{reason="tls"}') >= 1


def test_versions_and_resumption(secure):
    assert "alert protocol version" in secure.s_client("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
    assert "Verify return code: 0 (ok)" in secure.s_client("-tls1_2")
    session = secure.folder / "session"
    assert "New, TLSv1.2" in secure.s_client("-tls1_2", "-sess_out", session)
    assert "Reused, TLSv1.2" in secure.s_client("-tls1_2", "-sess_in", session)
    assert "ALPN protocol: h2" in secure.s_client("-alpn", "h2,http/1.1")


def test_client_certificates(start, tmp_path):
    secure = Secure(start, tmp_path, extra=[f"client_ca: {tmp_path / 'ca.pem'}"])
    certificate, key = secure.authority.issue("alice", "alice", "DNS:alice.example")
    assert secure.curl("/helloworld/a", "--cert", certificate, "--key", key) == ('{"message":"Hello a"}', 0)
    assert secure.curl("/helloworld/a")[1] != 0


def test_certificates_are_reloaded_and_connections_stay(secure):
    context = ssl.create_default_context(cafile=str(secure.authority.pem))
    kept = http.client.HTTPSConnection("localhost", secure.port, context=context, timeout=10)
    kept.request("GET", "/helloworld/kept")
    assert kept.getresponse().read() == b'{"message":"Hello kept"}'
    socket_before = kept.sock
    secure.authority.issue("server", "the new one")
    end = time.monotonic() + 20
    while "CN = the new one" not in secure.s_client():
        assert time.monotonic() < end, "the new certificate is not served"
        time.sleep(0.1)
    kept.request("GET", "/helloworld/kept")
    assert kept.getresponse().read() == b'{"message":"Hello kept"}' and kept.sock is socket_before
    # What cannot be loaded changes nothing.
    secure.certificate.write_text("no certificate")
    while "certificates not loaded, the last good ones stay" not in (secure.folder / "log").read_text():
        assert time.monotonic() < end, "the broken file is not reported"
        time.sleep(0.1)
    assert "CN = the new one" in secure.s_client()


def test_secrets_are_logged_where_asked(start, tmp_path):
    log = tmp_path / "secrets"
    secure = Secure(start, tmp_path, environment={"SSLKEYLOGFILE": str(log)})
    secure.curl("/helloworld/a")
    assert "CLIENT_TRAFFIC_SECRET_0 " in log.read_text()


def test_a_bad_certificate_ends_the_start_with_its_name(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:0\n    tls:\n      cert: {tmp_path}/none.pem\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"config.yaml:4: {tmp_path}/none.pem: No such file or directory" in done.stderr


def test_an_expired_certificate_is_warned_of(start, tmp_path):
    secure = Secure(start, tmp_path)
    assert "ran out" not in (tmp_path / "log").read_text()
    secure.authority.issue("server", expired=True)
    end = time.monotonic() + 20
    warning = f"[HTTP] the certificate {secure.certificate} ran out at 2021-01-01T00:00:00Z: clients refuse it; renew it"
    while warning not in (tmp_path / "log").read_text():
        assert time.monotonic() < end, (tmp_path / "log").read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("line, error", [
    ("ciphers: ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-NONE", "unknown cipher suite 'ECDHE-NONE'"),
    ("ciphers: TLS_AES_128_GCM_SHA256", "server.http.tls.ciphers has a suite of TLS 1.3; write it in cipher_suites"),
    ("cipher_suites: TLS_AES_128_GCM_SHA256:TLS_NONE", "unknown cipher suite 'TLS_NONE'"),
    ("key_log: /no/such/folder/log", "key log /no/such/folder/log: No such file or directory"),
    ("min_version: 1.4", 'server.http.tls.min_version "1.4" is none of 1.0, 1.1, 1.2, 1.3'),
])
def test_bad_values_end_the_start(tmp_path, line, error):
    certificate, key = Authority(tmp_path).issue("server")
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:0\n    tls:\n      cert: {certificate}\n      key: {key}\n      {line}\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and error in done.stderr and "config.yaml:" in done.stderr, done.stderr


def test_sessions_outlast_a_reload_on_every_thread(start, tmp_path):
    secure = Secure(start, tmp_path)
    for version in "-tls1_2", "-tls1_3":
        session = tmp_path / f"session{version}"
        # In TLS 1.3 the ticket comes after the handshake: an answer is waited for.
        with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{secure.port}", "-CAfile", secure.authority.pem, version, "-sess_out", session],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
            client.stdin.write(b"GET /helloworld/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            client.stdin.flush()
            assert b"Hello a" in client.stdout.read()
    secure.authority.issue("server", "the new one")
    end = time.monotonic() + 20
    while "CN = the new one" not in secure.s_client():
        assert time.monotonic() < end, "the new certificate is not served"
        time.sleep(0.1)
    for version, name in ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3"):
        for _ in range(6):  # the threads take turns
            assert f"Reused, {name}" in secure.s_client(version, "-sess_in", tmp_path / f"session{version}")


def test_certificates_by_name(start, tmp_path):
    authority = Authority(tmp_path)
    a, a_key = authority.issue("a", "a", "DNS:a.example")
    b, b_key = authority.issue("b", "b", "DNS:*.b.example")
    secure = Secure(start, tmp_path, extra=["certificates:", f"  a: {{cert: {a}, key: {a_key}}}", f"  b.example: {{cert: {b}, key: {b_key}}}"])
    for asked, subject in ("a.example", "a"), ("x.b.example", "b"), ("c.example", "localhost"):
        assert f"subject=CN = {subject}\n" in secure.s_client("-servername", asked)
    assert "subject=CN = localhost\n" in secure.s_client("-noservername")


def test_versions_and_ciphers_are_the_configured_ones(start, tmp_path):
    secure = Secure(start, tmp_path, extra=["max_version: 1.2", "ciphers: ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"])
    refused = 'http_server_connections_refused_total{reason="tls"}'
    before = secure.metric(refused)
    assert "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384" in secure.s_client("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    assert "alert handshake failure" in secure.s_client("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", "-tls1_2")
    assert "alert protocol version" in secure.s_client("-tls1_3")
    assert secure.metric(refused) == before + 2


def test_tls_1_3_alone_with_one_suite(start, tmp_path):
    secure = Secure(start, tmp_path, extra=["min_version: 1.3", "cipher_suites: TLS_CHACHA20_POLY1305_SHA256"])
    assert "New, TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256" in secure.s_client()
    assert "alert protocol version" in secure.s_client("-tls1_2")
    assert "alert handshake failure" in secure.s_client("-ciphersuites", "TLS_AES_128_GCM_SHA256")


def test_ocsp_responses_are_stapled_and_reloaded(start, tmp_path):
    class Stapling(Secure):
        def __init__(self):
            self.authority = Authority(tmp_path)
            self.certificate, self.key = self.authority.issue("server")
            staple(tmp_path, "V")
            self.port = conftest.free_port()
            config = tmp_path / "config.yaml"
            config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{self.port}\n    tls: {{cert: {self.certificate}, key: {self.key}, ocsp: {tmp_path}/server.der}}\n")
            start([conftest.BIN / "helloworld", "-conf", config], port=self.port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    secure = Stapling()
    for version in "-tls1_2", "-tls1_3":
        said = secure.s_client("-status", version)
        assert "OCSP Response Status: successful (0x0)" in said and "Cert Status: good" in said
    assert "OCSP Response Status" not in secure.s_client()
    staple(tmp_path, "R")
    end = time.monotonic() + 20
    while "Cert Status: revoked" not in secure.s_client("-status"):
        assert time.monotonic() < end, "the new response is not served"
        time.sleep(0.1)
    bad = tmp_path / "bad.yaml"
    (tmp_path / "text.der").write_text("no DER")
    bad.write_text(f"server:\n  http:\n    addr: 127.0.0.1:0\n    tls: {{cert: {secure.certificate}, key: {secure.key}, ocsp: {tmp_path}/text.der}}\n")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", bad], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and f"bad.yaml:4: {tmp_path}/text.der: is no OCSP response in DER" in done.stderr


def test_a_response_that_runs_out_is_warned_of_once(start, tmp_path):
    secure = Secure.__new__(Secure)
    secure.authority, secure.port = Authority(tmp_path), conftest.free_port()
    secure.certificate, secure.key = secure.authority.issue("server")
    staple(tmp_path, "V")
    # openssl's shortest life is a minute; the signature is the clients' affair.
    response = tmp_path / "server.der"
    times = re.findall(rb"20[0-9]{12}Z", response.read_bytes())
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 10))
    response.write_bytes(response.read_bytes().replace(max(times), end.encode()))
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{secure.port}\n    tls: {{cert: {secure.certificate}, key: {secure.key}, ocsp: {response}}}\n")
    with open(tmp_path / "log", "w") as log:
        start([conftest.BIN / "helloworld", "-conf", config], port=secure.port, stdout=subprocess.DEVNULL, stderr=log)

    def warnings():
        return [line for line in (tmp_path / "log").read_text().splitlines() if "ran out" in line]

    def until(done):
        give_up = time.monotonic() + 30
        while not done():
            assert time.monotonic() < give_up
            time.sleep(0.1)
    assert "OCSP Response Status" in secure.s_client("-status") and not warnings()
    until(warnings)
    assert f"[HTTP] the OCSP response of {secure.certificate}, {response}, ran out at {end[:4]}-{end[4:6]}-{end[6:8]}T" in warnings()[0]
    assert "OCSP Response Status" not in secure.s_client("-status")
    staple(tmp_path, "V")
    until(lambda: "OCSP Response Status" in secure.s_client("-status"))
    assert len(warnings()) == 1


@needs("h2load")
def test_h2load(secure):
    done = subprocess.run(["h2load", "-n", "400", "-c", "4", "-m", "10", f"https://127.0.0.1:{secure.port}/helloworld/h2"],
                          capture_output=True, text=True, timeout=60)
    assert "400 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout + done.stderr
    assert "Application protocol: h2" in done.stdout


@needs("nginx")
def test_nginx_in_front(secure, start, tmp_path):
    front = nginx.in_front_of(secure.port, start, tmp_path, f"""
      proxy_pass https://bia; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_trusted_certificate {secure.authority.pem}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on;""")
    before = secure.metric("http_server_connections_total")
    client = http.client.HTTPConnection("127.0.0.1", front, timeout=10)
    for i in range(50):
        client.request("GET", f"/helloworld/{i}")
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"message":"Hello %d"}' % i)
    assert secure.metric("http_server_connections_total") - before <= 3, "nginx keeps its connection to us"


def zelus_grpc(target):
    done = subprocess.run([conftest.BIN / "zelus", "grpc", "--insecure", "--proto", conftest.SOURCE / "examples/helloworld/api/helloworld/v1/greeter.proto",
                           "--import-paths", conftest.SOURCE / "examples/helloworld/api", "--call", "helloworld.v1.Greeter/SayHello", "-n", "1", "-c", "1",
                           "--connect-timeout", "5s", target], capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def test_a_unix_socket(start, tmp_path):
    path = tmp_path / "bia.sock"
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: unix:{path}\n  grpc:\n    network: unix\n    addr: {tmp_path}/grpc.sock\nruntime:\n  threads: 2\n")
    start([conftest.BIN / "helloworld", "-conf", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 15
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /helloworld/unix HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := client.recv(4096):
            received += chunk
    assert received.endswith(b'{"message":"Hello unix"}')
    for target in f"unix:{tmp_path}/grpc.sock", f"unix://{tmp_path}/grpc.sock":
        assert "[OK]   1 responses" in zelus_grpc(target)
    assert f"dial unix {tmp_path}/none.sock: connect: no such file or directory" in zelus_grpc(f"unix:{tmp_path}/none.sock")
    grpc = pytest.importorskip("grpc")
    for _ in range(3):  # the threads take turns
        with grpc.insecure_channel(f"unix:{tmp_path}/grpc.sock") as channel:
            assert channel.unary_unary("/helloworld.v1.Greeter/SayHello")(b"\x0a\x01x", timeout=10) == b"\x0a\x07Hello x"


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no ::1 here")
def test_ipv6(start, tmp_path):
    http_port, grpc_port = conftest.free_port(), conftest.free_port()
    (tmp_path / "config.yaml").write_text(f"server:\n  http: {{addr: '[::1]:{http_port}'}}\n  grpc: {{addr: '[::1]:{grpc_port}'}}\n")
    with open(tmp_path / "log", "w") as log:
        start([conftest.BIN / "helloworld", "-conf", tmp_path / "config.yaml"], stdout=log, stderr=log)
    conftest.wait_until(lambda: f"[gRPC] server listening on: [::1]:{grpc_port}" in (tmp_path / "log").read_text(), "it does not listen")
    done = subprocess.run(["curl", "-sS", "--max-time", "10", f"http://[::1]:{http_port}/helloworld/six"], capture_output=True, text=True, timeout=20)
    assert done.stdout == '{"message":"Hello six"}'
    grpc = pytest.importorskip("grpc")
    with grpc.insecure_channel(f"ipv6:[::1]:{grpc_port}") as channel:
        assert channel.unary_unary("/helloworld.v1.Greeter/SayHello")(b"\x0a\x01x", timeout=10) == b"\x0a\x07Hello x"
    assert "[OK]   1 responses" in zelus_grpc(f"[::1]:{grpc_port}")
