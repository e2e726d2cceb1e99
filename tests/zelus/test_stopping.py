"""What ends a run early: signals in the middle of waits, functions that take too long, a gracefulStop of nothing."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from conftest import BIN  # noqa: E402

# What a loaded machine may add to something that takes no time; every wait of the scripts is far longer.
PATIENCE = 30


@pytest.fixture
def zelus(tmp_path):
    def run(script, *arguments):
        path = tmp_path / "script.js"
        path.write_text(script)
        return subprocess.Popen([BIN / "zelus", "run", "--summary-mode=compact", *arguments, path], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=tmp_path)
    return run


@pytest.fixture
def silent_server():
    """Accepts and never answers; `.asked` is set when a request has come."""
    class Silent:
        asked = threading.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        kept = []
    def serve():
        while True:
            try:
                peer, _ = Silent.listener.accept()
            except OSError:
                return
            Silent.kept.append(peer)
            if peer.recv(100):
                Silent.asked.set()
    threading.Thread(target=serve, daemon=True).start()
    yield Silent
    Silent.listener.close()
    for peer in Silent.kept:
        peer.close()


def wait_for_line(process, text):
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"ended without {text!r}")


WAITS = """
import { sleep } from 'k6';
export const options = { vus: 2, duration: '1h', gracefulStop: '1h' };
export default function () { console.error('waiting'); sleep(3600); }
export function teardown() { console.error('teardown ran'); }
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sleep(zelus, number):
    process = zelus(WAITS)
    wait_for_line(process, "waiting")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 105, err
    assert "teardown ran" in err
    assert "iteration" in out, "the summary is printed"


def test_a_signal_ends_a_request(zelus, silent_server):
    process = zelus(f"""
import http from 'k6/http';
export const options = {{ vus: 1, iterations: 1 }};
export default function () {{ http.get('http://127.0.0.1:{silent_server.port}/', {{ timeout: '1h' }}); }}
""")
    assert silent_server.asked.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 105, err


def test_a_test_that_aborts_ends_the_others_waits(zelus):
    process = zelus("""
import exec from 'k6/execution';
import { sleep } from 'k6';
export const options = { scenarios: {
  waits: { executor: 'per-vu-iterations', exec: 'waits', vus: 2, gracefulStop: '1h' },
  aborts: { executor: 'per-vu-iterations', exec: 'aborts', startTime: '1s' } } };
export function waits() { sleep(3600); }
export function aborts() { exec.test.abort('enough'); }
""")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 108, err
    assert "test aborted: enough" in err


@pytest.mark.parametrize("body", ["sleep(3600)", "for (;;) {}"])
def test_a_signal_in_setup_keeps_the_summary(zelus, body):
    process = zelus(f"""
import {{ sleep }} from 'k6';
export function setup() {{ console.error('setting up'); {body}; }}
export default function () {{}}
export function handleSummary() {{ return {{ stdout: 'the summary' }}; }}
""")
    wait_for_line(process, "setting up")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 105, err
    assert "the summary" in out, err


@pytest.mark.parametrize("function, code", [("setup", 100), ("teardown", 101)])
@pytest.mark.parametrize("body", ["sleep(3600)", "for (;;) {}"])
def test_functions_have_their_time(zelus, function, code, body):
    process = zelus(f"""
import {{ sleep }} from 'k6';
export const options = {{ {function}Timeout: '1s' }};
export function {function}() {{ {body}; }}
export default function () {{}}
""")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    assert f"{function}() execution timed out after 1 seconds" in err
    assert code == 100 or "iterations" in out, "a late teardown costs no summary"


@pytest.mark.parametrize("executor", ["shared-iterations", "per-vu-iterations"])
def test_no_grace_interrupts_each_user_once(zelus, tmp_path, executor):
    process = zelus(f"""
import {{ sleep }} from 'k6';
export const options = {{ scenarios: {{ a: {{ executor: '{executor}', vus: 2, iterations: 100, maxDuration: '1s', gracefulStop: '0s' }} }} }};
export default function () {{ sleep(0.3); }}
""", "--summary-export=out.json")
    out, _ = process.communicate(timeout=PATIENCE)
    complete, interrupted = map(int, re.findall(r"(\d+) complete and (\d+) interrupted iterations", out)[-1])
    assert interrupted == 2, out
    dropped = json.loads((tmp_path / "out.json").read_text())["metrics"]["dropped_iterations"]["count"]
    planned = 100 if executor == "shared-iterations" else 200
    assert complete + interrupted + dropped == planned


@pytest.mark.parametrize("teardown", ["function teardown() { for (let i = 0; i < 20; ++i) { console.error('td', i); sleep(0.3); } }",
                                      "async function teardown() { for (let i = 0; i < 20; ++i) { console.error('td', i); await new Promise((r) => setTimeout(r, 300)); } }"])
def test_a_signal_lets_teardown_finish(zelus, teardown):
    process = zelus(f"""
import {{ sleep }} from 'k6';
export default function () {{ }}
export {teardown}
""")
    wait_for_line(process, "td 0")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 105, err
    assert "td 19" in err
    assert "iteration" in out, "the summary is printed"


LINGERS = """
export default function () { }
export function teardown() { console.error('teardown ran'); }
"""


def wait_for_linger(process):
    for line in process.stdout:
        if "--linger was enabled" in line:
            return
    pytest.fail("ended without lingering")


@pytest.mark.parametrize("summary", ["", "export function handleSummary(data) { return { stdout: `iteration ${data.metrics.iterations.values.count}`, 'own.txt': 'x' }; }"])
def test_a_signal_ends_lingering_with_the_summary(zelus, tmp_path, summary):
    process = zelus(LINGERS + summary, "--linger", f"--summary-export={tmp_path}/export.json")
    wait_for_linger(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "teardown ran" in err and "failed" not in err
    assert "iteration" in out
    assert json.loads((tmp_path / "export.json").read_text())["metrics"]["iterations"]["count"] == 1
    assert (tmp_path / "own.txt").exists() == bool(summary)
