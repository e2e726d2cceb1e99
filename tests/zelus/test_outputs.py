"""zelus run -o json and csv as users run them; lines as real k6's."""
import csv
import gzip
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from certificates import Authority  # noqa: E402
from conftest import BIN  # noqa: E402

SCRIPT = """
import { check, group } from 'k6';
import { Counter, Trend } from 'k6/metrics';
const orders = new Counter('orders'), pick_time = new Trend('pick_time', true);
export const options = {
  iterations: 3, vus: 1, tags: { run: 'a<b>' }, systemTags: ['group', 'check', 'scenario', 'vu', 'iter'],
  thresholds: { pick_time: ['p(95)<500'], 'pick_time{kind:fast}': ['avg<500'] },
};
export default function () {
  orders.add(1234567);
  group('g', () => check(1, { ok: (x) => x === 1 }));
  pick_time.add(12.5, { kind: 'fast' });
}
"""


def run(tmp_path, *arguments, **variables):
    script = tmp_path / "script.js"
    script.write_text(SCRIPT)
    return subprocess.run([BIN / "zelus", "run", "--quiet", *arguments, script], env=dict(os.environ, **variables), text=True,
                          capture_output=True, timeout=60, cwd=tmp_path)


def test_json_lines(tmp_path):
    done = run(tmp_path, "-o", "json=out.json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert list(lines[0]) == ["type", "data", "metric"]
    definition = next(one for one in lines if one["type"] == "Metric" and one["metric"] == "pick_time")["data"]
    assert definition == {"name": "pick_time", "type": "trend", "contains": "time", "thresholds": ["p(95)<500"],
                          "submetrics": [{"name": "pick_time{kind:fast}", "suffix": "kind:fast", "tags": {"kind": "fast"}}]}
    points = [one for one in lines if one["type"] == "Point"]
    picked = [one for one in points if one["metric"] == "pick_time"]
    assert len(picked) == 3
    assert picked[0]["data"]["tags"] == {"group": "", "kind": "fast", "run": "a<b>", "scenario": "default"}
    assert [one["data"]["metadata"]["iter"] for one in picked] == ["0", "1", "2"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", picked[0]["data"]["time"])
    text = (tmp_path / "out.json").read_text()
    assert '"value":1.234567e+06' in text and "a\\u003cb\\u003e" in text, "as Go writes them"
    assert sum(one["metric"] == "iterations" for one in points) == 3
    checks = [one for one in points if one["metric"] == "checks"]
    assert checks[0]["data"]["tags"]["check"] == "ok" and checks[0]["data"]["tags"]["group"] == "::g"


def test_json_gzip_and_stdout(tmp_path):
    done = run(tmp_path, "-o", "json=out.json.gz", "-o", "json", "--summary-mode=disabled")
    assert done.returncode == 0, done.stderr
    zipped = gzip.decompress((tmp_path / "out.json.gz").read_bytes()).decode()
    assert zipped == "".join(line + "\n" for line in done.stdout.splitlines() if line.startswith("{"))


def test_a_run_that_cannot_begin_closes_its_files(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, "-o", "json=out.json.gz", "--address", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode != 0 and "Error from API server" in done.stderr
    zipped = (tmp_path / "out.json.gz").read_bytes()
    assert zipped, "closed, it has gzip's head and end"
    gzip.decompress(zipped)


def test_csv_lines(tmp_path):
    done = run(tmp_path, "-o", "csv=out.csv", K6_CSV_TIME_FORMAT="unix_milli")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader((tmp_path / "out.csv").open()))
    assert rows[0] == ["metric_name", "timestamp", "metric_value", "check", "group", "scenario", "extra_tags", "metadata"]
    row = next(one for one in rows if one[0] == "pick_time")
    assert re.fullmatch(r"\d{13}", row[1]) and row[2] == "12.500000"
    assert row[3:6] == ["", "", "default"]
    assert sorted(row[6].split("&")) == ["kind=fast", "run=a<b>"]
    assert sorted(row[7].split("&")) == ["iter=0", "vu=1"]


def test_files_that_cannot_be_opened(tmp_path):
    done = run(tmp_path, "-o", "json=/nonexist/x")
    assert done.returncode == 255 and "open /nonexist/x: no such file or directory" in done.stderr
    done = run(tmp_path, "-o", "csv=/nonexist/x")
    assert done.returncode == 255 and "could not create the 'csv' output: open /nonexist/x: no such file or directory" in done.stderr


def test_unknown_output(tmp_path):
    done = run(tmp_path, "-o", "nosuch")
    assert done.returncode == 255
    assert "invalid output type 'nosuch', available types are: cloud, csv, experimental-opentelemetry" in done.stderr
    done = run(tmp_path, "-o", "influxdb=http://127.0.0.1")
    assert done.returncode == 255 and "zelus does not have k6's output 'influxdb' yet" in done.stderr


def test_description_names_the_outputs(tmp_path):
    script = tmp_path / "script.js"
    script.write_text("export default function () {}\n")
    done = subprocess.run([BIN / "zelus", "run", "-o", "json=a.json", "-o", "csv=b.csv", script], text=True, capture_output=True, timeout=60,
                          cwd=tmp_path)
    assert "        output: json (a.json), csv (b.csv)\n" in done.stdout


def test_many_series_are_warned_of_and_cost_little(tmp_path):
    """k6's warning above 100,000 series; its promise of memory: 100,000 series of 10 samples within 500 MB."""
    (tmp_path / "s.js").write_text("""
        import { Trend } from "k6/metrics";
        const t = new Trend("tt");
        export const options = { vus: 1, iterations: 1 };
        export default function () {
          for (let i = 0; i < 100010; i++) {
            const tags = { id: String(i) };
            for (let j = 0; j < 10; j++) t.add(j, tags);
          }
        }""")
    import resource
    import subprocess
    done = subprocess.run([BIN / "zelus", "run", "-q", "s.js"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    assert "unique time series, which is higher than the suggested limit of 100000 and could cause high memory usage." in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 500 * 1024, "KiB"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what remote write sends; keeps how often, and who sent it."""
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.request.version(), self.request.getpeercert()))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_prometheus_over_tls_with_a_client_certificate(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    alice = authority.issue("alice", "alice", "DNS:alice.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output = ["-o", "experimental-prometheus-rw"]
    variables = {"K6_PROMETHEUS_RW_SERVER_URL": f"https://localhost:{server.server_port}/api/v1/write", "K6_PROMETHEUS_RW_PUSH_INTERVAL": "1s"}
    alices = {"K6_PROMETHEUS_RW_CLIENT_CERTIFICATE": str(alice[0]), "K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY": str(alice[1])}
    try:
        done = run(tmp_path, *output, **variables, **alices, SSL_CERT_FILE=str(authority.pem))
        assert done.returncode == 0 and "Failed to send" not in done.stderr, done.stderr
        assert server.seen and server.seen[0][1]["subject"] == ((("commonName", "alice"),),)
        server.seen.clear()
        done = run(tmp_path, *output, **variables, **alices, K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION="1.3", K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY="true")
        assert server.seen and server.seen[0][0] == "TLSv1.3", done.stderr
        server.seen.clear()
        assert "Failed to send the time series data" in run(tmp_path, *output, **variables, SSL_CERT_FILE=str(authority.pem)).stderr, "no client certificate"
        assert "unknown authority" in run(tmp_path, *output, **variables, **alices, SSL_CERT_FILE="/dev/null").stderr
        assert not server.seen
    finally:
        server.shutdown()
