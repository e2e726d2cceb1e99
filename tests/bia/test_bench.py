"""bia bench on the example: the three files, the page in a real browser, targets side by side, services that die."""
import json
import os
import re
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


def dump(page, tmp_path, *flags):
    """The page's DOM after its scripts ran, in headless Chromium without network."""
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                           "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}/chromium", "--window-size=1280,900",
                           "--allow-file-access-from-files", *flags, "--virtual-time-budget=5000", "--dump-dom", f"file://{page}"],
                          capture_output=True, text=True, timeout=90)
    return done.stdout


def laid_out(page, tmp_path, width, *flags):
    """What the page looks like in a frame of that width: a window of Chromium's own is never narrower than 500."""
    frame = tmp_path / "frame.html"
    frame.write_text(f"""<iframe src="file://{page}" width="{width}" height="900" style="border:0"></iframe><pre id="found"></pre><script>
const frame = document.querySelector('iframe');
const look = () => {{
  const page = frame.contentDocument;
  if (!page.querySelector('[data-ready="true"]')) return setTimeout(look, 50);
  const drawn = [...page.querySelectorAll('canvas')].map(canvas => {{
    const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return bytes.some(byte => byte !== 0);
  }});
  document.querySelector('#found').textContent = JSON.stringify({{
    cut: [...page.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth).length,
    width: page.documentElement.clientWidth, needs: page.documentElement.scrollWidth, canvases: drawn.length, drawn: drawn.filter(Boolean).length,
    earliest: frame.contentWindow.eval("Math.min(...charts.map(chart => chart.scales.x.min))"),
    background: getComputedStyle(page.body).backgroundColor, text: getComputedStyle(page.body).color }});
}};
frame.onload = look;
</script>""")
    dom = dump(frame, tmp_path, *flags)
    found = dom.split('<pre id="found">')[1].split("</pre>")[0]
    assert found, dom[:2000]
    return json.loads(found)


def brightness(color):
    return sum(int(part) for part in re.findall(r"\d+", color)[:3])


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
    dom = dump(page, tmp_path)
    for title in ("Requests per second", "Latency by percentile", "Server memory", "Open files and threads"):
        assert title in dom
    for width in (1280, 390):
        found = laid_out(page, tmp_path, width)
        assert found["needs"] <= found["width"] <= width, "nothing to scroll sideways"
        assert found["cut"] == 0, "tables of one target fit a phone"
        assert found["earliest"] == 0, "a load begins at second 0"
        assert found["canvases"] >= 18 and found["drawn"] == found["canvases"]
        assert brightness(found["background"]) > brightness(found["text"]), "light where the reader's system is"
    dark = laid_out(page, tmp_path, 390, "--blink-settings=preferredColorScheme=0")
    assert brightness(dark["background"]) < brightness(dark["text"])


def test_a_load_that_fails_keeps_the_one_before(helloworld, tmp_path):
    done = bench("--http", f"http://127.0.0.1:{helloworld.http}", "--grpc", f"127.0.0.1:{helloworld.grpc}", "--call", "foo.Bar/Baz", "-u", 5, "-n", 500,
                 "-o", tmp_path)
    assert done.returncode == 1 and "foo.Bar" in done.stderr, done.stderr
    http, grpc = json.loads((tmp_path / "result.json").read_text())["targets"][0]["loads"]
    assert http["requests"] == 500 and http["partial"] == ""
    assert grpc["requests"] == 0 and "foo.Bar" in grpc["partial"]


def test_a_script_without_requests_is_no_success(helloworld, tmp_path):
    (tmp_path / "throws.js").write_text("export default function () { throw new Error('never asks'); }")
    done = bench("--http", f"http://127.0.0.1:{helloworld.http}", "--script", tmp_path / "throws.js", "-u", 5, "-n", 50, "-o", tmp_path)
    assert done.returncode == 1, done.stdout
    load = json.loads((tmp_path / "result.json").read_text())["targets"][0]["loads"][0]
    assert load["requests"] == 0 and load["partial"] == "0 of 50 requests were made"


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


def test_a_pid_that_does_not_listen_is_told(helloworld, tmp_path):
    done = bench("--http", f"http://127.0.0.1:{helloworld.http}", "--pid", os.getpid(), "-u", 1, "-n", 10, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"process {os.getpid()} does not listen on 127.0.0.1:{helloworld.http}, process {helloworld.process.pid} does" in done.stderr


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
    (["--http", "127.0.0.1:8080"], "\"127.0.0.1:8080\" is no address of an HTTP service (write http://HOST:PORT)"),
    (["--target", "x=http=ftp://x"], "\"ftp://x\" is no address of an HTTP service"),
    (["--http", "http://127.0.0.1:1", "--binary", "x"], "--binary is for a service that is started"),
    (["--http", "http://127.0.0.1:1", "--server-cpus", "0"], "--server-cpus is for services that are started"),
    (["--http", "http://127.0.0.1:1", "-o", "/proc/nope"], "/proc/nope: "),
])
def test_mistakes_are_one_message_and_exit_1(arguments, text, tmp_path):
    done = bench(*arguments, cwd=tmp_path)
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert not os.path.exists(tmp_path / "report.html")


def test_a_port_in_use_is_said(helloworld, tmp_path):
    config = tmp_path / "config.yaml"
    done = bench(SOURCE / "examples/helloworld", "--binary", BIN / "helloworld", "--conf", config)
    assert done.returncode == 1 and f"127.0.0.1:{helloworld.http} is in use by process {helloworld.process.pid}" in done.stderr, done.stderr
