"""Real k6 1.8.1 and zelus run the same scripts against one local server: exit code, stdout, stderr, summary export and json records agree.

The scripts are in differential/, one row each in CASES. What differs on purpose is in MEANT, by case or for all; nothing else is let pass. k6 is
taken from $K6, $PATH or ~/go/bin; where it is missing the tests skip and say how to get it: go install go.k6.io/k6@v1.8.1
"""
import collections
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import golden_server
from conftest import BIN, SOURCE

FOLDER = SOURCE / "tests/zelus/differential"
ENVIRONMENT = {"LANG": "C.UTF-8", "TZ": "UTC"}

#: script (without .js): command line, "{script}" is the script.
CASES = {
    "everyday": "run {script}",
    "everyday-legacy": "run --summary-mode=legacy {script}",
    "everyday-full": "run --summary-mode=full -q {script}",
    "thresholds": "run {script}",
    "scenarios": "run {script}",
    "setup-data": "run -e WHO=ann {script}",
    "exceptions": "run {script}",
    "bodies": "run --tag build=7 {script}",
    "cookies-redirects": "run {script}",
    "redirects": "run {script}",
    "name-tags": "run {script}",
    "name-tags-scenario": "run -e SCENARIO=1 {script}",
    "name-tags-run": "run --tag name=all --system-tags=url,method {script}",
    "no-system-tags": "run --summary-mode=full {script}",
    "no-system-tags-flag": "run --system-tags= {script}",
    "batch": "run {script}",
    "system-tags": "run --system-tags=iter,vu,group,name,method,status,url {script}",
    "trend-stats": "run --summary-trend-stats=min,p(99.9),count --summary-time-unit=us {script}",
    "no-summary": "run --no-summary --no-thresholds {script}",
    "execution": "run {script}",
    "execution-parts": "run {script}",
    "segment": "run --execution-segment=1/3:2/3 --execution-segment-sequence=0,1/3,2/3,1 {script}",
    "failed-requests": "run {script}",
    "metrics": "run {script}",
    "timers": "run {script}",
    "timers-stopped": "run {script}",
    "builtins": "run {script}",
    "dropped": "run {script}",
    "abort": "run {script}",
    "abort-setup": "run {script}",
    "abort-summary": "run {script}",
    "archive-threshold": "archive {script}",
    "bad-option": "run {script}",
    "bad-scenario": "run {script}",
    "addresses": "run {script}",
    "html": "run {script}",
    "html-elements": "run {script}",
    "http-arguments": "run {script}",
    "lifecycle": "run {script}",
    "rejected-setup": "run {script}",
    "rejected-top-level": "run {script}",
    "setup-function": "run {script}",
    "setup-metric": "run {script}",
    "setup-response": "run {script}",
    "summary-results": "run {script}",
    "source-map": "run {script}",
    "source-map-missing": "run {script}",
    "source-map-init": "run {script}",
    "bad-json": "run {script}",
    "csv-users": "run {script}",
    "use-directive": "run {script}",
    "jar-and-batch": "run {script}",
    "async": "run {script}",
    "handle-summary": "run {script}",
    "arrival": "run {script}",
    "thrown-values": "run {script}",
    "thrown-summary": "run {script}",
    "error-words": "run {script}",
    "cookie-values": "run {script}",
    "request-values": "run {script}",
    "gone-module": "run {script}",
    "special-url": "run {script}",
    "details": "run {script}",
    "no-function-bad-option": "run {script}",
    "no-function": "run {script}",
    "no-default": "run {script}",
    "instrumented": "run {script}",
    "interrupted": "run {script}",
    "inspect": "inspect {script}",
    "inspect-requirements": "inspect --execution-requirements {script}",
}

