"""--latency-from=due: a server that stalls cannot hide behind iterations that start late."""
import http.server
import json
import subprocess
import threading

from conftest import BIN

SCRIPT = """
import http from "k6/http";
export const options = { scenarios: { s: { executor: "ramping-arrival-rate", startRate: 20, preAllocatedVUs: 1, maxVUs: 1,
  stages: [{ duration: "2s", target: 20 }] } } };
export default function () {
  // One slow start: what is due meanwhile begins late, as users do when JavaScript keeps a thread busy.
  if (__ITER === 5) { const until = Date.now() + 400; while (Date.now() < until); }
  http.get("http://127.0.0.1:PORT/");
}
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def run(folder, *flags):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "s.js").write_text(SCRIPT.replace("PORT", str(server.server_port)))
    done = subprocess.run([BIN / "zelus", "run", "-q", "--summary-export=e.json", *flags, "s.js"], cwd=folder, capture_output=True, text=True,
                          timeout=60, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    server.shutdown()
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "e.json").read_text())["metrics"]


def test_due(tmp_path):
    text, metrics = run(tmp_path, "--latency-from=due")
    assert "durations count from when each iteration was due (--latency-from=due)" in text
    delay = metrics["iteration_start_delay"]
    assert delay["min"] >= 0 and delay["max"] < 30_000
    # The request's duration has the delay of its iteration in it, and so has the iteration's.
    assert metrics["http_req_duration"]["avg"] >= delay["avg"] and metrics["iteration_duration"]["avg"] >= delay["avg"]
    assert metrics["http_req_duration"]["max"] >= delay["max"]


def test_off_by_default(tmp_path):
    text, metrics = run(tmp_path)
    assert "durations count from" not in text and "iteration_start_delay" not in metrics


def test_refuses_other_values(tmp_path):
    (tmp_path / "s.js").write_text("export default function () {}")
    done = subprocess.run([BIN / "zelus", "run", "--latency-from=x", "s.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 255 and "--latency-from" in done.stderr
