"""cmake --install, and a service outside the tree that builds with find_package(bia) and runs."""
import os
import signal
import subprocess

import pytest

import conftest
from service import http


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    command("cmake", "--install", conftest.BIN.parent, "--prefix", prefix)
    return prefix


def test_what_is_installed(prefix):
    for name in ("bin/bia", "bin/protoc-gen-bia", "include/bia/bia/app.h", "share/bia/proto/google/api/annotations.proto"):
        assert (prefix / name).is_file(), name
    assert list(prefix.glob("lib*/**/cmake/bia/BiaProto.cmake")) and list(prefix.glob("lib*/**/libbia_bia.a"))
    assert command(prefix / "bin/bia", "version").startswith("bia version v0.1.0")


def test_a_service_outside_the_tree(prefix, start, tmp_path):
    command(prefix / "bin/bia", "new", "my-shop", cwd=tmp_path)
    project = tmp_path / "my-shop"
    # Each run has its own folders; relative paths let ccache know them again.
    environment = {**os.environ, "CCACHE_BASEDIR": str(tmp_path.parent), "CCACHE_NOHASHDIR": "1"}
    command("cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
            "-DCMAKE_BUILD_TYPE=Release", env=environment)
    command("cmake", "--build", project / "build", env=environment)
    tested = command("ctest", "--test-dir", project / "build")
    assert "my-shop:GreeterUsecase.Saves" in tested and "my-shop:GreeterService.SaysHello" in tested and "100% tests passed" in tested
    port = conftest.free_port()
    config = project / "configs/config.yaml"
    config.write_text(config.read_text().replace(":8080", f"127.0.0.1:{port}").replace(":8282", "127.0.0.1:0"))
    process = start([project / "build/bin/my-shop", "-conf", "./configs"], port=port, cwd=project, stderr=subprocess.DEVNULL)
    status, _, body = http(port, "GET /helloworld/kratos")
    assert (status, body) == (200, b'{"message":"Hello kratos"}')
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_service_without_googletest_says_so(prefix, tmp_path):
    command(prefix / "bin/bia", "new", "my-shop", cwd=tmp_path)
    words = ["cmake", "-S", tmp_path / "my-shop", "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"]
    done = subprocess.run([*words, "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON"], capture_output=True, text=True)
    assert done.returncode == 0 and "my-shop is built without its tests: GoogleTest is missing" in done.stderr
    done = subprocess.run([*words, "-DBUILD_TESTING=OFF"], capture_output=True, text=True)
    assert done.returncode == 0 and "GoogleTest" not in done.stderr


def test_pkg_config(prefix):
    folder = next(prefix.glob("lib*/**/pkgconfig"))
    out = subprocess.run(["pkg-config", "--cflags", "--libs", "--define-variable=prefix=" + str(prefix), "bia"], capture_output=True, text=True,
                         env={"PKG_CONFIG_PATH": str(folder), "PATH": "/usr/bin:/bin"})
    assert out.returncode == 0, out.stderr
    assert f"-I{prefix}/include" in out.stdout and "-lbia_bia" in out.stdout and "-lprotobuf" in out.stdout
