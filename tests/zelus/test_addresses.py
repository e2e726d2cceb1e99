"""Where connections go: hosts, blockHostnames, blacklistIPs, dns, --local-ips, as k6 1.8.1 showed them."""
import http.server
import json
import subprocess
import threading

import pytest

from conftest import BIN

SCRIPT = """
import http from "k6/http";
export const options = {
  hosts: {
    "a.test": "127.0.0.1",
    "*.wild.test": "127.0.0.1:PORT",
    "p.test:81": "127.0.0.1:PORT",
    "bl.test": "10.1.2.3",
    "blocked.test": "127.0.0.1:PORT",
  },
  blockHostnames: ["Blocked.test", "*.evil.test"],
  blacklistIPs: ["10.0.0.0/8"],
};
export default function () {
  for (const url of ["http://a.test:PORT/", "http://x.WILD.test/", "http://p.test:81/", "http://blocked.test/", "http://A.EVIL.test/",
                     "http://bl.test/", "http://10.0.0.1:22/"]) {
    const r = http.get(url, { timeout: "3s" });
    console.log(JSON.stringify([url, r.status, r.error, r.error_code, r.remote_ip, r.body]));
  }
}
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"{self.headers['Host']} {self.client_address[0]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def run(folder, script, *flags):
    (folder / "s.js").write_text(script)
    return subprocess.run([BIN / "zelus", "run", "-q", "--summary-mode=disabled", "--log-format=json", *flags, "s.js"], cwd=folder,
                          env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)


def records(done):
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_hosts_blocked_names_and_blacklisted_nets(tmp_path, port):
    done = run(tmp_path, SCRIPT.replace("PORT", str(port)))
    assert done.returncode == 0, done.stderr
    logged = [json.loads(r["msg"]) for r in records(done) if r.get("source") == "console"]
    assert [row[1:5] for row in logged] == [
        [200, "", 0, "127.0.0.1"], [200, "", 0, "127.0.0.1"], [200, "", 0, "127.0.0.1"],
        [0, "hostname is blocked", 1111, ""], [0, "hostname is blocked", 1111, ""],
        [0, "ip is blacklisted", 1110, ""], [0, "ip is blacklisted", 1110, ""]]
    assert [row[5].split()[0].lower() for row in logged[:3]] == [f"a.test:{port}", "x.wild.test", "p.test:81"], "Host is the script's"
    assert [r["error"] for r in records(done) if r["msg"] == "Request Failed"] == [
        'Get "http://blocked.test/": hostname (blocked.test) is in a blocked pattern (blocked.test)',
        'Get "http://A.EVIL.test/": hostname (A.EVIL.test) is in a blocked pattern (*.evil.test)',
        'Get "http://bl.test/": IP (10.1.2.3) is in a blacklisted range (10.0.0.0/8)',
        'Get "http://10.0.0.1:22/": IP (10.0.0.1) is in a blacklisted range (10.0.0.0/8)']


def test_flags_do_the_same(tmp_path, port):
    script = f"""import http from "k6/http";
        export default function () {{ const r = http.get("http://127.0.0.1:{port}/"); console.log(r.error_code); }}"""
    done = run(tmp_path, script, "--blacklist-ip=127.0.0.0/8")
    assert [r["msg"] for r in records(done) if r.get("source") == "console"] == ["1110"]
    done = run(tmp_path, script.replace("127.0.0.1", "localhost"), "--block-hostnames=local*")
    assert done.returncode == 255 and "invalid hostname pattern 'local*'" in done.stderr
    done = run(tmp_path, script.replace("127.0.0.1", "localhost"), "--block-hostnames=*host")
    assert [r["msg"] for r in records(done) if r.get("source") == "console"] == ["1111"]


def test_local_ips_take_turns(tmp_path, port):
    script = f"""import http from "k6/http";
        export const options = {{ scenarios: {{ s: {{ executor: "per-vu-iterations", vus: 4, iterations: 1 }} }} }};
        export default function () {{ console.log(__VU + " " + http.get("http://127.0.0.1:{port}/").body.split(" ")[1]); }}"""
    done = run(tmp_path, script, "--local-ips=127.0.0.2,127.0.0.8-127.0.0.9")
    assert sorted(r["msg"] for r in records(done) if r.get("source") == "console") == [
        "1 127.0.0.2", "2 127.0.0.8", "3 127.0.0.9", "4 127.0.0.2"]


@pytest.mark.parametrize("dns", ["ttl=0", "ttl=inf,select=first,policy=onlyIPv4", "select=roundRobin,policy=any", "policy=preferIPv6"])
def test_names_are_looked_up(tmp_path, port, dns):
    script = f"""import http from "k6/http";
        export const options = {{ noConnectionReuse: true, iterations: 5, hosts: {{ "unused.test": "127.0.0.1" }} }};
        export default function () {{ console.log(http.get("http://localhost:{port}/").status); }}"""
    done = run(tmp_path, script, f"--dns={dns}")
    statuses = [r["msg"] for r in records(done) if r.get("source") == "console"]
    # Where localhost is ::1 too, that address is tried and refused.
    assert len(statuses) == 5 and ("200" in statuses or "IPv6" in dns or "any" in dns), done.stderr


@pytest.mark.parametrize("options, code, text", [
    ("hosts: {'a*b': '1.2.3.4'}", 104, "invalid host pattern 'a*b'"),
    ("hosts: {'a': 'nope'}", 104, 'option `hosts`: \\"nope\\" of a is no IP address'),
    ("blockHostnames: ['a*b']", 104, "invalid hostname pattern 'a*b'"),
    ("blacklistIPs: ['1.2.3']", 104, "failed to parse CIDR '1.2.3': invalid CIDR address: 1.2.3"),
])
def test_bad_options(tmp_path, options, code, text):
    done = run(tmp_path, f"export const options = {{ {options} }}; export default function () {{}}")
    assert done.returncode == code and text in done.stderr, done.stderr


@pytest.mark.parametrize("flag, text", [
    ("--local-ips=abc", "abc is not a valid IP, IP range or CIDR"),
    ("--local-ips=127.0.0.2-127.0.0.1", "negative IP range: 127.0.0.2-127.0.0.1"),
    ("--dns=ttl=x", "invalid DNS TTL: x"),
])
def test_bad_flags(tmp_path, flag, text):
    done = run(tmp_path, "export default function () {}", flag)
    assert done.returncode == 255 and text in done.stderr, done.stderr
