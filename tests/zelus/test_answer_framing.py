"""What zelus makes of answers' framing and fields, byte for byte; beside k6, where it is installed."""
import json
import os
import socketserver
import subprocess
import threading

import pytest

from conftest import BIN
from test_request_framing import K6

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
HI = b"Content-Length: 2\r\n\r\nhi"
#: path: (what the server answers, [status, body, error, headers]); both programs say so.
ANSWERS = {
    "plain": (OK + HI, [200, "hi", "", {"Content-Length": "2"}]),
    "chunked": (OK + b"Trailer: X\r\nTransfer-Encoding: Chunked" + CHUNKS, [200, "hi", "", {}]),
    "extension": (OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", [200, "hi", "", {}]),
    "same-lengths": (OK + b"Content-Length: 2\r\n" + HI, [200, "hi", "", {"Content-Length": "2"}]),
    "folded": (OK + b"X-A: b \r\n  c\r\n" + HI, [200, "hi", "", {"Content-Length": "2", "X-A": "b c"}]),
    "interim": (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 6 + OK + HI, [200, "hi", "", {"Content-Length": "2"}]),
    "old": (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", [200, "until the end", "", {}]),
    "length-plus": (OK + b"Content-Length: +2\r\n\r\nhi", [0, None, 'bad Content-Length "+2"', {}]),
    "length-list": (OK + b"Content-Length: 2, 2\r\n\r\nhi", [0, None, 'bad Content-Length "2, 2"', {}]),
    "length-empty": (OK + b"Content-Length:\r\n\r\nhi", [0, None, 'invalid empty Content-Length ""', {}]),
    "coded": (OK + b"Transfer-Encoding: gzip, chunked" + CHUNKS, [0, None, 'unsupported transfer encoding: "gzip, chunked"', {}]),
    "no-colon": (OK + b"X-A\r\n" + HI, [0, None, 'malformed MIME header: missing colon: "X-A"', {}]),
    "no-name": (OK + b": b\r\n" + HI, [0, None, 'malformed MIME header line: ": b"', {}]),
    "bad-name": (OK + b"X(A): b\r\n" + HI, [0, None, 'malformed MIME header line: "X(A): b"', {}]),
    "control": (OK + b"X-A: a\x01b\r\n" + HI, [0, None, 'malformed MIME header line: "X-A: a\\x01b"', {}]),
}
#: Taken by k6; refused here, as two programs could read them differently (RFC 9112): docs/k6-compatibility.md.
REFUSED = {
    "both-lengths": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked" + CHUNKS,
    "line-feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "blank-before-colon": OK + b"X-A : b\r\n" + HI,
    "padded-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n2  \r\nhi\r\n0\r\n\r\n",
}
SCRIPT = """
import http from 'k6/http';
export const options = { noConnectionReuse: true };
export default function () {
  for (const path of JSON.parse(__ENV.PATHS)) {
    const r = http.get(`${__ENV.BASE}/${path}`, { timeout: '10s' });
    console.log(JSON.stringify([path, r.status, r.body, r.error, r.headers]));
  }
}
"""


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1][1:].decode()
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"connection:"):
                self.server.seen.append(line)
        self.wfile.write(REFUSED.get(path) or ANSWERS[path][0])


def answers_of(program, folder, paths):
    """{path: [status, body, error, headers]}, and the Connection fields that the server saw."""
    (folder / "script.js").write_text(SCRIPT)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.seen = True, []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        done = subprocess.run([*program, "run", "-q", "--no-usage-report", "--log-format=json", "script.js"], cwd=folder, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "BASE": f"http://127.0.0.1:{server.server_address[1]}", "PATHS": json.dumps(list(paths)), "NO_PROXY": "*"})
        server.shutdown()
    told = [json.loads(line["msg"]) for line in map(json.loads, done.stderr.splitlines()) if line.get("source") == "console"]
    return {path: rest for path, *rest in told}, server.seen


@pytest.mark.parametrize("program", ["zelus", "k6"])
def test_answers_and_their_fields(tmp_path, program):
    if program == "k6" and not K6:
        pytest.skip("k6 is not installed")
    told, connections = answers_of([BIN / "zelus"] if program == "zelus" else [K6, "--address=localhost:0"], tmp_path, ANSWERS)
    assert told == {path: answer for path, (_, answer) in ANSWERS.items()}
    assert connections == [b"Connection: close\r\n"] * len(ANSWERS), "as noConnectionReuse has it"


def test_answers_that_could_be_read_in_two_ways_are_refused(tmp_path):
    told, _ = answers_of([BIN / "zelus"], tmp_path, REFUSED)
    assert all(status == 0 and error for status, _, error, _ in told.values()) and told.keys() == REFUSED.keys(), told
