"""bia bench on the example: the three files, the page in a real browser, targets side by side, services that die."""
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import BIN, SOURCE, free_port, wait_for_port


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{free_port()}\n    timeout: 1s\n  grpc:\n    addr: 127.0.0.1:{free_port()}\n    timeout: 1s\n")
    return path


def bench(*arguments, **options):
    return subprocess.run([str(BIN / "bia"), "bench", *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def started(config):
    return [SOURCE / "examples/helloworld", "--binary", BIN / "helloworld", "--conf", config]


def dump(page, tmp_path, width):
    """The page's DOM after its scripts ran, in headless Chromium without network."""
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                           "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}/chromium", f"--window-size={width},900",
                           "--virtual-time-budget=5000", "--dump-dom", f"file://{page}"], capture_output=True, text=True, timeout=90)
    return done.stdout


def test_the_experiment_writes_its_report(config, tmp_path):
    out = tmp_path / "report"
    done = bench(*started(config), "-u", 10, "-n", 5000, "-o", out)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((out / "result.json").read_text())
    loads = result["targets"][0]["loads"]
    assert [load["protocol"] for load in loads] == ["HTTP", "gRPC"]
    for load in loads:
        assert load["requests"] == 5000 and load["failed"] == 0 and load["partial"] == ""
        assert load["server_cpu_us_per_request"] > 0 and load["rss_peak_bytes"] > 1e6
        assert sum(point["count"] for point in load["points"]) == 5000
        assert load["latency_ms"]["p95"] >= load["latency_ms"]["med"] > 0
    text = (out / "result.md").read_text()
    assert "## HTTP" in text and "## gRPC" in text and "$ zelus run -u 10 -i 5000" in text and "http_req_duration" in text and "Response time histogram" in text
    assert "report: " in done.stdout and "requests/s" in done.stdout


def test_the_page_draws_its_charts_offline(config, tmp_path):
    out = tmp_path / "report"
    assert bench(*started(config), "-u", 5, "-n", 1000, "-o", out).returncode == 0
    page = out / "report.html"
    assert "http://" not in page.read_text().split('id="data"')[0]
    for width in (1280, 390):
        dom = dump(page, tmp_path, width)
        assert 'data-ready="true"' in dom
        assert dom.count("<canvas") >= 18
        for title in ("Requests per second", "Latency by percentile", "Server memory", "Open files and threads"):
            assert title in dom


def test_a_running_service_and_a_second_target(helloworld, config, tmp_path):
    out = tmp_path / "report"
    other = f"other=http=http://127.0.0.1:{helloworld.http},grpc=127.0.0.1:{helloworld.grpc}"
    done = bench("--http", f"http://127.0.0.1:{helloworld.http}", "--grpc", f"127.0.0.1:{helloworld.grpc}", "--pid", helloworld.process.pid,
                 "--target", other, "-u", 5, "-n", 500, "-o", out)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "result.json").read_text())
    assert [target["name"] for target in result["targets"]] == ["service", "other"]
    assert all(target["samples"] for target in result["targets"]), "the process that listens is found"
    assert "| HTTP | service | other |" in (out / "result.md").read_text()


def test_a_service_that_dies_leaves_a_partial_report(helloworld, tmp_path):
    out = tmp_path / "report"
    run = subprocess.Popen([BIN / "bia", "bench", "--http", f"http://127.0.0.1:{helloworld.http}", "--grpc", f"127.0.0.1:{helloworld.grpc}", "-u", "5",
                            "-n", "100000000", "-o", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    helloworld.process.send_signal(signal.SIGKILL)
    stdout, stderr = run.communicate(timeout=60)
    assert run.returncode == 1, stderr
    load = json.loads((out / "result.json").read_text())["targets"][0]["loads"][0]
    assert load["partial"] == "the service ended in mid-run" and load["requests"] > 0
    assert "is partial: the service ended in mid-run" in stdout


def test_ctrl_c_keeps_what_was_measured(helloworld, tmp_path):
    out = tmp_path / "report"
    run = subprocess.Popen([BIN / "bia", "bench", "--http", f"http://127.0.0.1:{helloworld.http}", "-u", "5", "-n", "100000000", "-o", out],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 1
    load = json.loads((out / "result.json").read_text())["targets"][0]["loads"][0]
    assert load["partial"] == "interrupted" and load["requests"] > 0


@pytest.mark.parametrize("arguments,text", [
    (["--nope"], "--nope"),
    (["-u", "0"], "--users \"0\" is not a number from 1"),
    (["-u", "50", "-n", "10"], "10 requests are fewer than 50 users"),
    (["/nowhere"], "/nowhere is not a folder"),
    (["--target", "x"], "has no name"),
    (["--http", "http://127.0.0.1:1"], "nothing listens on 127.0.0.1:1"),
    (["--pid", "1"], "--pid needs --http or --grpc"),
])
def test_mistakes_are_one_message_and_exit_1(arguments, text, tmp_path):
    done = bench(*arguments, cwd=tmp_path)
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert not os.path.exists(tmp_path / "report.html")


def test_a_port_in_use_is_said(helloworld, tmp_path):
    config = tmp_path / "config.yaml"
    done = bench(SOURCE / "examples/helloworld", "--binary", BIN / "helloworld", "--conf", config)
    assert done.returncode == 1 and f"127.0.0.1:{helloworld.http} is in use by process {helloworld.process.pid}" in done.stderr, done.stderr
