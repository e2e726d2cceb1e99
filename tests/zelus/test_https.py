"""`zelus run` on https://, against the example service."""
import json
import os
import re
import shutil
import subprocess

import pytest

import conftest
from certificates import Authority, staple

SCRIPT = """
import http from 'k6/http';
import { check } from 'k6';
export const options = { vus: 2, iterations: 6 };
export default function () {
  const answer = http.get(`${__ENV.BASE}/helloworld/k6`);
  check(answer, { ok: r => r.status === 200 && r.proto === __ENV.PROTO && r.tls_version === __ENV.VERSION });
  if (answer.error_code) console.log(`${answer.error_code}: ${answer.error}`);
}
"""


@pytest.fixture
def served(start, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    port = conftest.free_port()
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{port}\n    tls: {{cert: {certificate}, key: {key}}}\n")
    start([conftest.BIN / "helloworld", "-conf", config], port=port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return authority, port


def run(folder, port, script=SCRIPT, *flags, **environment):
    """(summary's JSON, both outputs)"""
    (folder / "script.js").write_text(script)
    summary = folder / "summary.json"
    done = subprocess.run([conftest.BIN / "zelus", "run", "--quiet", "--summary-export", summary, *flags, folder / "script.js"],
                          capture_output=True, text=True, timeout=60,
                          env={**os.environ, "BASE": f"https://localhost:{port}", "PROTO": "HTTP/2.0", "VERSION": "tls1.3", **environment})
    assert summary.exists(), done.stdout + done.stderr
    return json.loads(summary.read_text()), done.stdout + done.stderr


def checks(result):
    return result["metrics"]["checks"]["passes"], result["metrics"]["checks"]["fails"]


def test_http2_by_alpn_with_the_systems_roots(served, tmp_path):
    authority, port = served
    result, output = run(tmp_path, port, SSL_CERT_FILE=str(authority.pem))
    assert checks(result) == (6, 0), output
    assert result["metrics"]["http_req_tls_handshaking"]["max"] > 0
    assert result["metrics"]["http_req_tls_handshaking"]["min"] == 0, "a user's second request finds the connection"


def test_a_folder_of_roots(served, tmp_path):
    authority, port = served
    roots = tmp_path / "roots"
    roots.mkdir()
    digest = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", authority.pem], capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(authority.pem, roots / f"{digest}.0")
    result, output = run(tmp_path, port, SSL_CERT_FILE="/dev/null", SSL_CERT_DIR=str(roots))
    assert checks(result) == (6, 0), output


def test_options(served, tmp_path):
    authority, port = served
    limited = SCRIPT.replace("iterations: 6", "iterations: 6, tlsVersion: 'tls1.2', tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']")
    result, output = run(tmp_path, port, limited, "--insecure-skip-tls-verify", VERSION="tls1.2", PROTO="HTTP/1.1", GODEBUG="http2client=0")
    assert checks(result) == (6, 0), output


def test_an_unknown_authority_has_k6s_code(served, tmp_path):
    _, port = served
    result, output = run(tmp_path, port, SSL_CERT_FILE="/dev/null")
    assert checks(result) == (0, 6)
    assert "1310: x509: unknown authority" in output
    assert "tls: failed to verify certificate: x509: certificate signed by unknown authority" in output


def test_bad_options_end_the_run_before_it_begins(served, tmp_path):
    _, port = served
    (tmp_path / "script.js").write_text(SCRIPT.replace("iterations: 6", "tlsCipherSuites: ['NOT_A_SUITE', 'TLS_NOR_THIS']"))
    done = subprocess.run([conftest.BIN / "zelus", "run", tmp_path / "script.js"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "unknown cipher suite 'NOT_A_SUITE'" in done.stderr


def test_client_certificates(start, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    alice = authority.issue("alice", "alice", "DNS:alice.example")
    port = conftest.free_port()
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{port}\n    tls: {{cert: {certificate}, key: {key}, client_ca: {authority.pem}}}\n")
    start([conftest.BIN / "helloworld", "-conf", config], port=port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    auth = f"tlsAuth: [{{ cert: open('{alice[0]}'), key: open('{alice[1]}') }}]"
    result, output = run(tmp_path, port, SCRIPT.replace("iterations: 6", f"iterations: 6, {auth}"), SSL_CERT_FILE=str(authority.pem))
    assert checks(result) == (6, 0), output
    result, output = run(tmp_path, port, SSL_CERT_FILE=str(authority.pem))
    assert checks(result) == (0, 6)
    assert "tls: certificate required" in output


KEYS = """
import http from 'k6/http';
export default function () { http.get(`${__ENV.BASE}/helloworld/k6`); }
"""


@pytest.mark.parametrize("version, labels", [
    ("tls1.3", {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}), ("tls1.2", {"CLIENT_RANDOM"})])
def test_keys_are_logged(served, tmp_path, version, labels):
    _, port = served
    script = f"export const options = {{ tlsVersion: '{version}' }};\n{KEYS}"
    for program in filter(None, (conftest.BIN / "zelus", K6)):
        folder = tmp_path / os.path.basename(program)
        folder.mkdir()
        (folder / "script.js").write_text(script)
        (folder / "keys.log").write_text("# what was there\n")
        for name in ("keys.log", "new.log"):
            done = subprocess.run([program, "run", "-q", "--no-usage-report", "--insecure-skip-tls-verify", "script.js"], cwd=folder, capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "BASE": f"https://localhost:{port}", "SSLKEYLOGFILE": name})
            assert done.returncode == 0, done.stderr
        first, *lines = (folder / "keys.log").read_text().splitlines()
        assert first == "# what was there"
        # Wireshark's form: what it is, the client's random number, the secret. k6 leaves the exporter's secret out.
        assert {line.split()[0] for line in lines} - {"EXPORTER_SECRET"} == labels, program
        assert all(re.fullmatch(r"[A-Z0-9_]+ [0-9a-f]{64} (?:[0-9a-f]{64}|[0-9a-f]{96})", line) for line in lines), lines
        assert (folder / "new.log").stat().st_mode & 0o777 == 0o600, program


K6 = shutil.which("k6", path=os.path.expanduser("~/go/bin") + os.pathsep + os.environ["PATH"])
OCSP = """
import http from 'k6/http';
export default function () {
  for (const url of [__ENV.BASE, __ENV.PLAIN, 'http://127.0.0.1:1']) console.log(JSON.stringify(http.get(`${url}/helloworld/k6`).ocsp));
}
"""


def ocsp_of(program, folder, port, plain):
    (folder / "ocsp.js").write_text(OCSP)
    done = subprocess.run([program, "run", "-q", "--no-usage-report", "--log-format=json", "--insecure-skip-tls-verify", "ocsp.js"], cwd=folder, capture_output=True,
                          text=True, timeout=60, env={**os.environ, "BASE": f"https://localhost:{port}", "PLAIN": f"http://127.0.0.1:{plain}"})
    return [json.loads(line["msg"]) for line in map(json.loads, done.stderr.splitlines()) if line.get("source") == "console"]


STAPLES = {  # more of `openssl ocsp`, what k6 tells of the answer
    "with its signer": ((), "good"),
    "changed": ((), "unknown"),
    "without its signer": (("-resp_no_certs",), "good"),
    "changed, without its signer": (("-resp_no_certs",), "good"),
}


@pytest.mark.parametrize("case", STAPLES)
def test_who_signed_what_was_stapled(tmp_path, case):
    more, want = STAPLES[case]
    authority = Authority(tmp_path)
    authority.issue("server")
    staple(tmp_path, "V", more=more)
    answer = bytearray((tmp_path / "server.der").read_bytes())
    if case.startswith("changed"):
        at = answer.index(b"Z", answer.index(b"\x18\x0f20")) - 1  # The last second's digit of when it was made.
        answer[at] ^= 1
        (tmp_path / "server.der").write_bytes(answer)
    port = conftest.free_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "server.pem", "-key", "server.key", "-status_file", "server.der", "-www"],
                              cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        conftest.wait_for_port(port, server)
        told = [ocsp_of(program, tmp_path, port, port)[0] for program in filter(None, (conftest.BIN / "zelus", K6))]
    finally:
        server.kill()
        server.wait()
    assert told[0] == told[-1] and told[0]["status"] == want and (told[0]["produced_at"] > 0) == (want == "good")


@pytest.mark.parametrize("status, reason", [("V", ""), ("R", ""), ("R", "keyCompromise"), ("R", "superseded"), ("T", ""), ("", "")])
def test_what_was_stapled(start, tmp_path, status, reason):
    certificate, key = Authority(tmp_path).issue("server")
    more = ""
    if status:
        staple(tmp_path, "V" if status == "T" else status, reason)
        more = f", ocsp: {tmp_path}/server.der"
    if status == "T":  # Tampered with: the year of its making, which its signature covers.
        response = (tmp_path / "server.der").read_bytes()
        at = response.index(b"\x18\x0f20") + 4
        (tmp_path / "server.der").write_bytes(response[:at] + b"19" + response[at + 2:])
    ports = []
    for name, tls in (("https", f"    tls: {{cert: {certificate}, key: {key}{more}}}\n"), ("http", "")):
        ports.append(conftest.free_port())
        (tmp_path / f"{name}.yaml").write_text(f"server:\n  http:\n    addr: 127.0.0.1:{ports[-1]}\n{tls}")
        start([conftest.BIN / "helloworld", "-conf", tmp_path / f"{name}.yaml"], port=ports[-1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told, plain, failed = ocsp_of(conftest.BIN / "zelus", tmp_path, *ports)
    if K6:
        assert [told, plain, failed] == ocsp_of(K6, tmp_path, *ports)
    nothing = {"produced_at": 0, "this_update": 0, "next_update": 0, "revoked_at": 0, "revocation_reason": "", "status": ""}
    assert plain == failed == nothing
    assert told["status"] == {"V": "good", "R": "revoked", "T": "unknown", "": "unknown"}[status]
    if status in ("V", "R"):
        assert told["next_update"] - told["this_update"] == 86400
        assert told["revocation_reason"] == {"": "unspecified", "keyCompromise": "key_compromise"}.get(reason, reason)
        assert (told["revoked_at"] > 0) == (status == "R")
