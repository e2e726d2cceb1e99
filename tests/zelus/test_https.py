"""`zelus run` on https://, against the example service."""
import json
import os
import subprocess

import pytest

import conftest
from certificates import Authority

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