#: Differences that are meant, for every case: (what, pattern in k6's text, pattern in ours, what both become). Why is the comment beside it.
MEANT = [
    # The version that scripts and servers see is 2.2's, which zelus follows where the two differ.
    (r"Grafana k6/1\.8\.1", r"Grafana k6/2\.2\.0", "AGENT"),
    # 2.2 logs this hint with every exception of an iteration; 1.8.1 did not.
    (None, r' hint="script exception"', ""),
    # 1.8.1 and 2.2 name the source of exceptions in setup; only 2.2 says where they come from.
    (None, r' source=stacktrace', ""),
    (r" source=stacktrace", None, ""),
    (r' hint="script exception"', None, ""),
    # Program counters of k6's own virtual machine mean nothing in ours; columns differ where two engines point at another character.
    (r"(\.[jt]s:\d+):\d+\(\d+\)", r"(\.[jt]s:\d+):\d+(?:\(\d+\))?", r"\1"),
    # Frames of k6's Go code.
    (r"\\n\\tat (?:reflect|go\.k6\.io)[^\\]*\(native\)", None, ""),
    # Which name server was asked.
    (r" on [\d.]+:53", None, ""),
    # 2.2's inspect has two keys more.
    (None, r'\n  "handleSummaryTimeout": [^\n]*', ""),
    (None, r',\n  "features": null', ""),
]

UNITS = r"(?:ns|µs|ms|s|m|h)"
#: Values of samples that depend on time; all else is compared.
TIMED_METRICS = re.compile(r"http_req_(?!failed)|iteration_duration|group_duration|data_|vus|iteration_start_delay|random_")


def k6():
    for path in (os.environ.get("K6"), shutil.which("k6"), pathlib.Path.home() / "go/bin/k6"):
        if path and pathlib.Path(path).exists():
            version = subprocess.run([path, "version"], capture_output=True, text=True, timeout=30).stdout
            if version.startswith("k6 v1.8.1"):
                return pathlib.Path(path)
    return None


K6 = k6()
needs_k6 = pytest.mark.skipif(K6 is None, reason="NO REAL k6: go install go.k6.io/k6@v1.8.1 (or K6=/path/to/it); nothing was compared with it")


def mask(text, ours):
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    for pattern, our_pattern, becomes in MEANT:
        pattern = our_pattern if ours else pattern
        if pattern is not None:
            text = re.sub(pattern, becomes, text)
    text = re.sub(r'time="[^"]*"', "time=T", text)
    # Go's own logger has the time once more.
    text = re.sub(r'msg="\d{4}/\d\d/\d\d \d\d:\d\d:\d\d net/http', 'msg="net/http', text)
    # The banner is each program's own.
    text = re.sub(r"(?:\A|(?<=disabled instead\n))\n(?:.*\n){5}\n\n     execution:", "[banner]\n     execution:", text)
    text = re.sub(r"\A\n(?:.*\n){5}\n\nInit ", "[banner]\nInit ", text)
    text = re.sub(r'\\?"(Date|ETag)\\?":\[?\\?"[^"]*"\]?', "", text)
    out = []
    for line in text.split("\n"):
        if not line.startswith("              * "):
            line = re.sub(rf"(?<![\w.])(?:-?\d+(?:\.\d+)?{UNITS})+(?!\w)", "D", line)
            line = re.sub(r"\d+(?:\.\d+)?(?: [kMG]?B)?/s\b", "R/s", line)
            line = re.sub(r"(data_(?:sent|received)[ .]*:).*", r"\1", line)
        line = re.sub(r"\.{3,}:", ":", re.sub(r" +", " ", line)).rstrip()
        # Progress while the run goes on: as many lines as the clock made.
        if re.match(r"(running \(|Init )|\S+ +[•↓]? *\[ +\d+% \]", line) and "100%" not in line:
            line = None if not re.match(r"running \(", line) else re.sub(r"\(.*?\)", "(T)", line)
        if line is not None:
            out.append(line)
    # Blank lines around progress; the last status line is the one that counts.
    text = "\n".join(out)
    text = re.sub(r"(?:running \(T\), \d+/\d+ VUs, \d+ complete and \d+ interrupted iterations\n(?:[^\n]+\n)*\n+)+(?=running|\n|\S* *█| *✓| *✗)", "", text)
    return re.sub(r"\n{2,}", "\n\n", text)


