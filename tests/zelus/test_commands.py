"""new, completion, version, help: what they write, and how they refuse."""
import json
import subprocess

import pytest

from conftest import BIN


def zelus(*arguments, cwd, **options):
    return subprocess.run([BIN / "zelus", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60,
                          env={"HOME": str(cwd), "PATH": f"{BIN}:/usr/bin:/bin"}, **options)


@pytest.mark.parametrize("template", ["minimal", "protocol"])
def test_new_writes_a_script_that_loads(tmp_path, template):
    done = zelus("new", "--template", template, "mine.js", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"New script created: mine.js ({template} template).\n")
    inspected = zelus("inspect", "mine.js", cwd=tmp_path)
    assert inspected.returncode == 0, inspected.stderr
    options = json.loads(inspected.stdout)
    assert options["vus"] == 10 or len(options["stages"]) == 3


def test_new_keeps_what_is_there(tmp_path):
    assert zelus("new", cwd=tmp_path).stdout == "New script created: script.js (minimal template).\n"
    (tmp_path / "script.js").write_text("// mine")
    done = zelus("new", cwd=tmp_path)
    assert done.returncode == 255 and "script.js already exists. Use the `--force` flag to overwrite it" in done.stderr
    assert (tmp_path / "script.js").read_text() == "// mine"
    assert zelus("new", "-f", cwd=tmp_path).returncode == 0
    assert (tmp_path / "script.js").read_text() != "// mine"


def test_new_takes_a_template_of_the_users_own(tmp_path):
    (tmp_path / "own.js").write_text("// {{ .ScriptName }} {{.ProjectID}}\n")
    assert zelus("new", "--template", "./own.js", "--project-id=7", "x.js", cwd=tmp_path).returncode == 0
    assert (tmp_path / "x.js").read_text() == "// x.js 7\n"


@pytest.mark.parametrize("arguments, text", [
    (["--template", "nope"], 'error retrieving template: invalid template type \\"nope\\"'),
    (["--template", "./nope.js"], "failed to read template file ./nope.js"),
    (["--template", "browser"], "cannot run browsers"),
    (["a", "b"], "accepts at most 1 arg(s), received 2"),
    (["/no/such/folder/x.js"], "cannot be written"),
    (["--nope"], "unknown flag: --nope"),
])
def test_new_refuses(tmp_path, arguments, text):
    done = zelus("new", *arguments, cwd=tmp_path)
    assert done.returncode == 255 and text in done.stderr
    assert not (tmp_path / "script.js").exists()


def test_bash_completes_commands_and_flags(tmp_path):
    script = zelus("completion", "bash", cwd=tmp_path).stdout
    (tmp_path / "c.sh").write_text(script + """
complete_for() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _zelus; echo "${COMPREPLY[@]}"; }
complete_for zelus in
complete_for zelus run --summary-e
complete_for zelus run c.
complete_for zelus completion f
""")
    done = subprocess.run(["bash", "c.sh"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines() == ["inspect", "--summary-export", "c.sh", "fish"], done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells(tmp_path, shell):
    done = zelus("completion", shell, cwd=tmp_path)
    assert done.returncode == 0 and "summary-export" in done.stdout and "inspect" in done.stdout


def test_unknown_shell(tmp_path):
    done = zelus("completion", "csh", cwd=tmp_path)
    assert done.returncode == 255 and "bash, zsh, fish and powershell" in done.stderr


def test_collectors_of_the_configuration(tmp_path):
    (tmp_path / "s.js").write_text("export default function () {}")
    (tmp_path / "c.json").write_text('{"collectors": {"csv": {"fileName": "from-config.csv"}}, "vus": 2, "iterations": 4}')
    done = zelus("run", "-q", "-c", "c.json", "-o", "csv", "s.js", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len([line for line in (tmp_path / "from-config.csv").read_text().splitlines() if line.startswith("iterations,")]) == 4
