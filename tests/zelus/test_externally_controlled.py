"""externally-controlled scenarios, and the commands that reach a run through its REST API: what k6 1.8.1 prints for the same commands."""
import http.server
import subprocess
import threading
import time

from conftest import BIN, free_port

SCRIPT = """
import { sleep } from 'k6';
export const options = { scenarios: { x: { executor: 'externally-controlled', vus: 2, maxVUs: 5, duration: '%s' } } };
export default function () { sleep(0.05); }
"""


def zelus(cwd, *arguments):
    return subprocess.run([BIN / "zelus", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, env={"HOME": str(cwd), "PATH": "/usr/bin:/bin"})


def test_pause_resume_scale_status_stats(tmp_path, start):
    (tmp_path / "s.js").write_text(SCRIPT % "0s")
    port = free_port()
    run = start([BIN / "zelus", "run", "--address", f"127.0.0.1:{port}", "s.js"], port=port, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ask(*command):
        return zelus(tmp_path, *command, "--address", f"127.0.0.1:{port}")

    def fields(*command):
        done = ask(*command)
        assert done.returncode == 0, done.stderr
        return dict(line.split(": ") for line in done.stdout.splitlines())

    for _ in range(200):
        if fields("status")["running"] == "true" and fields("status")["vus"] == '"2"':
            break
        time.sleep(0.05)
    assert fields("status") == {"status": "7", "paused": '"false"', "vus": '"2"', "vus-max": '"5"', "stopped": "false", "running": "true", "tainted": "false"}
    assert fields("pause")["paused"] == '"true"'
    again = ask("pause")
    assert again.returncode == 255 and "Pause error: test execution was already paused" in again.stderr
    assert fields("resume")["paused"] == '"false"'
    assert "Pause error: test execution wasn't paused" in ask("resume").stderr
    assert fields("scale", "-u", "4")["vus"] == '"4"'
    too_many = ask("scale", "-u", "9")
    assert too_many.returncode == 255
    assert "Config update error: invalid configuration supplied: the number of active VUs (9) must be less than or equal to the number of maxVUs (5)" in too_many.stderr
    assert fields("scale", "-u", "6", "-m", "8") == fields("status")
    assert fields("status")["vus"] == '"6"' and fields("status")["vus-max"] == '"8"'
    stats = ask("stats").stdout
    assert "- name: iterations\n  type:\n    type: counter\n    valid: true\n  contains:\n    type: default\n    valid: true\n  tainted: \"\"\n  sample:\n    count: " in stats
    run.terminate()
    out, _ = run.communicate(timeout=30)
    assert run.returncode == 105
    assert "* x: Externally controlled execution with 2 VUs, 5 max VUs, infinite duration" in out


def test_ends_with_its_duration(tmp_path):
    (tmp_path / "s.js").write_text(SCRIPT % "1s")
    done = zelus(tmp_path, "run", "s.js")
    assert done.returncode == 0, done.stderr
    assert "1 scenario, 5 max VUs, 1s max duration" in done.stdout and "2 interrupted iterations" in done.stdout


def test_other_executors_refuse(tmp_path, start):
    (tmp_path / "s.js").write_text("import { sleep } from 'k6'; export const options = { vus: 1, duration: '60s' }; export default function () { sleep(0.1); }")
    port = free_port()
    start([BIN / "zelus", "run", "--address", f"127.0.0.1:{port}", "s.js"], port=port, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    refused = zelus(tmp_path, "scale", "-u", "3", "--address", f"127.0.0.1:{port}")
    assert refused.returncode == 255
    assert "Execution config error: an externally-controlled executor needs to be configured for live configuration updates" in refused.stderr


def test_commands_say_what_is_missing(tmp_path):
    assert "Specify either -u/--vus or -m/--max" in zelus(tmp_path, "scale", "--address", "127.0.0.1:1").stderr
    assert "Enable it by setting --address or K6_ADDRESS" in zelus(tmp_path, "status").stderr
    gone = zelus(tmp_path, "stats", "--address", f"127.0.0.1:{free_port()}")
    assert gone.returncode == 255 and "/v1/metrics" in gone.stderr and "refused" in gone.stderr
    assert "has no port" in zelus(tmp_path, "pause", "--address", "somewhere").stderr


def test_an_answer_of_another_program_is_an_error(tmp_path):
    """Whatever listens there: no crash, and it says whose answer it is not."""
    answers = ['{"errors":"not found"}', '{"errors":["x"]}', '{"data":{"attributes":"x"}}', '{"data":[1]}', '{"data":[{"attributes":{"sample":{"a":"b"}}}]}',
               '{"data":{"attributes":{"vus":"many"}}}', "[]", "hello"]
    for answer in answers:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for command in ("status", "stats"):
            done = zelus(tmp_path, command, "--address", f"127.0.0.1:{server.server_port}")
            assert done.returncode in (0, 255), (answer, done)
            assert done.returncode == 0 or "level=error" in done.stderr, (answer, done)
        server.shutdown()
        server.server_close()
    bad = zelus(tmp_path, "status", "--address", f"127.0.0.1:{free_port()}")
    assert bad.returncode == 255


def test_addresses_by_name(tmp_path):
    (tmp_path / "script.js").write_text("export default function () {}")
    for address, code, told in ((f"localhost:{free_port()}", 0, ""), ("no-such-host.invalid:6565", 106, "listen tcp: lookup no-such-host.invalid: no such host"),
                                ("localhost:99999", 106, "listen tcp: address 99999: invalid port")):
        done = subprocess.run([BIN / "zelus", "run", "-q", "--summary-mode=disabled", "--address", address, "script.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == code and told in done.stderr and ("Error from API server" in done.stderr) == (code != 0), done.stderr
