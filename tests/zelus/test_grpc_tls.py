"""zelus over gRPC with TLS, against bia's server: as ghz 0.121.0 and k6 1.8.1 do it, and beside the real ones where they are installed."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest
from certificates import Authority

CALL = "helloworld.v1.Greeter/SayHello"
GO_BIN = pathlib.Path.home() / "go/bin"
PROTO = """syntax = "proto3";
package helloworld.v1;
message HelloRequest { string name = 1; }
message HelloReply { string message = 1; }
service Greeter { rpc SayHello(HelloRequest) returns (HelloReply); }
"""


def real(name):
    return shutil.which(name) or shutil.which(name, path=str(GO_BIN))


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Ports of helloworld with each kind of certificate, and the folder of the files."""
    folder = tmp_path_factory.mktemp("grpc_tls")
    (folder / "stranger").mkdir()
    authority = Authority(folder)
    Authority(folder / "stranger")
    authority.issue("server")
    authority.issue("other", "other", "DNS:other.example")
    authority.issue("old", expired=True)
    authority.issue("alice", "alice", "DNS:alice.example")
    (folder / "hello.proto").write_text(PROTO)

    class Servers:
        pass

    Servers.folder = folder
    running = []
    for name, certificate, more in (("tls", "server", ""), ("plain", None, ""), ("old", "old", ""), ("other", "other", ""),
                                    ("mutual", "server", f"      client_ca: {folder}/ca.pem\n")):
        port = conftest.free_port()
        tls = f"    tls:\n      cert: {folder}/{certificate}.pem\n      key: {folder}/{certificate}.key\n{more}" if certificate else ""
        config = folder / f"{name}.yaml"
        config.write_text(f"server:\n  grpc:\n    addr: 127.0.0.1:{port}\n{tls}")
        running.append(subprocess.Popen([conftest.BIN / "helloworld", "-conf", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        conftest.wait_for_port(port, running[-1])
        setattr(Servers, name, port)
    Servers.nobody = conftest.free_port()
    yield Servers
    for process in running:
        process.terminate()
        process.wait(10)


def load(program, folder, *arguments):
    done = subprocess.run([*program, *map(str, arguments), "-n", "2", "-c", "1", "-t", "5s", "--proto", "hello.proto", "--call", CALL, "-d", '{"name":"ann"}'],
                          capture_output=True, text=True, timeout=60, cwd=folder)
    return done


def essence(done):
    """What a user acts on: the exit code, the statuses, the errors; times and Go's guess at the reason left out."""
    if done.returncode:
        return done.returncode, done.stderr.strip()
    lines = [masked(line).strip() for line in done.stdout.splitlines() if re.match(r"  \[(\w+)\]   ", line)]
    return 0, sorted(lines)


def masked(line):
    line = re.sub(r" \(possibly because of .*\)", "", line)
    line = re.sub(r"current time \S+", "current time T", line)
    # Whether a server that closes with bytes unread is seen to end or to reset is a race in the kernel.
    return re.sub(r"read tcp [\d.:]+->[\d.:]+: read: connection reset by peer", "EOF", line)


# The name of a server, and ghz's flags before its address.
CASES = {
    "no authority known": ("tls", []),
    "the right authority": ("tls", ["--cacert", "ca.pem"]),
    "another authority": ("tls", ["--cacert", "stranger/ca.pem"]),
    "skipTLS": ("tls", ["--skipTLS"]),
    "skipTLS reads no authority": ("tls", ["--skipTLS", "--cacert", "none.pem"]),
    "plaintext to TLS": ("tls", ["--insecure"]),
    "TLS to plaintext": ("plain", ["--cacert", "ca.pem"]),
    "plaintext": ("plain", ["--insecure"]),
    "expired": ("old", ["--cacert", "ca.pem"]),
    "for another name": ("other", ["--cacert", "ca.pem"]),
    "cname": ("other", ["--cacert", "ca.pem", "--cname", "other.example"]),
    "authority": ("other", ["--cacert", "ca.pem", "--authority", "other.example"]),
    "cname and another authority": ("other", ["--cacert", "ca.pem", "--cname", "other.example", "--authority", "a.example"]),
    "client certificate": ("mutual", ["--cacert", "ca.pem", "--cert", "alice.pem", "--key", "alice.key"]),
    "certificate without key": ("mutual", ["--cacert", "ca.pem", "--cert", "alice.pem"]),
    "no such authority": ("tls", ["--cacert", "none.pem"]),
    "no such authority, plaintext": ("plain", ["--insecure", "--cacert", "none.pem"]),
    "authority that is none": ("tls", ["--cacert", "alice.key"]),
    "no such certificate": ("tls", ["--cert", "none.pem", "--key", "alice.key"]),
    "no such key": ("tls", ["--cert", "alice.pem", "--key", "none.key"]),
    "another's key": ("tls", ["--cert", "alice.pem", "--key", "server.key"]),
    "certificate that is none": ("tls", ["--cert", "hello.proto", "--key", "server.key"]),
    "nobody listens": ("nobody", ["--cacert", "ca.pem"]),
}
UNAVAILABLE = "rpc error: code = Unavailable desc = connection error: desc = "


def test_ghzs_texts_and_exit_codes(servers):
    def run(case):
        server, flags = CASES[case]
        return essence(load([conftest.BIN / "zelus", "grpc"], servers.folder, *flags, f"127.0.0.1:{getattr(servers, server)}"))

    good = 0, ["[OK]   2 responses"]
    for case in "the right authority", "skipTLS", "plaintext", "cname", "authority", "client certificate":
        assert run(case) == good, case
    handshake = '"transport: authentication handshake failed: tls: '
    assert run("another authority")[1][0] == f'[2]   {UNAVAILABLE}{handshake}failed to verify certificate: x509: certificate signed by unknown authority"'
    assert run("TLS to plaintext")[1][0] == f'[2]   {UNAVAILABLE}{handshake}first record does not look like a TLS handshake"'
    assert run("expired")[1][0] == (f"[2]   {UNAVAILABLE}{handshake}failed to verify certificate: x509: certificate has expired or is not yet valid: "
                                    'current time T is after 2021-01-01T00:00:00Z"')
    assert run("plaintext to TLS")[1][0] == f'[2]   {UNAVAILABLE}"error reading server preface: EOF"'
    assert run("no such authority") == (1, "could not read ca certificate: open none.pem: no such file or directory")
    assert run("another's key") == (1, "could not load client key pair: tls: private key does not match public key")


@pytest.mark.skipif(real("ghz") is None, reason="ghz is not installed")
@pytest.mark.parametrize("case", CASES)
def test_as_the_real_ghz(servers, case):
    server, flags = CASES[case]
    address = f"127.0.0.1:{getattr(servers, server)}"
    assert essence(load([conftest.BIN / "zelus", "grpc"], servers.folder, *flags, address)) == essence(load([real("ghz")], servers.folder, *flags, address))


def test_the_report_names_the_flags(servers):
    report = json.loads(load([conftest.BIN / "zelus", "grpc"], servers.folder, "--cacert", "ca.pem", "--cname", "localhost", "-O", "json", f"127.0.0.1:{servers.tls}").stdout)
    options = report["options"]
    assert (options["insecure"], options["cacert"], options["cname"]) == (False, "ca.pem", "localhost")
    assert "skipTLS" not in options


def test_reflection_goes_over_tls(servers):
    done = subprocess.run([conftest.BIN / "zelus", "grpc", "--cacert", "ca.pem", "--call", CALL, "-n", "2", "-c", "1", "-d", "{}", f"localhost:{servers.tls}"],
                          capture_output=True, text=True, timeout=60, cwd=servers.folder)
    assert "[OK]   2 responses" in done.stdout, done.stderr


SCRIPT = """
import grpc from 'k6/net/grpc';
const client = new grpc.Client();
client.load([], 'hello.proto');
const read = (name) => open(name);
const ca = read('ca.pem'), stranger = read('stranger/ca.pem'), alice = read('alice.pem'), aliceKey = read('alice.key'), serverKey = read('server.key');
function tried(name, port, params) {
  try {
    client.connect(`127.0.0.1:${port}`, Object.assign({ timeout: '500ms' }, params));
    console.log(name, JSON.stringify(client.invoke('helloworld.v1.Greeter/SayHello', { name: 'ann' }).message));
    client.close();
  } catch (e) { console.log(name, String(e)); }
}
export default function () {
  const P = JSON.parse(__ENV.PORTS);
  tried('unknown authority', P.tls, {});
  tried('authority', P.tls, { tls: { cacerts: ca } });
  tried('authorities', P.tls, { tls: { cacerts: [stranger, ca] } });
  tried('another authority', P.tls, { tls: { cacerts: [stranger] } });
  tried('empty', P.tls, { tls: {} });
  tried('TLS to plaintext', P.plain, { tls: { cacerts: ca } });
  tried('plaintext to TLS', P.tls, { plaintext: true });
  tried('plaintext', P.plain, { plaintext: true, tls: { cacerts: ca } });
  tried('expired', P.old, { tls: { cacerts: ca } });
  tried('another name', P.other, { tls: { cacerts: ca } });
  tried('authority header', P.other, { tls: { cacerts: ca }, authority: 'other.example' });
  tried('mutual', P.mutual, { tls: { cacerts: ca, cert: alice, key: aliceKey } });
  tried('another key', P.mutual, { tls: { cacerts: ca, cert: alice, key: serverKey } });
  tried('bad authority', P.tls, { tls: { cacerts: [ca, 'x'] } });
  tried('bad certificate', P.tls, { tls: { cert: 'x', key: 'y' } });
  tried('not encrypted', P.mutual, { tls: { cert: alice, key: aliceKey, password: 'p' } });
  tried('unknown keys', P.tls, { tls: { cacerts: ca, insecureSkipVerify: true } });
  tried('no object', P.tls, { tls: 'x' });
  tried('certificate no text', P.tls, { tls: { cert: 1 } });
  tried('key no text', P.tls, { tls: { key: true } });
  tried('password no text', P.tls, { tls: { password: 1 } });
  tried('authorities no text', P.tls, { tls: { cacerts: [1, 'a'] } });
  tried('nobody', P.nobody, {});
}
"""


def script_lines(program, servers, *arguments):
    (servers.folder / "script.js").write_text(SCRIPT)
    ports = {name: getattr(servers, name) for name in ("tls", "plain", "old", "other", "mutual", "nobody")}
    done = subprocess.run([*program, "run", "-q", "--no-summary", "-e", f"PORTS={json.dumps(ports)}", *arguments, "script.js"],
                          capture_output=True, text=True, timeout=120, cwd=servers.folder)
    lines = re.findall(r'level=info msg="((?:[^"\\]|\\.)*)" source=console', done.stderr)
    return [masked(line) for line in lines]


def test_a_script_connects_over_tls(servers):
    lines = script_lines([conftest.BIN / "zelus"], servers)
    assert len(lines) == 23
    hello = r'{\"message\":\"Hello ann\"}'
    for name in "authority", "authorities", "plaintext", "authority header", "mutual", "unknown keys":
        assert f"{name} {hello}" in lines
    failed = r'GoError: context deadline exceeded: connection error: desc = \"transport: authentication handshake failed: tls: '
    assert lines[0] == f'unknown authority {failed}failed to verify certificate: x509: certificate signed by unknown authority\\"'
    skipped = script_lines([conftest.BIN / "zelus"], servers, "--insecure-skip-tls-verify")
    for name in "unknown authority", "another authority", "expired", "another name":
        assert f"{name} {hello}" in skipped


@pytest.mark.skipif(real("k6") is None, reason="k6 is not installed")
def test_as_the_real_k6(servers):
    for arguments in [], ["--insecure-skip-tls-verify"]:
        ours = script_lines([conftest.BIN / "zelus"], servers, *arguments)
        theirs = script_lines([real("k6")], servers, *arguments)
        assert ours == theirs


GRPCIO_SERVER = """
import concurrent.futures, sys, grpc
folder, port, mutual = sys.argv[1], sys.argv[2], sys.argv[3] == "mutual"

class Greeter(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"\\x0a\\x02hi")

def read(name):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()

server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip)
server.add_generic_rpc_handlers((Greeter(),))
server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(read("server.key"), read("server.pem"))], read("ca.pem") if mutual else None, mutual))
server.start()
server.wait_for_termination()
"""


@pytest.mark.parametrize("mutual", ["mutual", "plain"])
def test_against_grpcio(servers, start, mutual):
    port = conftest.free_port()
    start(["/usr/bin/python3", "-c", GRPCIO_SERVER, servers.folder, port, mutual], port=port)
    identity = ["--cert", "alice.pem", "--key", "alice.key"] if mutual == "mutual" else []
    program = [conftest.BIN / "zelus", "grpc"]
    assert essence(load(program, servers.folder, "--cacert", "ca.pem", *identity, f"127.0.0.1:{port}")) == (0, ["[OK]   2 responses"])
    if identity:
        assert "[Unavailable]   2 responses" in load(program, servers.folder, "--cacert", "ca.pem", f"127.0.0.1:{port}").stdout
