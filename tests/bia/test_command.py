"""bia new --repo, bia run --watch, bia upgrade, bia changelog, bia completion."""
import os
import shutil
import socket
import signal
import subprocess
import time

import pytest

import conftest
from service import http, run

GIT = {**os.environ, "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=GIT)


@pytest.fixture
def repository(tmp_path):
    if not shutil.which("git"):
        pytest.skip("needs git")
    folder = tmp_path / "layout"
    (folder / "cmd/NAME").mkdir(parents=True)
    (folder / ".github").mkdir()
    (folder / ".github/ci.yml").write_text("x")
    (folder / "cmd/NAME/main.cc").write_text("namespace SERVICE_NAMESPACE {}  // SERVICE_NAME\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return folder


def test_new_from_a_repository(tmp_path, repository):
    code, out, err = run("bia", "new", "my-shop", "--repo", repository, cwd=tmp_path)
    assert code == 0, err
    assert (tmp_path / "my-shop/cmd/my-shop/main.cc").read_text() == "namespace my_shop {}  // my-shop\n"
    assert not (tmp_path / "my-shop/.git").exists() and not (tmp_path / "my-shop/.github").exists()
    code, _, err = run("bia", "new", "other", "--repo", tmp_path / "none", cwd=tmp_path)
    assert code == 1 and "git cannot clone" in err and not (tmp_path / "other").exists()


def test_new_gives_a_clone_its_time_only(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/layout.git"
        code, _, err = run("bia", "new", "slow", "--repo", url, "--timeout", "300ms", cwd=tmp_path)
    assert code == 1 and f"git did not clone {url} within 300ms (raise --timeout)" in err
    assert not (tmp_path / "slow").exists()


def test_new_joins_a_project_with_a_layout_of_its_own(tmp_path, repository):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/CMakeLists.txt").write_text("PROJECT (shop)")
    code, out, err = run("bia", "new", "app/user", "--nomod", "--repo", repository, cwd=tmp_path / "shop")
    assert code == 0, err
    assert (tmp_path / "shop/CMakeLists.txt").read_text() == "PROJECT (shop)\nadd_subdirectory(app/user)\n"
    assert (tmp_path / "shop/app/user/cmd/user/main.cc").is_file() and (tmp_path / "shop/app/user/CMakeLists.txt").is_file()


def test_new_asks_only_a_terminal(tmp_path):
    code, out, err = run("bia", "new", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert code == 1 and err == "ERROR: bia new has no name for the service, and no terminal to ask for one (write it behind the command: bia new helloworld)\n"
    (tmp_path / "there").mkdir()
    code, _, err = run("bia", "new", "there", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert code == 1 and "already exists" in err and "--force" in err


def test_upgrade_says_what_is_newer(tmp_path, repository):
    code, out, err = run("bia", "upgrade", "--repo", repository)
    assert code == 0 and "is the newest" in out, err
    for tag in ("v99.2.10", "v99.10.0", "v100.0.0-rc1", "nonsense"):
        git(repository, "tag", tag)
    assert "bia v99.10.0 is there" in run("bia", "upgrade", "--repo", repository)[1]
    code, _, err = run("bia", "upgrade", "--repo", tmp_path / "none")
    assert code == 1 and "cannot list the tags" in err
    code, _, err = run("bia", "upgrade", env={key: value for key, value in os.environ.items() if key != "BIA_REPO"})
    assert code == 1 and "--repo" in err


def commit(folder, subject, body=""):
    git(folder, "commit", "-q", "--allow-empty", "-m", subject, *(["-m", body] if body else []))


def test_changelog_groups_commits_as_kratos_does(tmp_path, repository):
    code, _, err = run("bia", "changelog", cwd=repository)
    assert code == 1 and "no tag like v1.2.3" in err
    assert run("bia", "changelog", "dev", cwd=repository)[:2] == (0, "### Others\n- x\n")
    git(repository, "tag", "v1.0.0")
    for subject in ("feat(user): log in", "fix: no crash", "feature: not a type", "chore(deps): newer", "deps: one more", "http: 'quoted' \"text\""):
        commit(repository, subject)
    commit(repository, "feat!: new names")
    commit(repository, "fix(api): new numbers", "Why.\n\nBREAKING CHANGE: old numbers are gone")
    git(repository, "tag", "-a", "-m", "two", "v1.10.0")
    git(repository, "tag", "v2.0.0-rc1")
    commit(repository, "build: faster")
    changes = ("### Breaking Changes\n- fix(api): new numbers\n- feat!: new names\n### Dependencies\n- deps: one more\n### New Features\n- feat(user): log in\n"
               "### Bug Fixes\n- fix: no crash\n### Chores\n- chore(deps): newer\n### Others\n- http: 'quoted' \"text\"\n- feature: not a type\n")
    assert run("bia", "changelog", "v1.0.0..v1.10.0", cwd=repository)[:2] == (0, changes)
    code, out, err = run("bia", "changelog", "--repo", repository)
    head, line, rest = out.partition("--------------------------------------------\n")
    assert code == 0 and head.startswith("Author: t\nDate: 20") and "\nVersion: v1.10.0\n" in head, err
    assert rest == f"\n{changes}\n{line}"
    clones = tmp_path / "clones"
    clones.mkdir()
    assert run("bia", "changelog", "v1.10.0", "--repo", f"file://{repository}", env={**os.environ, "TMPDIR": str(clones)})[1] == out
    assert list(clones.iterdir()) == []
    code, _, err = run("bia", "changelog", "--repo", f"file://{repository}", env={**os.environ, "TMPDIR": str(tmp_path / "none")})
    assert code == 1 and "cannot make the folder" in err and "TMPDIR" in err
    assert run("bia", "changelog", "dev", cwd=repository)[1] == "### Builds\n- build: faster\n"
    for bad in ("v9.9.9", "--output=x..HEAD", "HEAD..-x", ""):
        code, out, err = run("bia", "changelog", bad, "--repo", repository)
        assert code == 1 and not out and err, bad
    code, _, err = run("bia", "changelog", "--repo", tmp_path / "none")
    assert code == 1 and "git cannot clone" in err
    (tmp_path / "plain").mkdir()
    code, _, err = run("bia", "changelog", cwd=tmp_path / "plain", env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)})
    assert code == 1 and "git cannot find a repository" in err


def completed(*words, cwd=None):
    script = run("bia", "completion", "bash")[1] + f'\nCOMP_WORDS=(bia {" ".join(word or repr("") for word in words)}) COMP_CWORD={len(words)}; _bia; echo "${{COMPREPLY[@]}}"\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=cwd)
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_knows_what_comes_behind_a_command(tmp_path):
    (tmp_path / "some.proto").touch()
    commands = completed("")
    assert completed("proto", "") == ["add", "client", "server", "openapi"]
    assert completed("proto", "se") == ["server"]
    assert completed("proto", "add", "so", cwd=tmp_path) == ["some.proto"], "then files"
    assert completed("proto", "server", "--ta") == ["--target"]
    assert completed("completion", "") == ["bash", "zsh", "fish"]
    assert completed("help", "") == commands and "proto" in commands
    assert completed("new", "so", cwd=tmp_path) == ["some.proto"]
    fish = run("bia", "completion", "fish")[1]
    assert "__fish_seen_subcommand_from proto; and not __fish_seen_subcommand_from add client server openapi' -f -a 'add client server openapi'" in fish


def test_completion_is_what_shells_take():
    for shell in ("bash", "zsh", "fish"):
        code, out, _ = run("bia", "completion", shell)
        assert code == 0 and "run" in out
    assert completed("run", "--wa") == ["--watch"] and completed("n") == ["new"]
    assert run("bia", "completion", "csh")[0] == 1


class Watched:
    """bia run --watch of a project without the framework: what is built is not what is tested here."""

    def __init__(self, start, folder, service):
        self.folder = folder
        with open(folder / "out", "w") as out, open(folder / "err", "w") as err:
            self.process = start([conftest.BIN / "bia", "run", service, "--watch"], stdout=out, stderr=err)

    def wait_for(self, file, what, seconds=90):
        end = time.monotonic() + seconds
        while what not in (self.folder / file).read_text():
            assert time.monotonic() < end and self.process.poll() is None, (self.folder / "err").read_text()
            time.sleep(0.05)


PROJECT = "cmake_minimum_required(VERSION 3.25)\nproject(tiny LANGUAGES CXX)\nset(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)\n"
MAIN = '#include <unistd.h>\n#include <cstdio>\nint main() { std::puts("one"); std::fflush(stdout); while (true) pause(); }\n'


def test_run_builds_again_when_a_source_changes(start, tmp_path):
    (tmp_path / "cmd/tiny").mkdir(parents=True)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT + "add_executable(tiny cmd/tiny/main.cc)\n")
    source = tmp_path / "cmd/tiny/main.cc"
    source.write_text(MAIN)
    watched = Watched(start, tmp_path, tmp_path)
    watched.wait_for("out", "one")
    source.write_text("int main( {")
    watched.wait_for("err", "the service that runs stays")
    source.write_text(MAIN.replace("one", "two"))
    watched.wait_for("out", "two")
    watched.process.send_signal(signal.SIGTERM)
    assert watched.process.wait(20) == 128 + signal.SIGTERM  # tiny has no handler


def test_run_of_a_part_builds_again_when_the_shared_api_changes(start, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT + "add_subdirectory(app/tiny)\n")
    service = tmp_path / "app/tiny"
    (service / "cmd/tiny").mkdir(parents=True)
    (service / "CMakeLists.txt").write_text("add_executable(tiny cmd/tiny/main.cc)\ntarget_include_directories(tiny PRIVATE ${CMAKE_SOURCE_DIR})\n")
    (service / "cmd/tiny/main.cc").write_text('#include "api/tiny/v1/word.h"\n' + MAIN.replace('"one"', "kWord"))
    word = tmp_path / "api/tiny/v1/word.h"
    word.parent.mkdir(parents=True)
    word.write_text('constexpr char kWord[] = "one";\n')
    watched = Watched(start, tmp_path, service)
    watched.wait_for("out", "one")
    word.write_text('constexpr char kWord[] = "two";\n')
    watched.wait_for("out", "two")
    watched.process.send_signal(signal.SIGTERM)
    assert watched.process.wait(20) == 128 + signal.SIGTERM
