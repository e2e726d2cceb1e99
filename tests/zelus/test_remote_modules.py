"""Scripts and modules from https:// URLs: texts and requests as those of k6 1.8.1."""
import hashlib
import http.server
import os
import shutil
import ssl
import subprocess
import threading

import pytest

from certificates import Authority
from conftest import BIN
from proxy import Proxy

FILES = {
    "/lib.js": "import { x } from './sub/y.js'; export const l = 'lib' + x;", "/sub/y.js": "export const x = 7;", "/unmarked.js": "export const n = 1;",
    "/file.js": "import 'file:///etc/passwd';", "/main.js": "import { l } from './lib.js'; export default function () { console.log(l, __VU); }",
    "/throw.js": "export function f() { throw new Error('remote'); }", "/common.js": "exports.c = 5;", "/typed.ts": "export const t: number = 4;",
}
SCRIPT = "import { l } from 'U/lib.js'; export default () => console.log(l);"


@pytest.fixture
def remote(tmp_path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append(self.path)
            path = self.path.split("?")[0]
            if path == "/moved.js":
                self.send_response(302)
                self.send_header("Location", "/lib.js")
            elif path == "/plain.js":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/lib.js")
            elif path == "/port.js":
                self.send_response(302)
                self.send_header("Location", "https://localhost:99999/lib.js")
            elif path == "/broken.js":
                self.send_response(503)
            elif path not in FILES or (path == "/unmarked.js" and "_k6" in self.path):
                self.send_response(404)
            else:
                self.send_response(200)
            body = FILES.get(path, "").encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    authority = Authority(tmp_path)
    certificate, key = authority.issue("server", names="DNS:localhost,IP:127.0.0.1,DNS:modules.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.seen, server.url, server.roots = [], f"https://localhost:{server.server_port}", str(authority.pem)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def run(remote, folder, script, *arguments, command="run"):
    (folder / "s.js").write_text(script.replace("U/", remote.url + "/"))
    return zelus(remote, folder, command, *arguments, "s.js")


def zelus(remote, folder, command, *arguments, **variables):
    quiet = ["-q", "--summary-mode=disabled", "--log-format=raw"] if command == "run" else []
    return subprocess.run([BIN / "zelus", command, *quiet, *arguments], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "SSL_CERT_FILE": remote.roots, "XDG_CACHE_HOME": str(folder / "cache"), **variables})


@pytest.mark.parametrize("script, said, requests", [
    ("import { l } from 'U/lib.js'; export default () => console.log(l);", "lib7", ["/lib.js?_k6=1", "/sub/y.js?_k6=1"]),
    ("import { l } from 'U/moved.js'; export default () => console.log(l);", "lib7", ["/moved.js?_k6=1", "/lib.js", "/sub/y.js?_k6=1"]),
    ("import { n } from 'U/unmarked.js'; export default () => console.log(n);", "1", ["/unmarked.js?_k6=1", "/unmarked.js"]),
    ("const { c } = require('U/common.js'); export default () => console.log(c);", "5", ["/common.js?_k6=1"]),
    ("import { t } from 'U/typed.ts'; export default () => console.log(t);", "4", ["/typed.ts?_k6=1"]),
    ("export default () => console.log(import.meta.resolve('U/lib.js'));", "U/lib.js", []),
])
def test_imports(remote, tmp_path, script, said, requests):
    done = run(remote, tmp_path, script)
    if "decorat" not in done.stderr and "typed" in script and "TypeScript" in done.stderr:
        pytest.skip("built without TypeScript")
    assert done.stderr == said.replace("U/", remote.url + "/") + "\n" and done.returncode == 0
    assert remote.seen == requests


@pytest.mark.parametrize("script, told", [
    ("import 'U/none.js'; export default () => {};", 'The moduleSpecifier "U/none.js" couldn\'t be retrieved from the resolved url "U/none.js". Error : "not found: U/none.js"'),
    ("import 'U/broken.js'; export default () => {};", 'Error : "wrong status code (503) for: U/broken.js"'),
    ("import 'U/file.js'; export default () => {};", "origin (U/) not allowed to load local file: file:///etc/passwd"),
    ("import 'U/plain.js'; export default () => {};", "which is not https"),
    ("import 'https://127.0.0.1:1/x.js'; export default () => {};", 'Error : "Get "https://127.0.0.1:1/x.js": dial tcp 127.0.0.1:1: connect: connection refused"'),
    ("import 'https://localhost:99999/x.js'; export default () => {};", 'Error : "Get "https://localhost:99999/x.js": dial tcp: address 99999: invalid port"'),
    ("import 'U/port.js'; export default () => {};", 'Error : "Get "U/port.js": dial tcp: address 99999: invalid port"'),
    ("import { f } from 'U/throw.js'; export default () => f();", "Error: remote\n\tat f (U/throw.js:1:"),
])
def test_errors(remote, tmp_path, script, told):
    done = run(remote, tmp_path, script)
    assert told.replace("U/", remote.url + "/") in done.stderr, done.stderr


def test_an_unknown_authority_is_not_trusted(remote, tmp_path):
    done = zelus(remote, tmp_path, "run", remote.url + "/main.js", SSL_CERT_FILE="/dev/null")
    assert done.returncode == 255 and "certificate" in done.stderr and remote.seen == []


def test_the_script_itself(remote, tmp_path):
    done = zelus(remote, tmp_path, "run", remote.url + "/main.js")
    assert (done.stderr, done.returncode) == ("lib7 1\n", 0)
    done = zelus(remote, tmp_path, "run", remote.url + "/none.js")
    assert done.returncode == 255
    assert f'The moduleSpecifier "{remote.url}/none.js" couldn\'t be retrieved' in done.stderr and f"not found: {remote.url}/none.js" in done.stderr


def test_an_archive_needs_no_network(remote, tmp_path):
    assert run(remote, tmp_path, "import { l } from 'U/lib.js'; export default () => console.log(l);", "-O", "a.tar", command="archive").returncode == 0
    remote.seen.clear()
    done = zelus(remote, tmp_path, "run", "a.tar")
    assert (done.stderr, done.returncode, remote.seen) == ("lib7\n", 0, [])


@pytest.fixture
def changed():
    """Lets a test change what the server has."""
    before = dict(FILES)
    yield FILES
    FILES.clear()
    FILES.update(before)


def test_each_run_fetches_anew_and_the_cache_stands_in_without_network(remote, tmp_path, changed):
    assert run(remote, tmp_path, SCRIPT).stderr == "lib7\n"
    changed["/sub/y.js"] = "export const x = 8;"
    assert run(remote, tmp_path, SCRIPT).stderr == "lib8\n"
    remote.seen.clear()
    done = run(remote, tmp_path, SCRIPT, "--modules-offline")
    assert (done.stderr, done.returncode, remote.seen) == ("lib8\n", 0, [])
    assert run(remote, tmp_path, SCRIPT, "--modules-offline", command="inspect").returncode == 0
    remote.shutdown()
    remote.server_close()
    done = run(remote, tmp_path, SCRIPT)
    assert done.returncode == 0 and done.stderr.endswith("lib8\n")
    assert done.stderr.count("A module could not be fetched; the last copy on disk is used\n") == 2


def test_offline_needs_the_cache(remote, tmp_path):
    done = run(remote, tmp_path, SCRIPT, "--modules-offline")
    assert done.returncode == 107 and remote.seen == []
    assert f"{remote.url}/lib.js is not in the cache ({tmp_path}/cache/zelus/modules), and --modules-offline forbids the network; run once without it" in done.stderr
    done = zelus(remote, tmp_path, "run", remote.url + "/main.js", ZELUS_MODULES_OFFLINE="true")
    assert done.returncode == 255 and "is not in the cache" in done.stderr


def test_a_lock_holds_what_was_locked(remote, tmp_path, changed):
    assert run(remote, tmp_path, SCRIPT, "--modules-lock").stderr == "lib7\n"
    lock = (tmp_path / "zelus.lock").read_text()
    locked = [line.split(" ", 1) for line in lock.splitlines() if not line.startswith("#")]
    assert [(url, hash == hashlib.sha256(FILES[url[len(remote.url):]].encode()).hexdigest()) for hash, url in locked] == [
        (remote.url + "/lib.js", True), (remote.url + "/sub/y.js", True)]
    # From the cache, without a request, whatever the server says now.
    changed["/sub/y.js"] = "export const x = 9;"
    remote.seen.clear()
    assert run(remote, tmp_path, SCRIPT).stderr == "lib7\n" and remote.seen == []
    # Without the cache the change is seen, and refused.
    shutil.rmtree(tmp_path / "cache")
    done = run(remote, tmp_path, SCRIPT)
    assert done.returncode == 107 and f"{remote.url}/sub/y.js is no longer what zelus.lock has: SHA-256" in done.stderr, done.stderr
    assert "if the change is meant, run once with --modules-lock" in done.stderr
    assert run(remote, tmp_path, SCRIPT, "--modules-lock").stderr == "lib9\n"
    assert run(remote, tmp_path, SCRIPT).stderr == "lib9\n"
    # A module more is not let in silently.
    done = run(remote, tmp_path, SCRIPT + " import 'U/common.js';")
    assert done.returncode == 107 and f"zelus.lock has no {remote.url}/common.js; run once with --modules-lock to add it" in done.stderr


def test_a_lock_is_beside_the_script_and_holds_for_the_script_itself(remote, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/s.js").write_text(SCRIPT.replace("U/", remote.url + "/"))
    assert zelus(remote, tmp_path, "run", "--modules-lock", "deep/s.js").returncode == 0
    assert (tmp_path / "deep/zelus.lock").exists() and not (tmp_path / "zelus.lock").exists()
    (tmp_path / "deep/zelus.lock").write_text("nonsense\n")
    done = zelus(remote, tmp_path, "run", "deep/s.js")
    assert done.returncode == 255 and 'deep/zelus.lock:1: expected "SHA-256 URL"' in done.stderr
    assert zelus(remote, tmp_path, "run", remote.url + "/main.js", ZELUS_MODULES_LOCK="1").stderr == "lib7 1\n"
    assert (tmp_path / "zelus.lock").read_text().count("https://") == 3 + 1  # its first line speaks of them
    remote.seen.clear()
    assert zelus(remote, tmp_path, "run", remote.url + "/main.js").stderr == "lib7 1\n" and remote.seen == []


def test_through_a_proxy(remote, tmp_path):
    proxy = Proxy(ports={443: remote.server_port})
    (tmp_path / "s.js").write_text("import { l } from 'https://modules.test/lib.js'; export default () => console.log(l);")  # a name that only the proxy knows
    done = zelus(remote, tmp_path, "run", "s.js", HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY="", no_proxy="")
    assert (done.stderr, done.returncode, set(proxy.seen)) == ("lib7\n", 0, {"CONNECT modules.test:443 HTTP/1.1"})
