"""zelus run -o experimental-prometheus-rw against a real Prometheus."""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from conftest import BIN, free_port  # noqa: E402

assert shutil.which("prometheus"), "Debian's prometheus is not installed: scripts/setup test"

SCRIPT = """
import { sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const orders = new Counter('orders'), stock = new Gauge('stock'), bought = new Rate('bought');
const pick_time = new Trend('pick_time', true);
export const options = { vus: 2, duration: '3s', tags: { team: 'a' } };
export default function () {
  orders.add(2); stock.add(7); bought.add(__ITER % 2 === 0); pick_time.add(250, { kind: 'fast' });
  sleep(0.1);
}
"""


@pytest.fixture
def prometheus(start, tmp_path):
    """The base URL of a Prometheus that takes remote writes."""
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n")
    url = f"http://127.0.0.1:{port}"
    start(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}",
           "--web.enable-remote-write-receiver", "--enable-feature=native-histograms"],
          port=port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            urllib.request.urlopen(url + "/-/ready", timeout=1)
            return url
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prometheus did not get ready")


def query(url, expression):
    """{labels without __name__ as JSON: value} of an instant query."""
    with urllib.request.urlopen(url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression}), timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return [(one["metric"], float(one["value"][1])) for one in result]


def run(tmp_path, url, **variables):
    script = tmp_path / "script.js"
    script.write_text(SCRIPT)
    environment = dict(os.environ, K6_PROMETHEUS_RW_SERVER_URL=url, K6_PROMETHEUS_RW_PUSH_INTERVAL="1s", **variables)
    return subprocess.run([BIN / "zelus", "run", "--quiet", "-o", "experimental-prometheus-rw", script], env=environment, text=True,
                          capture_output=True, timeout=60)


def test_series_and_labels(prometheus, tmp_path):
    done = run(tmp_path, prometheus + "/api/v1/write", K6_PROMETHEUS_RW_TREND_STATS="p(95),avg,max")
    assert done.returncode == 0, done.stderr
    [(labels, orders)] = query(prometheus, "k6_orders_total")
    assert labels["team"] == "a" and labels["scenario"] == "default"
    assert orders > 0 and orders % 2 == 0
    assert query(prometheus, "k6_stock")[0][1] == 7
    assert 0 < query(prometheus, "k6_bought_rate")[0][1] < 1
    for stat in ("p95", "avg", "max"):
        [(labels, value)] = query(prometheus, f"k6_pick_time_{stat}")
        assert labels["kind"] == "fast" and value == 0.25, "times are seconds"
    [(_, iterations)] = query(prometheus, "k6_iterations_total")
    assert iterations * 2 == orders
    assert query(prometheus, "count_over_time(k6_orders_total[5m])")[0][1] >= 3, "pushed once a second"
    assert "level=error" not in done.stderr


def test_native_histogram(prometheus, tmp_path):
    done = run(tmp_path, prometheus + "/api/v1/write", K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM="true")
    assert done.returncode == 0, done.stderr
    [(_, count)] = query(prometheus, "histogram_count(k6_pick_time_seconds)")
    [(_, iterations)] = query(prometheus, "k6_iterations_total")
    assert count == iterations
    [(_, median)] = query(prometheus, "histogram_quantile(0.5, k6_pick_time_seconds)")
    assert 0.22 < median <= 0.25


def test_no_sample_is_lost(prometheus, tmp_path):
    """Each of 30,000 iterations' samples arrives, from users of all threads, whichever push they fall into."""
    script = tmp_path / "many.js"
    script.write_text("import { Counter, Rate, Trend } from 'k6/metrics';\n"
                      "const orders = new Counter('orders'), odd = new Counter('odd'), took = new Trend('took', true), ok = new Rate('ok');\n"
                      "export const options = { vus: 50, iterations: 30000 };\n"
                      "export default function () {\n"
                      "  for (let i = 0; i < 10; ++i) took.add(i, { step: String(i) });\n"
                      "  orders.add(3, { user: String(__VU) });\n  if (__ITER % 2) odd.add(1);\n  ok.add(__VU % 2 === 0);\n}\n")
    environment = dict(os.environ, K6_PROMETHEUS_RW_SERVER_URL=prometheus + "/api/v1/write", K6_PROMETHEUS_RW_PUSH_INTERVAL="50ms",
                       K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM="true")
    done = subprocess.run([BIN / "zelus", "run", "-o", "experimental-prometheus-rw", "--summary-export", tmp_path / "summary.json", script],
                          env=environment, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0 and "level=error" not in done.stderr, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())["metrics"]
    assert query(prometheus, "k6_iterations_total")[0][1] == 30000
    assert query(prometheus, "sum(k6_orders_total)")[0][1] == 90000
    assert query(prometheus, "count(k6_orders_total)")[0][1] == 50
    assert query(prometheus, "k6_odd_total")[0][1] == summary["odd"]["count"]
    assert query(prometheus, "sum(histogram_count(k6_took_seconds))")[0][1] == 300000
    assert query(prometheus, "histogram_count(k6_iteration_duration_seconds)")[0][1] == 30000
    assert query(prometheus, "k6_ok_rate")[0][1] == pytest.approx(summary["ok"]["value"], abs=1e-9)


def test_stale_markers(prometheus, tmp_path):
    done = run(tmp_path, prometheus + "/api/v1/write", K6_PROMETHEUS_RW_STALE_MARKERS="true")
    assert done.returncode == 0, done.stderr
    time.sleep(0.2)
    assert query(prometheus, "k6_orders_total") == []
    assert query(prometheus, "last_over_time(k6_orders_total[5m])") != []


def test_unreachable_prometheus_does_not_stop_the_run(tmp_path):
    done = run(tmp_path, "http://127.0.0.1:1/api/v1/write")
    assert done.returncode == 0
    assert ('level=error msg="Failed to send the time series data to the endpoint" error="HTTP POST request failed: Post '
            '\\"http://127.0.0.1:1/api/v1/write\\": dial tcp 127.0.0.1:1: connect: connection refused" '
            'output="Prometheus remote write"') in done.stderr


def test_bad_settings_end_with_255(tmp_path):
    done = run(tmp_path, "http://127.0.0.1:1/", K6_PROMETHEUS_RW_TREND_STATS="p99")
    assert done.returncode == 255
    assert "could not create the 'experimental-prometheus-rw' output: invalid trend stat 'p99', unknown format" in done.stderr
