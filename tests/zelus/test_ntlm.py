"""`auth: 'ntlm'` against a server that checks the NTLMv2 response itself, and beside k6 1.8.1."""
import json
import os
import subprocess

import pytest

import conftest
from ntlm_server import Server, md4
from test_differential import K6, needs_k6

SCRIPT = """
import http from 'k6/http';
import { Counter } from 'k6/metrics';
export const options = { iterations: 2 };
export default function () {
  const at = (user, path) => `http://${user}@${__ENV.HOST}${path}`;
  const show = (what, r) => { console.log(what, r.status, r.error_code, r.error, r.body, r.url); };
  const forget = () => http.get(`http://${__ENV.HOST}/forget`);
  const ntlm = { auth: 'ntlm' };
  show('plain name', http.get(at('ann:secret', '/'), ntlm));
  show('kept connection', http.get(at('ann:secret', '/'), ntlm));
  forget();
  show('body', http.post(at('ann:secret', '/p'), 'the body', ntlm));
  forget();
  show('domain', http.get(at('CORP%5Cbob:p%C3%A4ssword%20%F0%9F%98%80', '/'), ntlm));
  forget();
  show('mail', http.get(at('eve%40corp.example:p', '/negotiate'), ntlm));
  forget();
  show('wrong password', http.get(at('ann:wrong', '/x'), ntlm));
  forget();
  show('not asked for', http.get(at('ann:secret', '/open'), ntlm));
  forget();
  show('basic only', http.get(at('ann:secret', '/basic'), ntlm));
  forget();
  show('keys', http.get(at('ann:secret', '/keys'), ntlm));
  forget();
  show('nobody', http.get(`http://${__ENV.HOST}/`, ntlm));
  forget();
  show('away', http.get(at('ann:secret', '/away'), ntlm));
  forget();
  show('header', http.get(`http://${__ENV.HOST}/h`, { auth: 'ntlm', headers: { Authorization: 'Basic YW5uOnNlY3JldA==' } }));
  forget();
  show('callback', http.get(at('ann:secret', '/c'), { auth: 'ntlm', responseCallback: http.expectedStatuses(200) }));
  forget();
  show('none', http.get(at('ann:secret', '/n'), { auth: 'ntlm', responseCallback: null }));
  forget();
}
"""


def run(program, folder, *flags):
    server = Server()
    host = f"127.0.0.1:{server.server_address[1]}"
    (folder / "script.js").write_text(SCRIPT)
    records = folder / "records.json"
    done = subprocess.run([program, "run", "--quiet", "--no-usage-report", "--log-format", "raw", "-o", f"json={records}", "-e", f"HOST={host}", *flags, "script.js"],
                          cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(folder)})
    server.shutdown()
    said = [line.replace(host, "HOST") for line in done.stderr.splitlines()]
    return done.returncode, said, server


def failures(folder):
    out = []
    for line in (folder / "records.json").read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "Point" and record["metric"] == "http_req_failed":
            tags = record["data"]["tags"]
            out.append((tags["name"].rsplit("/", 1)[1], tags["method"], tags["status"], tags.get("expected_response"), record["data"]["value"]))
    return out


def test_md4_of_the_server_is_that_of_the_rfc():
    assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"
    assert md4(b"1234567890" * 8).hex() == "e33b4ddc9c38f2199c3e7b164fcc0536"


def test_the_server_lets_in_who_knows_the_password(tmp_path):
    code, said, server = run(conftest.BIN / "zelus", tmp_path)
    assert code == 0
    answers = {line.split(" 200 ")[0]: line for line in said if " 200 " in line}
    assert "GET /ann" in answers["plain name"] and "POST /ann the body" in answers["body"]
    assert "GET CORP/bob" in answers["domain"] and "GET /eve@corp.example" in answers["mail"]
    assert "header" in answers and "away" in answers
    assert any(line.startswith("wrong password 401 1401") for line in said)
    assert any(line.startswith("keys 401 1401") for line in said)
    # One connection serves a user from its first request to its last: NTLM is the connection's.
    assert server.connections == 1
    assert server.seen[:3] == [("GET", "/", "", 0), ("GET", "/", "NTLM", 0), ("GET", "/", "NTLM", 0)]


@needs_k6
def test_as_k6_does(tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    want, got = run(K6, theirs), run(conftest.BIN / "zelus", ours)
    assert got[:2] == want[:2]
    assert got[2].seen == want[2].seen
    assert failures(ours) == failures(theirs)
