"""What flags, their variables and the options of the same meaning do: beside real k6 1.8.1, and that a run without them does something else.

test_flags compares how values are read; this file compares what a server sees, what the script finds, and what is in the files. A row's runs differ in how the option is given.
"""
import http.server
import json
import os
import re
import socketserver
import subprocess
import threading
import time

import pytest

from conftest import BIN
from test_differential import K6, needs_k6

SCRIPT = """
import http from 'k6/http';
import { Rate } from 'k6/metrics';
export const options = {OPTIONS};
const good = new Rate('good');
const base = __ENV.BASE;
let last = 0;
export function setup() { console.log('setup'); }
export default function () {
  BODY
}
export function teardown() { console.log('teardown'); }
"""
ONCE = "http.get(`${base}/one`);"
TWICE = "http.get(`${base}/one`); http.get(`${base}/two`);"
BATCH = "http.batch(Array.from({ length: 12 }, (_, i) => `${base}/slow?${i}`));"
LIMITED = "const begin = Date.now(); for (let i = 0; i < 5; ++i) http.get(`${base}/one`); console.log(Date.now() - begin >= 150);"
LASTS = "console.log(last === 0 || Date.now() - last >= 250); last = Date.now();"
THROWS = "try { console.log(http.get('http://127.0.0.1:1/').error_code); } catch (e) { console.log('thrown'); }"
CODE = "console.log(http.get(`${base}/one`).error_code);"
NAMED_CODE = "console.log(http.get(base.replace('127.0.0.1', 'localhost') + '/one').error_code);"


def forms(flag, variable, option, value="true", more=""):
    """The three ways of a value: [(flags, environment, options)]."""
    ways = [([f"--{flag}={value}"], {}, f"{{ {more} }}"), ([], {variable: value}, f"{{ {more} }}")]
    if option:
        ways.append(([], {}, f"{{ {option}, {more} }}"))
    return ways


