"""zelus against what k6 2.2 printed: tests/golden/CASE/{cmd,script.js,stdout,stderr,exit}, taken from the real program.

49 and 50, help and versions, have no cmd: test_commands looks at them. Durations, rates, times and stack columns are masked on both sides; everything else must be the same. `python3 test_golden.py CASE` shows a diff."""
import difflib
import json
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
from conftest import BIN, SOURCE, free_port  # noqa: E402

CASES = SOURCE / "tests/golden"
#: The order of these lines is up to threads.
UNORDERED = {"40-quiet-lifecycle", "21-warn-connection-refused", "48-rest-api"}
#: Counts here depend on when a progress line, a signal or an arrival comes; only the shape is compared.
#: 36: what the other user does between the script's call and its own next look is a race, in k6 too.
TIMED = {"02-full-summary", "03-compact-summary", "04-legacy-summary", "05-progress-all-executors", "36-abort", "38-threshold-abort", "39-sigint",
         "43-machine-readable", "44-insufficient-vus", "48-rest-api"}

UNITS = r"(?:ns|µs|ms|s|m|h)"
#: Numbers of samples that vary.
VARYING = {"avg", "min", "med", "max", "p(90)", "p(95)", "p90", "p95", "rate", "value"}


def mask_json(value, key=""):
    """Sorts keys and what k6 prints in random order; masks what varies."""
    if isinstance(value, dict):
        return {name: "N" if name in ("Date", "remote_port") else mask_json(item, name) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((mask_json(item) for item in value), key=json.dumps)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) or (isinstance(value, int) and key in VARYING):
        return "N"
    if isinstance(value, str):
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "T", value)
    return value


def canonical_json(text):
    """Each JSON document of a text that starts a line becomes one sorted line."""
    decoder, out, at = json.JSONDecoder(), [], 0
    for found in re.finditer(r"^[ ]*\{", text, re.M):
        if found.start() < at:
            continue
        try:
            value, length = decoder.raw_decode(text[found.end() - 1:])
        except ValueError:
            continue
        out += [text[at:found.start()], json.dumps(mask_json(value))]
        at = found.end() - 1 + length
    return "".join(out) + text[at:]


def mask_line(line, case):
    if line.startswith("              * "):
        return line
    line = re.sub(rf"(?<![\w.])(?:\d+(?:\.\d+)?{UNITS})+(?![\w])", "D", line)
    line = re.sub(r"\d+(?:\.\d+)?(?: [kMG]?B)?/s\b", "R/s", line)
    # CSV: the value and the time; tags that are no columns come in any order.
    if match := re.fullmatch(r"(\w+),\d{10},[\d.]+,(.*,)([^,]*),", line):
        line = f"{match[1]},T,N,{match[2]}{'&'.join(sorted(match[3].split('&')))},"
    if case in TIMED:
        line = re.sub(r"\[ *\d+% \]|D/D|\b(waiting )?D\b", "P", line)
        line = re.sub(r"^(running).*", r"\1", line)
        line = re.sub(r"\d+(?=/\d+ (?:VUs|iters|shared))", "N", line)
        line = re.sub(r"\d+\.\d\d iters|N/\d+ VUs", "N", line)
        line = re.sub(r"^( *[\w-]+(?:\.\.\.)?) *[ •↓✓✗] *P", r"\1 P", line)
        line = re.sub(r"^( *(?:stock|vus|vus_max|good|iterations|dropped_iterations)\b).*", r"\1", line)
        line = re.sub(r"('value>=0'|✓ stock).*", r"\1", line)
    if case == "40-quiet-lifecycle":
        # Which user runs which iteration is up to threads.
        line = re.sub(r"vu \d iter \d n \d", "vu", line)
    if case == "31-grpc-50-vus":
        # The server here is another one, with other header fields.
        line = re.sub(r"\b\d+ kB +R/s", "N kB R/s", line)
    if case == "48-rest-api":
        line = re.sub(r"^(Date|Content-Length): .*|(?<=\"count\": )\d+|(?<=\"passes\": )\d+|\d+ out of \d+|(?<=checks_total.......: )\d+", "", line)
    line = re.sub(r" +", " ", line).rstrip()
    return re.sub(r"\.{3,}:", ":", line)


def mask(text, case):
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r'time="[^"]*"', "time=T", text)
    # Columns and program counters of stacks; Go's frames; the words of a syntax error.
    text = re.sub(r"(script\.[jt]s:\d+):\d+(\(\d+\))?", r"\1", text)
    text = re.sub(r"\\n\\tat go\.k6\.io/[^\\]*\(native\)", "", text)
    text = re.sub(r"(Line \d+:\d+) .*", r"\1", text)
    # The banner is our own, of as many lines.
    text = re.sub(r"\A\n(?:.*\n){5}\n\n     execution:", "[banner]\n     execution:", text)
    text = re.sub(r"\A\n(?:.*\n){5}\n\nInit ", "[banner]\nInit ", text)
    text = re.sub(r"request_id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "request_id=U", text)
    # An echo of the request's fields: their order on the wire is each client's own.
    text = re.sub(r'(\\"headers\\": \{)(.*?)\}', lambda m: m[1] + ", ".join(sorted(m[2].split(", "))) + "}", text)
    text = re.sub(r"Date: \w+, [\w: ]+ GMT", "Date: D", text)
    lines = [mask_line(line, case) for line in canonical_json(text).split("\n")]
    if case == "45-stdin":
        # Printed by the first user, which may or may not get one of the three iterations.
        lines = [line for line in lines if "hello from stdin" not in line]
    if case in UNORDERED:
        lines.sort()
    if case in TIMED:
        # How often a progress line was printed is a matter of a millisecond; which shapes there were, one a scenario and state, is not.
        progress = {line for line in lines if line == "running" or " P" in line}
        lines = [line for at, line in enumerate(lines) if line not in progress and (line or (at and lines[at - 1]))] + sorted(progress)
        if case == "02-full-summary":
            # Its second scenario starts at the very moment of the first progress line.
            lines = [line for line in lines if line != "browse P waiting P"]
    return "\n".join(lines)


def take(case, port):
    """Runs a case in a copy of its folder; masked stdout, stderr and the exit code, and those expected."""
    folder = CASES / case
    with tempfile.TemporaryDirectory() as root:
        work = pathlib.Path(root) / case
        shutil.copytree(folder, work)
        shutil.copytree(CASES / "grpc-server", work.parent / "grpc-server")
        for script in work.glob("script.*"):
            text = script.read_text().replace("127.0.0.1:23780", f"127.0.0.1:{port}")
            script.write_text(text.replace("127.0.0.1:23751", f"127.0.0.1:{golden_server.greeter()}") if "127.0.0.1:23751" in text else text)
        env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(work), "LANG": "C.UTF-8", "TZ": "UTC"}
        command = (folder / "cmd").read_text().replace("127.0.0.1:23765", f"127.0.0.1:{free_port()}")
        done = subprocess.run(["bash", "-c", command], cwd=work, env=env, timeout=60, stdin=subprocess.DEVNULL,
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


@pytest.mark.parametrize("case", cases())
def test_prints_what_k6_prints(case, port):
    if case == "31-grpc-50-vus":
        pytest.importorskip("grpc", reason="no grpcio for this Python: scripts/setup installs that of Debian's")
    # A busy machine moves progress lines by a second: what differs by time alone comes right in another run.
    for _ in range(5):
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
