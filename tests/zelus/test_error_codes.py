"""The error codes and texts of requests that fail, against servers that fail in one way each; beside k6, where it is installed."""
import gzip
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from certificates import Authority  # noqa: E402
from conftest import BIN, free_port  # noqa: E402

K6 = shutil.which("k6", path=os.path.expanduser("~/go/bin") + os.pathsep + os.environ["PATH"])
SCRIPT = """
import http from 'k6/http';
export const options = { vus: 1, iterations: 1, insecureSkipTLSVerify: __ENV.TRUST === 'all' };
export default function () {
  for (const [name, url] of JSON.parse(__ENV.URLS)) {
    const answer = http.request(name.endsWith('upload') ? 'POST' : 'GET', url, name.endsWith('upload') ? 'x'.repeat(20e6) : null,
      { timeout: name === 'dial timeout' ? 60000 : name.endsWith('timeout') ? 300 : 20000 });
    console.log(JSON.stringify([name, answer.status, answer.error_code, answer.error]));
  }
}
"""


def until_headers_end(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        got = peer.recv(4096)
        if not got:
            break
        data += got


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def http2(*answer):
    """The frames of answer, after the first request's headers."""
    def serve(peer):
        peer.sendall(frame(4, 0))
        data = b""
        while True:
            got = peer.recv(4096)
            if not got:
                return
            data += got
            at = 24  # the preface
            while len(data) >= at + 9:
                size = int.from_bytes(data[at:at + 3], "big")
                if data[at + 3] == 1:
                    peer.sendall(b"".join(answer))
                    time.sleep(0.5)  # the client is first to close
                    return
                at += 9 + size
    return serve


SERVERS = {  # name: (TLS and its ALPN or None, what it does, the code that k6 has, its text)
    "reset": (None, lambda peer: (until_headers_end(peer), reset(peer)), 1220, "read: connection reset by peer"),
    "closed": (None, until_headers_end, 1000, "EOF"),
    "timeout": (None, lambda peer: (until_headers_end(peer), time.sleep(1)), 1050, "request timeout"),
    "half a head": (None, lambda peer: (until_headers_end(peer), peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n")), 1000, "unexpected EOF"),
    "half a body": (None, lambda peer: (until_headers_end(peer), peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")), 1000,
                    "unexpected EOF"),
    "body reset": (None, lambda peer: (until_headers_end(peer), peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"),
                                       time.sleep(0.2), reset(peer)), 1220, "read: connection reset by peer"),
    "body timeout": (None, lambda peer: (until_headers_end(peer), peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), time.sleep(1)),
                     1050, "request timeout"),
    "no HTTP": (None, lambda peer: (until_headers_end(peer), peer.sendall(b"hello there\r\n\r\n")), 1000,
                'malformed HTTP status code "there"'),
    "bad gzip": (None, lambda peer: (until_headers_end(peer), peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")), 1701, "error decompressing response body (unexpected EOF)"),
    "no gzip": (None, lambda peer: (until_headers_end(peer), peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 16\r\n\r\nabcdefghijklmnop")), 1701, None),
    "no brotli": (None, lambda peer: (until_headers_end(peer), peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 38\r\n\r\nthis is none of them, whatever it says")), 1701, None),
    "cut gzip": (None, lambda peer: (until_headers_end(peer), peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" + gzip.compress(bytes(range(99)))[:40])), 1000,
                 "unexpected EOF"),
    "changed gzip": (None, lambda peer: (until_headers_end(peer), peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" + gzip.compress(b"hello")[:-1] + b"z")), 1701, None),
    "plain answer to TLS": (None, lambda peer: (peer.recv(1), peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), time.sleep(0.2)), None, None),
    "stream error": ("h2", http2(frame(3, 1, struct.pack(">I", 11))), 1642, None),
    "refused stream error": ("h2", http2(frame(3, 1, struct.pack(">I", 2))), 1633, None),
    "goaway": ("h2", http2(frame(7, 0, struct.pack(">II", 1, 11))), 1622, None),
    "goaway of another number": ("h2", http2(frame(7, 0, struct.pack(">II", 1, 99))), 1610, None),
    "connection error": ("h2", http2(frame(4, 0, b"abc")), 1657, None),
    "data before headers": ("h2", http2(frame(0, 1, b"abc")), 1632, None),
    "reset upload": (None, lambda peer: (until_headers_end(peer), time.sleep(0.3), reset(peer)), 1220, "write: connection reset by peer"),
    # What k6 tells depends on which of its two sides finds out first.
    "closed upload": (None, lambda peer: (until_headers_end(peer), peer.shutdown(socket.SHUT_RDWR), time.sleep(0.5)), None, None),
    "elsewhere": ("h2", lambda peer: None, None, None),  # Its certificate is for another name.
}

def wants_certificate(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_default_certs()


def wants_other_ciphers(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA256")  # of RSA's keys, which its certificate has none of


def knows_no_name(context):
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


ALERTS = {  # what the server does, Go's name of the alert
    "certificate": (wants_certificate, "certificate required"),
    "cipher": (wants_other_ciphers, "handshake failure"),
    "name": (knows_no_name, "unrecognized name"),
}

# Go's name more in the log than zelus knows: who ended a stream, GOAWAY's debug text, that a plain answer is HTTP.
OTHER_WARNINGS = {"stream error", "refused stream error", "goaway", "goaway of another number", "plain"}


def tls_server(certificate, set_up):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    set_up(context)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            # By hand: a socket that is closed with something unread is reset, and its alert may be lost.
            received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(received, sent, server_side=True)
            while data := self.request.recv(65536):
                received.write(data)
                try:
                    tls.do_handshake()
                except OSError:
                    pass
                self.request.sendall(sent.read())
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def test_alerts(tmp_path):
    certificate = Authority(tmp_path).issue("server")
    servers = {name: tls_server(certificate, set_up) for name, (set_up, _) in ALERTS.items()}
    found = beside(tmp_path, [(name, f"https://localhost:{server.server_address[1]}/") for name, server in servers.items()], TRUST="all")
    for name, (_, alert) in ALERTS.items():
        assert found[name][1:3] == (1010, f"remote error: tls: {alert}")
    for server in servers.values():
        server.shutdown()
        server.server_close()


NAME_SERVER = """
import socket, struct, subprocess, sys, threading
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", "resolv.conf", "/etc/resolv.conf"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
def serve():
    while True:
        question, peer = server.recvfrom(2000)
        name = question[12:question.index(bytes(1), 12)]
        code = {b"servfail": 2, b"formerr": 1, b"refused": 5}.get(name[1:1 + name[0]], 3)
        server.sendto(question[:2] + struct.pack(">5H", 0x8180 | code, 1, 0, 0, 0) + question[12:12 + len(name) + 5], peer)
threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""
UNSHARE = ["unshare", "--map-root-user", "--mount", "--net"]


@pytest.mark.skipif(subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0, reason="no namespaces of one's own here")
def test_name_servers_that_fail(tmp_path):
    """In a network of its own, where the name server is ours."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (tmp_path / "name_server.py").write_text(NAME_SERVER)
    urls = [(name, f"http://{name}.example/") for name in ("servfail", "formerr", "refused", "missing")]
    found = {command[0]: ask([*UNSHARE, sys.executable, "name_server.py", *command], tmp_path, urls)
             for command in ([BIN / "zelus"], *([[K6, "--address=localhost:0"]] if K6 else []))}
    for answers in found.values():
        for name in ("servfail", "formerr", "refused"):
            _, code, text, _ = answers[name]
            assert (code, plain(text)) == (1100, f"lookup {name}.example: server misbehaving")
        assert answers["missing"][1:3] == (1101, "lookup: no such host")


@pytest.fixture
def ports(tmp_path):
    authority = Authority(tmp_path)
    here, elsewhere = authority.issue("server"), authority.issue("elsewhere", names="DNS:elsewhere.test")
    servers = {}
    for name, (alpn, act, *_) in SERVERS.items():
        class Handler(socketserver.BaseRequestHandler):
            def handle(self, alpn=alpn, act=act, certificate=elsewhere if name == "elsewhere" else here):
                peer = self.request
                try:
                    if alpn:
                        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                        context.load_cert_chain(*certificate)
                        context.set_alpn_protocols([alpn])
                        peer = context.wrap_socket(peer, server_side=True)
                    act(peer)
                except OSError:
                    pass
                peer.close()
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers[name] = server
    yield {name: server.server_address[1] for name, server in servers.items()}, authority
    for server in servers.values():
        server.shutdown()
        server.server_close()


def plain(text):
    """Without the client's port and the name server's address."""
    return re.sub(r"127\.0\.0\.1:\d+->|\[::1\]:\d+->| on [0-9.]+:53", "", text)


def ask(command, folder, urls, **environment):
    """name: (status, code, text, the warning's text)"""
    (folder / "script.js").write_text(SCRIPT)
    done = subprocess.run([*command, "run", "--quiet", "--log-format=json", "--summary-mode=disabled", "script.js"], cwd=folder,
                          capture_output=True, text=True, timeout=120,
                          env={**os.environ, "URLS": json.dumps(urls), "K6_NO_USAGE_REPORT": "true", "NO_PROXY": "*", **environment})
    found, warning = {}, ""
    for line in map(json.loads, done.stderr.splitlines()):
        if line["msg"] == "Request Failed":
            warning = line["error"]
        elif line["msg"].startswith('["'):  # Go's own libraries write too.
            name, *rest = json.loads(line["msg"])
            found[name] = (*rest, plain(warning))
    assert len(found) == len(urls), done.stderr
    return found


def beside(folder, urls, **environment):
    ours = ask([BIN / "zelus"], folder, urls, **environment)
    if K6:
        theirs = ask([K6, "--address=localhost:0"], folder, urls, **environment)
        for name, got in ours.items():
            # Whether a write or a read meets the end first is a race, in k6 too.
            if name in ("closed upload", "reset upload"):
                continue
            shown = 3 if name in OTHER_WARNINGS else 4
            assert got[:shown] == theirs[name][:shown], name
    return ours


def test_answers_that_fail(ports, tmp_path):
    ports, _ = ports
    urls = [(name, f"{'https' if SERVERS[name][0] else 'http'}://127.0.0.1:{port}/") for name, port in ports.items()
            if name not in ("plain answer to TLS", "elsewhere")]
    found = beside(tmp_path, urls, TRUST="all")
    for name, (_, _, code, text) in SERVERS.items():
        assert name not in found or code is None or found[name][1] == code, (name, found[name])
        assert name not in found or text is None or found[name][2] == text, (name, found[name])
    assert found["closed upload"][1:3] == (1201, "write: broken pipe")


def test_codes_of_writes_are_those_of_k6(ports, tmp_path):
    """The same server again and again, as the code is a race: what k6 gives is one of these, and ours too."""
    ports, _ = ports
    known = {1200: "use of closed network connection", 1201: "write: broken pipe", 1220: "write: connection reset by peer"}
    urls = [(f"{n} closed upload", f"http://127.0.0.1:{ports['closed upload']}/") for n in range(4)]
    for command in ([BIN / "zelus"], *([[K6, "--address=localhost:0"]] if K6 else [])):
        for _, code, text, _ in ask(command, tmp_path, urls).values():
            assert text.endswith(known[code]), (command, code, text)


def test_dialing_that_takes_half_a_minute(tmp_path):
    """A server whose queue of connections is full: the kernel leaves out the answers to more."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        urls = [("dial timeout", f"http://127.0.0.1:{server.getsockname()[1]}/")]
        answers = {}

        def one(name, command):
            (tmp_path / name).mkdir()
            answers[name] = ask(command, tmp_path / name, urls)["dial timeout"]
        threads = [threading.Thread(target=one, args=("ours", [BIN / "zelus"]))]
        if K6:
            threads.append(threading.Thread(target=one, args=("theirs", [K6, "--address=localhost:0"])))
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        for each in waiting:
            each.close()
    assert answers["ours"][:3] == (0, 1211, "dial: i/o timeout")
    if K6:
        assert answers["ours"] == answers["theirs"]


def test_connections_that_fail(ports, tmp_path):
    ports, authority = ports
    urls = [
        ("refused", f"http://127.0.0.1:{free_port()}/"),
        ("no such host", "http://no-such-host.invalid/"),
        ("plain", f"https://127.0.0.1:{ports['plain answer to TLS']}/"),
        ("handshake timeout", f"https://127.0.0.1:{ports['timeout']}/"),
        ("unknown authority", f"https://localhost:{ports['goaway']}/"),
        ("broadcast", "http://255.255.255.255:81/"),
        ("port", "http://127.0.0.1:99999/"),
    ]
    found = beside(tmp_path, urls)
    mismatch = beside(tmp_path, [("mismatch", f"https://localhost:{ports['elsewhere']}/")], SSL_CERT_FILE=str(authority.pem))
    assert found["refused"][1:3] == (1212, "dial: connection refused")
    assert found["unknown authority"][1:3] == (1310, "x509: unknown authority")
    assert found["plain"][1] == 1301
    assert found["handshake timeout"][1:3] == (1050, "request timeout")
    assert found["broadcast"][1] == 1213
    assert found["port"][1:3] == (1210, "dial tcp: address 99999: invalid port")
    assert mismatch["mismatch"][1:3] == (1311, "x509: certificate doesn't match hostname")