#: name: (body, runs, options of the run without it)
EFFECTS = {
    "no-setup": ("", forms("no-setup", "K6_NO_SETUP", "noSetup: true"), ""),
    "no-teardown": ("", forms("no-teardown", "K6_NO_TEARDOWN", "noTeardown: true"), ""),
    "vus": ("console.log('iteration of', __VU > 0);", [(["-u", "2", "-i", "4"], {}, "{}"), ([], {"K6_VUS": "2", "K6_ITERATIONS": "4"}, "{}"), ([], {}, "{ vus: 2, iterations: 4 }")], ""),
    "max-redirects": ("console.log(http.get(`${base}/hop/4`).status);", forms("max-redirects", "K6_MAX_REDIRECTS", "maxRedirects: 2", "2"), ""),
    "user-agent": (ONCE, forms("user-agent", "K6_USER_AGENT", "userAgent: 'mine'", "mine") + [(["--user-agent="], {}, "{}")], ""),
    "throw": (THROWS, forms("throw", "K6_THROW", "throw: true") + [(["-w"], {}, "{}")], ""),
    "discard-response-bodies": ("console.log(http.get(`${base}/one`).body, http.get(`${base}/one`, { responseType: 'text' }).body);",
                                forms("discard-response-bodies", "K6_DISCARD_RESPONSE_BODIES", "discardResponseBodies: true"), ""),
    "no-connection-reuse": (TWICE, forms("no-connection-reuse", "K6_NO_CONNECTION_REUSE", "noConnectionReuse: true", more="iterations: 3"), "iterations: 3"),
    "no-vu-connection-reuse": (TWICE, forms("no-vu-connection-reuse", "K6_NO_VU_CONNECTION_REUSE", "noVUConnectionReuse: true", more="iterations: 3"), "iterations: 3"),
    "no-cookies-reset": (ONCE, [([], {"K6_NO_COOKIES_RESET": "true"}, "{ iterations: 3 }"), ([], {}, "{ iterations: 3, noCookiesReset: true }")], "iterations: 3"),
    "batch": (BATCH, forms("batch", "K6_BATCH", "batch: 1", "1"), ""),
    "batch-per-host": (BATCH, forms("batch-per-host", "K6_BATCH_PER_HOST", "batchPerHost: 1", "1"), ""),
    "rps": (LIMITED, forms("rps", "K6_RPS", "rps: 20", "20"), ""),
    "min-iteration-duration": (LASTS, forms("min-iteration-duration", "K6_MIN_ITERATION_DURATION", "minIterationDuration: '300ms'", "300ms", "iterations: 2"), "iterations: 2"),
    "blacklist-ip": (CODE, forms("blacklist-ip", "K6_BLACKLIST_IPS", "blacklistIPs: ['127.0.0.0/8']", "127.0.0.0/8"), ""),
    "block-hostnames": (NAMED_CODE, forms("block-hostnames", "K6_BLOCK_HOSTNAMES", "blockHostnames: ['local*', '*host']", "*host")[:2], ""),
    "local-ips": (ONCE, forms("local-ips", "K6_LOCAL_IPS", None, "127.0.0.7"), ""),
    "console-output": ("console.log('into a file');", forms("console-output", "K6_CONSOLE_OUTPUT", None, "c.txt"), ""),
    "env": ("console.log(__ENV.FOO, __ENV.WHO);", [(["-e", "FOO=bar"], {}, "{}"), (["--env", "WHO=you"], {}, "{}"), (["-e", "WHO"], {}, "{}")], ""),
    "include-system-env-vars": ("console.log(__ENV.WHO);", forms("include-system-env-vars", "K6_INCLUDE_SYSTEM_ENV_VARS", None, "false"), ""),
    "compatibility-mode": ("console.log(typeof global);", forms("compatibility-mode", "K6_COMPATIBILITY_MODE", None, "base"), ""),
    "no-thresholds": ("good.add(false);", forms("no-thresholds", "K6_NO_THRESHOLDS", None, more="thresholds: { good: ['rate>0.5'] }"), "thresholds: { good: ['rate>0.5'] }"),
    "tag": (ONCE, [(["--tag", "a=b"], {}, "{}"), ([], {"K6_TAGS": "a:b"}, "{}"), ([], {}, "{ tags: { a: 'b' } }")], ""),
    "system-tags": (ONCE, forms("system-tags", "K6_SYSTEM_TAGS", "systemTags: ['status', 'vu']", "status,vu"), ""),
    "no-summary": ("", [(["--summary-mode=disabled"], {}, "{}"), ([], {"K6_SUMMARY_MODE": "disabled"}, "{}")], ""),
    "summary-export": ("", forms("summary-export", "K6_SUMMARY_EXPORT", None, "s.json"), ""),
    "out": ("", [(["-o", "csv=o.csv"], {}, "{}"), (["--out=csv=o.csv"], {}, "{}")], ""),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1
            self.number = self.server.connections

    def do_GET(self):
        server = self.server
        with server.lock:
            server.at_once += 1
            server.most = max(server.most, server.at_once)
            slow = self.path.startswith("/slow")
            server.requests.append(("slow" if slow else (self.number, self.path, self.headers.get("User-Agent"), self.headers.get("Cookie"), self.client_address[0])))
        if slow:
            time.sleep(0.1)
        with server.lock:
            server.at_once -= 1
        hops = re.fullmatch(r"/hop/(\d+)", self.path)
        self.send_response(302 if hops and int(hops[1]) else 200)
        if hops and int(hops[1]):
            self.send_header("Location", f"/hop/{int(hops[1]) - 1}")
        self.send_header("Set-Cookie", "sid=1; Path=/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def begin(self):
        self.lock, self.connections, self.at_once, self.most, self.requests = threading.Lock(), 0, 0, 0, []


@pytest.fixture(scope="module")
def server():
    serving = Server(("127.0.0.1", 0), Handler)
    serving.begin()
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield serving
    serving.shutdown()


def points(path, port):
    """Which samples have which tags: [(metric, tags, metadata)] without repetitions."""
    found = set()
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "Point" and record["metric"] in ("http_reqs", "iterations", "good"):
            data = record["data"]
            found.add((record["metric"], json.dumps(data["tags"], sort_keys=True).replace(str(port), "PORT"), json.dumps(data.get("metadata"), sort_keys=True)))
    return sorted(found)


def effect(program, server, folder, body, flags, environment, options):
    folder.mkdir()
    (folder / "script.js").write_text(SCRIPT.replace("{OPTIONS}", options).replace("BODY", body))
    server.begin()
    port = server.server_address[1]
    done = subprocess.run([program, "run", "--no-usage-report", "--log-format=raw", "--out", "json=points.json", *flags, "-e", f"BASE=http://127.0.0.1:{port}", "script.js"], cwd=folder,
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, env={"HOME": str(folder), "PATH": os.environ["PATH"], "WHO": "me", **environment})
    lines = sorted(line for line in done.stderr.splitlines() if line and "bind: address already in use" not in line)
    return {"code": done.returncode, "log": lines, "points": points(folder / "points.json", port), "at once": server.most, "summary": "TOTAL RESULTS" in done.stdout,
            "requests": sorted(map(str, server.requests)),
            "files": {path.name: path.stat().st_size > 0 for path in folder.iterdir() if path.name not in ("script.js", "points.json")}}


def without_version(result):
    return json.loads(re.sub(r"Grafana k6/[\d.]+", "AGENT", json.dumps(result)))


@needs_k6
@pytest.mark.parametrize("name", EFFECTS)
def test_effect(server, tmp_path, name):
    body, runs, plain = EFFECTS[name]
    without = effect(BIN / "zelus", server, tmp_path / "plain", body, [], {}, f"{{ {plain} }}")
    for number, (flags, environment, options) in enumerate(runs):
        got = effect(BIN / "zelus", server, tmp_path / f"zelus{number}", body, flags, environment, options)
        want = effect(K6, server, tmp_path / f"k6-{number}", body, flags, environment, options)
        assert without_version(got) == without_version(want), (flags, environment, options)
        assert got != without, f"no effect: {flags} {environment} {options}"
