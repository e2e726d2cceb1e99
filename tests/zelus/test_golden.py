"""zelus against what k6 2.2 printed: tests/golden/CASE/{cmd,script.js,stdout,stderr,exit}, taken from the real program.

Durations, rates, times and stack columns are masked on both sides; everything else must be the same. `python3 test_golden.py CASE` shows a diff."""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import golden_server  # noqa: E402
from conftest import BIN, SOURCE  # noqa: E402

CASES = SOURCE / "tests/golden"
#: Cases that zelus does not pass, and why.
NOT_YET = {
}
#: The order of these lines is up to threads.
UNORDERED = {"40-quiet-lifecycle", "21-warn-connection-refused"}

UNITS = r"(?:ns|µs|ms|s|m|h)"


def mask(text, case):
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r'time="[^"]*"', "time=T", text)
    # Columns and program counters of stacks; Go's frames.
    text = re.sub(r"(script\.[jt]s:\d+):\d+(\(\d+\))?", r"\1", text)
    text = re.sub(r"\\n\\tat go\.k6\.io/[^\\]*\(native\)", "", text)
    # The banner is our own, of as many lines.
    text = re.sub(r"\A\n(?:.*\n){5}\n\n     execution:", "[banner]\n     execution:", text)
    text = re.sub(r"\A\n(?:.*\n){5}\n\nInit ", "[banner]\nInit ", text)
    lines = []
    for line in text.split("\n"):
        if line.startswith("              * "):
            lines.append(line)
            continue
        line = re.sub(rf"(?<![\w.])(?:\d+(?:\.\d+)?{UNITS})+(?![\w])", "D", line)
        line = re.sub(r"\d+(?:\.\d+)?(?: [kMG]?B)?/s\b", "R/s", line)
        line = re.sub(r" +", " ", line).rstrip()
        lines.append(re.sub(r"\.{3,}:", ":", line))
    if case in UNORDERED:
        lines.sort()
    return "\n".join(lines)


def take(case, port):
    """Runs a case in a copy of its folder; masked stdout, stderr and the exit code, and those expected."""
    folder = CASES / case
    with tempfile.TemporaryDirectory() as root:
        work = pathlib.Path(root) / case
        shutil.copytree(folder, work)
        for script in work.glob("script.*"):
            script.write_text(script.read_text().replace("127.0.0.1:23780", f"127.0.0.1:{port}"))
        env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(work), "LANG": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run(["bash", "-c", (folder / "cmd").read_text()], cwd=work, env=env, timeout=60, stdin=subprocess.DEVNULL,
                              capture_output=True)
        got = [stream.decode().replace(str(work), f"/tmp/golden/{case}").replace(f"127.0.0.1:{port}", "127.0.0.1:23780")
               for stream in (done.stdout, done.stderr)]
    want = [(folder / name).read_text() for name in ("stdout", "stderr")]
    return ([mask(text, case) for text in got] + [str(done.returncode)],
            [mask(text, case) for text in want] + [(folder / "exit").read_text().strip()])


@pytest.fixture(scope="module")
def port():
    server, number = golden_server.start()
    yield number
    server.shutdown()


def cases():
    return sorted(path.name for path in CASES.iterdir() if (path / "cmd").exists())


def difference(got, want):
    out = []
    for name, a, b in zip(("stdout", "stderr", "exit"), want, got):
        out += difflib.unified_diff(a.split("\n"), b.split("\n"), f"k6 {name}", f"zelus {name}", lineterm="", n=1)
    return "\n".join(out)


@pytest.mark.parametrize("case", [pytest.param(name, marks=pytest.mark.skip(reason=NOT_YET[name])) if name in NOT_YET else name for name in cases()])
def test_prints_what_k6_prints(case, port):
    # A busy machine moves progress lines by a second: what differs by time alone comes right in another run.
    for _ in range(3):
        got, want = take(case, port)
        if got == want:
            return
    assert got == want, difference(got, want)


if __name__ == "__main__":
    _, golden_port = golden_server.start()
    for name in sys.argv[1:] or cases():
        result, expected = take(name, golden_port)
        text = difference(result, expected)
        print(f"{name}: {'ok' if not text else 'DIFFERS'}")
        if text and os.environ.get("BRIEF") is None:
            print(text)
