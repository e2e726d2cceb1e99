"""How the bodies of requests are framed, byte for byte; beside k6, where it is installed."""
import os
import re
import shutil
import socketserver
import subprocess
import threading

from conftest import BIN

K6 = shutil.which("k6", path=os.path.expanduser("~/go/bin") + os.pathsep + os.environ["PATH"])
SCRIPT = """
import http from 'k6/http';
const at = (path) => `${__ENV.BASE}/${path}`;
export default async function () {
  http.post(at('post'));
  http.post(at('post-null'), null);
  http.post(at('post-empty'), '');
  http.post(at('post-form'), {});
  http.post(at('post-buffer'), new ArrayBuffer(0));
  http.put(at('put'));
  http.request('PUT', at('put-empty'), '');
  http.patch(at('patch'));
  http.patch(at('patch-empty'), '');
  http.del(at('delete'));
  http.del(at('delete-empty'), '');
  http.del(at('delete-body'), 'x');
  http.options(at('options-empty'), '');
  http.get(at('get'));
  http.head(at('head'));
  http.request('GET', at('get-empty'), '');
  http.request('GET', at('get-body'), 'x');
  http.request('FOO', at('foo'));
  http.request('FOO', at('foo-empty'), '');
  http.request('FOO', at('foo-body'), 'x');
  http.post(at('own-framing'), 'abc', { headers: { 'Transfer-Encoding': 'chunked', Trailer: 'X' } });
  http.post(at('own-framing-none'), null, { headers: { 'Transfer-Encoding': 'chunked' } });
  http.post(at('post-null-packed'), null, { compression: 'gzip' });
  http.post(at('307'), '');
  http.post(at('302'), '');
  http.batch([['POST', at('batch')]]);
  http.batch([['POST', at('batch-empty'), '']]);
  await http.asyncRequest('POST', at('async-empty'), '');
}
"""


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            head = [line.decode().rstrip()]
            while (line := self.rfile.readline().decode().rstrip()) != "":
                head.append(line)
            fields = {name.lower(): value for name, value in (each.split(": ", 1) for each in head[1:])}
            body = self.rfile.read(int(fields.get("content-length", 0)))
            if fields.get("transfer-encoding") == "chunked":
                while not body.endswith(b"0\r\n\r\n"):
                    body += self.rfile.readline()
            framing = [f"{name}: {fields[name]}" for name in ("content-length", "transfer-encoding", "trailer") if name in fields]
            self.server.seen.append((head[0], *framing, body))
            path = head[0].split()[1]
            redirect = path.strip("/") if re.fullmatch(r"/\d+", path) else ""
            self.wfile.write((f"HTTP/1.1 {redirect} Moved\r\nLocation: /after-{redirect}\r\n" if redirect else "HTTP/1.1 200 OK\r\n").encode()
                             + b"Content-Length: 0\r\n\r\n")


def requests_of(program, folder):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.seen = True, []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        done = subprocess.run([*program, "run", "-q", "--no-usage-report", "script.js"], cwd=folder, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "BASE": f"http://127.0.0.1:{server.server_address[1]}", "NO_PROXY": "*"})
        server.shutdown()
    assert done.returncode == 0, done.stderr
    return server.seen


def test_bodies_are_framed_as_k6_frames_them(tmp_path):
    (tmp_path / "script.js").write_text(SCRIPT)
    ours = requests_of([BIN / "zelus"], tmp_path)
    if K6:
        assert ours == requests_of([K6, "--address=localhost:0"], tmp_path)
    zero, chunked, nothing = ("content-length: 0", b""), ("transfer-encoding: chunked", b"0\r\n\r\n"), (b"",)
    by_path = {request.split()[1][1:]: rest for request, *rest in ours}
    for path, framing in {"post": zero, "post-null": zero, "post-empty": chunked, "post-form": chunked, "put": zero, "put-empty": chunked,
                          "delete": nothing, "delete-empty": nothing, "options-empty": nothing, "get-empty": nothing, "foo": nothing,
                          "foo-empty": chunked, "own-framing": ("content-length: 3", b"abc"), "after-307": chunked, "after-302": nothing}.items():
        assert tuple(by_path[path]) == framing, path
