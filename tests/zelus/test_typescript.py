"""TypeScript's own constructs, and what is said of what is none, beside k6 1.8.1 (which has esbuild)."""
import re
import subprocess

import pytest

from conftest import BIN, SOURCE
from test_differential import K6

PROGRAMS = [program for program in (BIN / "zelus", K6) if program]


def run(program, folder, file):
    done = subprocess.run([program, "run", "-q", "--no-usage-report", "--summary-mode=disabled", file], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, [re.sub(r'^time="[^"]*" ', "", line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize("file", sorted(path.name for path in (SOURCE / "tests/zelus/typescript").glob("*.ts")))
def test_runs_as_in_k6(file):
    told = [run(program, SOURCE / "tests/zelus/typescript", file) for program in PROGRAMS]
    assert told[0] == told[-1] and told[0][0] == 0 and len(told[0][1]) > 2


WRONG = [
    "const a: = 1;", "let x: number = 5 6", "class A { x: }", "if (a { }", "enum E { A = }", "x = y as;", "type T = ;", "interface X { a: ", "abstract foo", "}",
    "namespace A { export { x }; }", "namespace A { export default 1 }", "namespace A {\n  export const x = ;\n}",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_as_in_k6(tmp_path, text):
    (tmp_path / "script.ts").write_text(text)
    told = [run(program, tmp_path, "script.ts") for program in PROGRAMS]
    assert told[0] == told[-1] and told[0][0] == 107, told
