"""new, completion, version, help: what they write, and how they refuse."""
import json
import os
import pty
import re
import shutil
import subprocess
import tarfile

import pytest

from conftest import BIN, SOURCE


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
    (tmp_path / "c.json").write_text('{"collectors": {"csv": {"file_name": "from-config.csv"}}, "vus": 2, "iterations": 4}')
    done = zelus("run", "-q", "-c", "c.json", "-o", "csv", "s.js", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len([line for line in (tmp_path / "from-config.csv").read_text().splitlines() if line.startswith("iterations,")]) == 4


ARCHIVED = """
import { f } from "./lib/m.js";
const text = open("./lib/d.txt");
const bytes = open("lib/b.bin", "b");
export const options = { vus: 2, iterations: 3, tags: { a: "b" } };
export default function () { console.log(f(), text, bytes.byteLength, __ENV.X); }
"""


def archived(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "s.js").write_text(ARCHIVED)
    (tmp_path / "lib/m.js").write_text('export function f() { return "module"; }')
    (tmp_path / "lib/d.txt").write_text("data")
    (tmp_path / "lib/b.bin").write_bytes(bytes(range(256)))


def logged(done):
    return [json.loads(line)["msg"] for line in done.stderr.splitlines() if json.loads(line).get("source") == "console"]


def test_archive_holds_all_that_a_run_needs(tmp_path):
    archived(tmp_path)
    done = zelus("archive", "-e", "X=1", "-u", "3", "s.js", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with tarfile.open(tmp_path / "archive.tar") as tar:
        names = tar.getnames()
        metadata = json.loads(tar.extractfile("metadata.json").read())
        assert tar.extractfile(f"file{tmp_path}/lib/d.txt").read() == b"data"
        assert tar.extractfile(f"file{tmp_path}/s.js").read().decode() == ARCHIVED
    assert names[:3] == ["metadata.json", "data", "file"]
    assert metadata["filename"] == f"file://{tmp_path}/s.js" and metadata["pwd"] == f"file://{tmp_path}"
    assert metadata["env"] == {"X": "1"} and metadata["type"] == "js"
    assert metadata["options"]["vus"] == 3 and metadata["options"]["iterations"] == 3 and metadata["options"]["scenarios"] is None
    # It runs where the files are not, and what the command line says comes first.
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "archive.tar").rename(away / "a.tar")
    (tmp_path / "lib").rename(tmp_path / "gone")
    assert logged(zelus("run", "-q", "--log-format=json", "a.tar", cwd=away)) == ["module data 256 1"] * 3
    assert logged(zelus("run", "-q", "--log-format=json", "-e", "X=2", "-u", "1", "-i", "1", "a.tar", cwd=away)) == ["module data 256 2"]
    assert json.loads(zelus("inspect", "a.tar", cwd=away).stdout)["tags"] == {"a": "b"}


def test_archive_without_the_environment_and_to_stdout(tmp_path):
    archived(tmp_path)
    done = subprocess.run([BIN / "zelus", "archive", "--exclude-env-vars", "-e", "X=1", "-O", "-", "s.js"], cwd=tmp_path, capture_output=True, timeout=60)
    (tmp_path / "o.tar").write_bytes(done.stdout)
    with tarfile.open(tmp_path / "o.tar") as tar:
        assert json.loads(tar.extractfile("metadata.json").read())["env"] == {}


def test_archives_of_old_versions_of_k6(tmp_path):
    archived(tmp_path)
    assert zelus("archive", "-O", "new.tar", "s.js", cwd=tmp_path).returncode == 0
    (tmp_path / "lib").rename(tmp_path / "gone")
    with tarfile.open(tmp_path / "new.tar") as new, tarfile.open(tmp_path / "old.tar", "w") as old:
        for member in filter(tarfile.TarInfo.isfile, new):
            content = new.extractfile(member)
            if member.name.startswith("file/"):
                member.name = ("scripts/" if member.name.endswith(".js") else "files/") + member.name.removeprefix("file/")
            old.addfile(member, content)
    assert logged(zelus("run", "-q", "--log-format=json", "-i", "1", "-u", "1", "-e", "X=1", "old.tar", cwd=tmp_path)) == ["module data 256 1"]


def test_bad_archives(tmp_path):
    archived(tmp_path)
    assert zelus("archive", "-i", "1", "-u", "3", "s.js", cwd=tmp_path).returncode == 104
    with tarfile.open(tmp_path / "no.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(tmp_path / "s.js", "x.js")
    done = zelus("run", "no.tar", cwd=tmp_path)
    assert done.returncode == 255 and "no.tar is no archive of k6" in done.stderr
    whole = (tmp_path / "no.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:700])
    done = zelus("run", "cut.tar", cwd=tmp_path)
    assert done.returncode == 255 and "the archive is broken" in done.stderr
    assert zelus("run", "-t", "archive", "s.js", cwd=tmp_path).returncode == 255


def k6():
    path = os.environ.get("K6") or shutil.which("k6") or os.path.expanduser("~/go/bin/k6")
    return path if os.path.exists(path) else None


@pytest.mark.skipif(k6() is None, reason="NO REAL k6: go install go.k6.io/k6@v1.8.1; archives were not exchanged with it")
def test_archives_are_exchanged_with_k6(tmp_path):
    archived(tmp_path)
    assert zelus("archive", "-O", "ours.tar", "s.js", cwd=tmp_path).returncode == 0
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    assert subprocess.run([k6(), "archive", "-O", "theirs.tar", "s.js"], cwd=tmp_path, env=env, timeout=60).returncode == 0
    (tmp_path / "lib").rename(tmp_path / "gone")
    done = subprocess.run([k6(), "run", "-q", "--no-usage-report", "--log-format=json", "ours.tar"], cwd=tmp_path, env=env, capture_output=True, text=True,
                          timeout=60)
    assert logged(done) == ["module data 256 undefined"] * 3, done.stderr
    assert logged(zelus("run", "-q", "--log-format=json", "theirs.tar", cwd=tmp_path)) == ["module data 256 undefined"] * 3


@pytest.mark.parametrize("arguments, text", [
    (["--bogus"], "unknown flag: --bogus"),
    (["nope"], 'unknown command "nope" for "zelus"'),
    (["deps"], 'the command "deps" is known to k6 but not built into zelus'),
    (["rum", "x.js"], 'unknown command "rum" for "zelus"\\n\\nDid you mean this?\\n\\trun\\n'),
    (["-x"], "unknown shorthand flag: 'x' in -x"),
    (["--address"], "flag needs an argument: --address"),
    (["-c", "conf.json", "nope"], 'unknown command "nope" for "zelus"'),
    (["version", "--bogus"], "unknown flag: --bogus"),
    (["run", "--bogus", "x.js"], "unknown flag: --bogus"),
])
def test_what_is_unknown_is_said_as_k6_does(arguments, text):
    done = subprocess.run([BIN / "zelus", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 255 and text in done.stderr.replace('\\"', '"'), done.stderr
    assert not done.stdout


def test_global_flags_before_nothing_are_help():
    done = subprocess.run([BIN / "zelus", "--no-color"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "grpc" in done.stdout


def test_help_of_nothing_is_said(tmp_path):
    done = zelus("help", "nope", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("Unknown help topic [`nope`]\n")


def test_global_flags_with_values_may_come_first(tmp_path):
    (tmp_path / "conf.json").write_text("{}")
    for before in (["-c", "conf.json"], ["--log-format", "raw", "-q"], ["--log-output=none"]):
        assert zelus(*before, "version", cwd=tmp_path).stdout.startswith("zelus v")


def test_verbose_says_what_goes_on(tmp_path):
    (tmp_path / "s.js").write_text("export const options = { vus: 2, iterations: 2 }; export default function () {} export function setup() {}")
    done = zelus("run", "-q", "-v", "-o", "json=r.json", "s.js", cwd=tmp_path)
    lines = [line.split(" ", 1)[1] for line in done.stderr.splitlines()]
    wanted = ['level=debug msg="Logger format: TEXT"', "level=debug msg=\"Resolving and reading test 's.js'...\"", 'level=debug msg="Parsing CLI flags..."',
              'level=debug msg="Starting 1 outputs..." component=output-manager', 'level=debug msg="Start of initialization" executorsCount=1 neededVUs=2 phase=execution-scheduler-init',
              'level=debug msg="Initialized executor default" phase=execution-scheduler-init', 'level=debug msg="Running setup()..."',
              'level=debug msg="Starting executor run..." executor=shared-iterations iterations=2 maxDuration=10m0s scenario=default type=shared-iterations vus=2',
              'level=debug msg="Executor finished successfully" executor=default startTime=0s type=shared-iterations',
              'level=debug msg="teardown() is not defined or not exported, skipping!"', 'level=debug msg="Test finished cleanly"',
              'level=debug msg="Everything has finished, exiting k6 normally!"']
    assert [line for line in lines if line in wanted] == wanted, done.stderr
    assert sorted(line for line in lines if "Initialized VU #" in line) == [f'level=debug msg="Initialized VU #{n}" phase=execution-scheduler-init' for n in (1, 2)]
    assert "level=debug" not in zelus("run", "-q", "s.js", cwd=tmp_path).stderr


@pytest.mark.parametrize("form, line", [("text", 'time="T" level=warning msg="a \\"b\\""'), ("json", '{"level":"warning","msg":"a \\"b\\"","time":"T"}'), ("raw", 'a "b"')])
def test_the_consoles_file_has_k6s_lines(tmp_path, form, line):
    (tmp_path / "s.js").write_text("export default () => { console.warn('a \"b\"'); };")
    done = zelus("run", "-q", "--summary-mode=disabled", "--log-output=none", f"--log-format={form}", "--console-output=c.txt", "s.js", cwd=tmp_path)
    assert done.returncode == 0
    assert re.sub(r"\d{4}-\d\d-\d\dT[\d:]*Z", "T", (tmp_path / "c.txt").read_text()) == line + "\n"


def flags_of(help_text):
    """{"--name": short form, type, text and default in one line}"""
    found = {}
    for section in re.findall(r"^(?:Global )?Flags:\n((?: .*\n?)+)", help_text, re.M):
        for entry in re.split(r"\n(?=  (?:-\w,|   ) --)", "\n" + section)[1:]:
            found[re.search(r"--[\w-]+", entry)[0]] = " ".join(entry.split())
    return found


#: Flags of `run` whose text or default is our own.
OTHER_HELP = {
    "--summary-mode": "legacy is there, too", "--no-usage-report": "nothing is reported", "--config": "the user's folder", "--log-output": "without loki",
}


def test_help_of_run_is_that_of_k6(tmp_path):
    ours = flags_of(zelus("run", "--help", cwd=tmp_path).stdout)
    theirs = flags_of((SOURCE / "tests/golden/49-help-run/stdout").read_text())
    assert len(theirs) > 50
    different = {flag: (text, ours.get(flag)) for flag, text in theirs.items()
                 if (ours.get(flag) or "").replace("zelus", "k6") != text.replace("base: pure Sobek - Golang JS VM supporting ES6+", "base: pure ES6+")}
    assert set(different) == set(OTHER_HELP), different
    assert all(ours[flag].split("--")[0] == theirs[flag].split("--")[0] for flag in OTHER_HELP)
    assert {flag for flag in ours if flag not in theirs} == {"--modules-lock", "--modules-offline", "--latency-from"}


def test_versions_and_general_help_have_the_parts_of_k6s(tmp_path):
    golden = SOURCE / "tests/golden/50-version"
    line, as_json, help_text = (golden / "stdout").read_text().split("\n", 2)
    ours = zelus("version", cwd=tmp_path).stdout
    assert re.fullmatch(r"k6 v\d+\.\d+\.\d+ \(.*linux/amd64\)", line) and re.fullmatch(r"zelus v\d+\.\d+\.\d+ \(k6 2\.2\.0 .*, linux/(?:amd64|arm64)\)\n", ours), ours
    assert zelus("--version", cwd=tmp_path).stdout == ours
    for text in (as_json + "\n", zelus("version", "--json", cwd=tmp_path).stdout):
        told = json.loads(text)
        assert text == json.dumps(told, separators=(",", ":"), sort_keys=True) + "\n" and told["version"].startswith("v")
    commands = re.compile(r"^  ([a-z]+) {2,}\S", re.M)
    theirs = set(commands.findall(help_text))
    for arguments in (["--help"], ["help"], []):
        told = zelus(*arguments, cwd=tmp_path).stdout
        # docs/k6-compatibility.md: these are errors that say so.
        assert theirs - set(commands.findall(told)) == {"cloud", "deps", "features", "x"}, told
        assert 'Use "zelus [command] --help" for more information about a command.' in told
    refused = zelus("nosuch", cwd=tmp_path)
    assert refused.returncode == int((golden / "exit").read_text())
    assert re.sub(r'time="[^"]*"', "", refused.stderr).replace("zelus", "k6") == re.sub(r'time="[^"]*"', "", (golden / "stderr").read_text())


def test_a_dumb_terminal_gets_plain_text(tmp_path):
    (tmp_path / "s.js").write_text("export default function () {}")
    printed = {}
    for kind in ("xterm-256color", "dumb"):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([BIN / "zelus", "run", "s.js"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                                   env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": kind})
        os.close(theirs)
        printed[kind] = b""
        try:
            while part := os.read(ours, 65536):
                printed[kind] += part
        except OSError:  # how Linux says that nobody writes any more
            pass
        os.close(ours)
        assert process.wait(60) == 0
    assert b"iterations..." in printed["dumb"]
    assert b"\x1b[" in printed["xterm-256color"] and b"\x1b" not in printed["dumb"]
