"""Execution segments: what n instances do together is what one does alone."""
import concurrent.futures
import json
import subprocess

import pytest

from conftest import BIN

SCRIPT = """
import exec from "k6/execution";
export const options = { scenarios: {
  shared: { executor: "shared-iterations", vus: 7, iterations: 43 },
  each: { executor: "per-vu-iterations", vus: 5, iterations: 2 },
  rate: { executor: "constant-arrival-rate", rate: 31, duration: "1s", preAllocatedVUs: 9 },
  ramp: { executor: "ramping-arrival-rate", startRate: 0, stages: [{ duration: "1s", target: 40 }], preAllocatedVUs: 9 },
} };
const seen = new Set();
export default function () {
  console.log(JSON.stringify([exec.scenario.name, exec.vu.idInTest, exec.scenario.iterationInTest]));
}
"""


def run(folder, segment=None, sequence=None):
    command = [BIN / "zelus", "run", "-q", "--summary-mode=disabled", "--log-format=json"]
    if segment:
        command += [f"--execution-segment={segment}", f"--execution-segment-sequence={sequence}"]
    done = subprocess.run([*command, "s.js"], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(r["msg"])) for r in map(json.loads, done.stderr.splitlines()) if r.get("source") == "console"]


@pytest.mark.parametrize("parts", [["0", "1/3", "2/3", "1"], ["0", "1/2", "1"], ["0", "1/7", "1/2", "5/6", "1"]])
def test_the_union_is_the_whole(tmp_path, parts):
    (tmp_path / "s.js").write_text(SCRIPT)
    whole = run(tmp_path)
    pairs = [f"{a}:{b}" for a, b in zip(parts, parts[1:])]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pieces = list(pool.map(lambda pair: run(tmp_path, pair, ",".join(parts)), pairs))
    together = [record for piece in pieces for record in piece]
    for scenario in ("shared", "each", "rate", "ramp"):
        want = sorted(number for name, _, number in whole if name == scenario)
        got = sorted(number for name, _, number in together if name == scenario)
        if scenario == "shared":
            assert got == want, scenario
        elif scenario == "each":
            # As in k6: each user runs all of its iterations, whose numbers are striped as if users had no whole share.
            assert len(got) == len(want), scenario
        else:
            # Each iteration once. The last arrivals of a second may fall on its very end, and a busy machine may drop one.
            assert len(got) == len(set(got)), scenario
            assert abs(len(got) - len(want)) <= 3, scenario
    # No user belongs to two instances.
    ids = [{user for name, user, _ in piece} for piece in pieces]
    assert sum(map(len, ids)) == len(set().union(*ids))
