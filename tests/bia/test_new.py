"""bia new, bia run, and that examples/helloworld is what bia new writes."""
import filecmp
import os
import re
import shutil
import signal
import subprocess

import conftest
from service import http, run


def tree(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and "build" not in path.relative_to(folder).parts)


def test_example_is_what_new_writes(tmp_path):
    code, out, err = run("bia", "new", "helloworld", cwd=tmp_path)
    assert code == 0, err
    example, made = conftest.SOURCE / "examples/helloworld", tmp_path / "helloworld"
    assert tree(made) == tree(example)
    _, mismatch, errors = filecmp.cmpfiles(made, example, tree(made), shallow=False)
    assert (mismatch, errors) == ([], []), "make the example anew: cd examples && bia new helloworld --force"
    assert "CREATED helloworld/configs/config.yaml (" in out and "$ bia run" in out


def test_configuration_is_the_experiments(tmp_path):
    text = (conftest.SOURCE / "examples/helloworld/configs/config.yaml").read_text()
    assert "http:\n    addr: :8080\n    timeout: 1s\n" in text and "grpc:\n    addr: :8282\n    timeout: 1s\n" in text


def test_systemd_units_fit_the_configuration(tmp_path):
    assert run("bia", "new", "shop", cwd=tmp_path)[0] == 0
    deploy = tmp_path / "shop/deploy"
    config = (tmp_path / "shop/configs/config.yaml").read_text()
    listened = [line.split("=")[1] for line in (deploy / "shop.socket").read_text().splitlines() if line.startswith("ListenStream=")]
    assert listened == re.findall(r"addr: :(\d+)", config)
    service = (deploy / "shop.service").read_text().splitlines()
    assert "Type=notify" in service and "ExecReload=/bin/kill -USR2 $MAINPID" in service
    analyze = shutil.which("systemd-analyze")
    if analyze:
        verified = [line.replace("/usr/local/bin/shop", "/bin/true") for line in service]
        (deploy / "shop.service").write_text("\n".join(verified) + "\n")
        done = subprocess.run([analyze, "verify", deploy / "shop.socket", deploy / "shop.service"], capture_output=True, text=True, timeout=60)
        assert "shop" not in done.stderr, done.stderr


def test_run_shows_a_broken_build(tmp_path):
    assert run("bia", "new", "demo", cwd=tmp_path)[0] == 0
    (tmp_path / "demo/CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(demo LANGUAGES NONE)\nmessage(FATAL_ERROR \"broken here\")\n")
    code, out, err = run("bia", "run", "demo", cwd=tmp_path)
    assert (code, out) == (1, "")
    assert "broken here" in err and "ERROR: cmake failed with exit code 1; its messages are above" in err


def runs(start, folder, project):
    """`bia run` builds the project and becomes the service, which answers and ends when told to."""
    port = conftest.free_port()
    config = folder / project / "configs/config.yaml"
    config.write_text(config.read_text().replace(":8080", f"127.0.0.1:{port}").replace(":8282", "127.0.0.1:0"))
    process = start([conftest.BIN / "bia", "run", project], cwd=folder, stderr=subprocess.DEVNULL,
                    env={**os.environ, "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"})
    conftest.wait_for_port(port, process, seconds=240)
    assert http(port, "GET /helloworld/kratos")[2] == b'{"message":"Hello kratos"}'
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_run_builds_and_becomes_the_service(start, tmp_path):
    assert run("bia", "new", "demo", cwd=tmp_path)[0] == 0
    runs(start, tmp_path, "demo")
    done = subprocess.run(["make", "test"], cwd=tmp_path / "demo", capture_output=True, text=True, timeout=240,
                          env={**os.environ, "CCACHE_BASEDIR": str(tmp_path), "CCACHE_NOHASHDIR": "1"})
    assert done.returncode == 0 and "100% tests passed" in done.stdout, done.stdout[-3000:] + done.stderr
    listed = subprocess.run(["make"], cwd=tmp_path / "demo", capture_output=True, text=True).stdout
    assert re.findall(r"make ([a-z]+)\t", listed) == ["help", "api", "build", "run", "test", "clean"]


def test_a_second_service_of_a_project_shares_its_api(start, tmp_path):
    assert run("bia", "new", "demo", cwd=tmp_path)[0] == 0
    assert run("bia", "new", "app/user", "--nomod", cwd=tmp_path / "demo")[0] == 0
    runs(start, tmp_path, "demo/app/user")
    assert (tmp_path / "demo/build/bin/user").is_file() and not (tmp_path / "demo/app/user/build").exists()
