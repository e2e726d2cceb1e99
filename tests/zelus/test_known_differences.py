"""Where zelus answers otherwise than k6 1.8.1 on purpose or for want of a reason to do the same: both answers, each from the program itself.

docs/k6-compatibility.md has these as rows or lines that say "differs". A row that fails because the two agree is good news: take it out, there and here.
"""
import json
import re
import socketserver
import subprocess
import threading

import pytest

from conftest import BIN
from test_differential import K6

#: name: (an expression of the script, what k6 says, what zelus says); a pattern where it is one.
ANSWERS = {
    "randomSeed repeats, with another sequence": ("[5, 5, 6].map((s) => { randomSeed(s); return Math.random(); })", [0.8038448294975284] * 2 + [0.6837033526805756], [0.386768045983934] * 2 + [None]),
    "keys of GoError": ("goError((e) => [Object.keys(e), JSON.stringify(e).length > 2])", [["value"], True], [[], False]),
    "own names of errors": ("Object.getOwnPropertyNames(new Error('x')).sort()", ["message", "stack"], ["message"]),
    "tags are sorted": ("(() => { for (const k of ['z', 'b', 'y']) exec.vu.metrics.tags[k] = 1; return Object.keys(exec.vu.metrics.tags).filter((k) => k.length === 1); })()", None, ["b", "y", "z"]),
    "a Symbol as a tag": ("thrown(() => { exec.vu.metrics.tags.s = Symbol('q'); })", "none", re.compile("TypeError: invalid value for metric tag 's'")),
    "__ENV keeps what is no text": ("(() => { __ENV.N = 5; return typeof __ENV.N; })()", "string", "number"),
    "a zone in a URL": ("http.get('http://[fe80::1%25nosuch]:1/', { timeout: '2s' }).error_code", None, 1101),
    "a URL without a scheme": ("http.get('//host').request.url", "//host", "host"),
    "a URL without a host": ("http.get('http:/x').request.url", "http:/x", "http:///x"),
    "a URL of mail": ("http.get('mailto:a@b').request.url", "mailto:a@b", "mailto://a@b"),
    "blanks in a query": ("http.get(`${base}/?x=a b`).body.split('\\r\\n')[0]", "GET /?x=a b HTTP/1.1", "GET /?x=a%20b HTTP/1.1"),
    "typed arrays of two bytes": ("http.post(base, new Uint16Array([65, 66])).body", [], re.compile("A\0B\0$")),
    "null in a form, as in 2.2": ("http.post(base, { a: null, b: undefined, c: 1 }).body.split('\\r\\n\\r\\n')[1]", "a=%3Cnil%3E&b=%3Cnil%3E&c=1", "a=&b=&c=1"),
    "parts keep the script's order": ("http.post(base, { z: '1', f: http.file('x', 'y'), a: '2' }).request.body.match(/ name=\"(.)\"/g).map((n) => n[7])", None, ["z", "f", "a"]),
    "length of a boundary": ("http.post(base, { f: http.file('x', 'y') }).request.headers['Content-Type'][0].length", 90, 59),
    "namespaces have a default": ("[Object.keys(k6).includes('default'), Object.keys(all).includes('default')]", [False, False], [True, True]),
    "frames of functions of the engine": ("stackOf(() => [1].forEach(() => { throw new Error('x'); })).includes('at forEach (native)')", True, False),
    "frames beyond an await": ("await (async () => { try { await callsLater(); } catch (e) { return e.stack.includes('at callsLater'); } })()", True, False),
}
SCRIPT = """
import http from 'k6/http';
import * as all from 'k6/http';
import * as k6 from 'k6';
import exec from 'k6/execution';
import { randomSeed } from 'k6';
const base = __ENV.BASE;
function thrown(f) { try { f(); return 'none'; } catch (e) { return String(e); } }
function stackOf(f) { try { f(); } catch (e) { return e.stack; } }
function goError(f) { try { http.get('http://127.0.0.1:1', { throw: true }); } catch (e) { return f(e); } }
async function later() { await null; throw new Error('later'); }
async function callsLater() { await later(); }
export default async function () {
  QUESTIONS
}
"""


class Echo(socketserver.StreamRequestHandler):
    """Answers a request with the bytes that it was."""

    def handle(self):
        while head := self.rfile.readline():
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                head += line
            length = re.search(rb"(?i)content-length: (\d+)", head)
            answer = head + b"\r\n" + self.rfile.read(int(length[1]) if length else 0)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """{program: {name: answer}}"""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = tmp_path_factory.mktemp("differences")
        questions = [f"console.log(JSON.stringify([{json.dumps(name)}, {expression}]));" for name, (expression, *_) in ANSWERS.items()]
        (folder / "script.js").write_text(SCRIPT.replace("QUESTIONS", "\n  ".join(questions)))
        found = {}
        for program in filter(None, (K6, BIN / "zelus")):
            done = subprocess.run([program, "run", "-q", "--no-usage-report", "--log-format=json", "-e", f"BASE=http://127.0.0.1:{server.server_address[1]}", folder / "script.js"], capture_output=True,
                                  text=True, timeout=60)
            lines = map(json.loads, done.stderr.splitlines())
            found[program] = dict(json.loads(line["msg"]) for line in lines if line.get("source") == "console")
            assert len(found[program]) == len(ANSWERS), done.stderr
        yield found
        server.shutdown()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_differs(answers, name):
    _, theirs, ours = ANSWERS[name]
    for program, want in ((K6, theirs), (BIN / "zelus", ours)):
        if program is None or want is None:
            continue
        got = answers[program][name]
        if isinstance(want, re.Pattern):
            assert want.search(got), program
        elif name.startswith("randomSeed"):
            assert got[:2] == want[:2] and got[2] != got[1], program
        else:
            assert got == want, program


def test_what_follows_a_wait_that_is_cut_short(tmp_path):
    """k6's script goes on for the microseconds until its engine sees the interrupt."""
    (tmp_path / "script.js").write_text("""
import { sleep } from 'k6';
export const options = { scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } };
export default function () { try { sleep(30); console.log('after'); } catch (e) { console.log('catch'); } finally { console.log('finally'); } }
""")
    for program in filter(None, (BIN / "zelus", K6)):
        done = subprocess.run([program, "run", "-q", "--no-usage-report", "--log-format=json", "script.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        said = [line["msg"] for line in lines if line.get("source") == "console"]
        assert lines and said == ["after", "finally"][:0 if program != K6 else len(said)]