def export_of(path):
    """The summary export without what time decides."""
    if not path.exists():
        return None

    def walk(value, key=""):
        if isinstance(value, dict):
            counter = "count" in value and "rate" in value
            return {name: "R" if counter and name == "rate" else walk(item, f"{key}/{name}") for name, item in sorted(value.items())}
        if isinstance(value, list):
            return sorted((walk(item, key) for item in value), key=json.dumps)
        if key.endswith("/Date"):
            return "D"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            parts = key.split("/")
            if len(parts) > 2 and (TIMED_METRICS.match(parts[2]) or parts[-2] == "timings"):
                return "N"
        return value
    return json.dumps(walk(json.loads(path.read_text())), indent=1)


def records_of(path):
    """How often each record was written: values only where time does not decide them."""
    if not path.exists():
        return None
    seen = collections.Counter()
    for line in path.read_text().splitlines():
        record = json.loads(line)
        data = record["data"]
        if record["metric"].startswith("vus"):
            continue  # one a second
        if record["type"] == "Point":
            del data["time"]
            if TIMED_METRICS.match(record["metric"]):
                data["value"] = "N"
            # Users are numbered alike, but which of them gets an iteration is a race.
            for name in ("vu", "iter"):
                if name in data.get("metadata", {}):
                    data["metadata"][name] = "I"
        elif data.get("submetrics"):
            data["submetrics"].sort(key=json.dumps)
        seen[json.dumps(record, sort_keys=True)] += 1
    return "\n".join(sorted(f"{count} × {line}" for line, count in seen.items()))


def take(program, case, port, ours):
    name = next(n for n in sorted((p.stem for p in FOLDER.glob("*.js")), key=len, reverse=True) if case == n or case.startswith(n + "-"))
    with tempfile.TemporaryDirectory() as root:
        work = pathlib.Path(root) / "w"
        work.mkdir()
        text = (FOLDER / f"{name}.js").read_text().replace("127.0.0.1:23780", f"127.0.0.1:{port}").replace(":23780", f":{port}")
        (work / "script.js").write_text(text)
        command = CASES[case].format(script="script.js").split()
        if command[0] == "run":
            command[1:1] = ["--summary-export=export.json", "-o", "json=records.json", "--no-usage-report"]
        env = {**ENVIRONMENT, "HOME": str(work), "PATH": "/usr/bin:/bin"}
        done = subprocess.run([program, *command], cwd=work, env=env, timeout=90, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        texts = [mask(stream.replace(str(work), "/w").replace(f":{port}", ":23780"), ours) for stream in (done.stdout, done.stderr)]
        # Users log side by side.
        texts[1] = "\n".join(sorted(texts[1].split("\n")))
        export, records = export_of(work / "export.json"), records_of(work / "records.json")
        both = [t and mask(t.replace(f":{port}", ":23780"), ours) for t in (export, records)]
    return [str(done.returncode), *texts, *both]


PARTS = ("exit code", "stdout", "stderr", "summary export", "json records")


def difference(want, got):
    out = []
    for part, theirs, ours in zip(PARTS, want, got):
        out += difflib.unified_diff((theirs or "").split("\n"), (ours or "").split("\n"), f"k6 {part}", f"zelus {part}", lineterm="", n=0)
    return "\n".join(out)


@pytest.fixture(scope="module")
def port():
    server, number = golden_server.start()
    yield number
    server.shutdown()


@needs_k6
@pytest.mark.parametrize("case", CASES)
def test_does_what_k6_does(case, port):
    # A busy machine can move an iteration past a limit of time; what differs by time alone comes right in another run.
    for _ in range(3):
        want, got = take(K6, case, port, False), take(BIN / "zelus", case, port, True)
        if want == got:
            return
    assert want == got, difference(want, got)


def test_every_script_has_its_case():
    scripts = {path.stem for path in FOLDER.glob("*.js")}
    assert scripts == {name for name in scripts if any(c == name or c.startswith(name + "-") for c in CASES)}


if __name__ == "__main__":
    import sys
    _, number = golden_server.start()
    for name in sys.argv[1:] or CASES:
        text = difference(take(K6, name, number, False), take(BIN / "zelus", name, number, True))
        print(f"{name}: {'ok' if not text else 'DIFFERS'}")
        print(text)
