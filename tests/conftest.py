"""What every whole-program test uses: where the programs are, a free port, a program that ends with its test."""
import os
import pathlib
import socket
import subprocess
import time

import pytest

SOURCE = pathlib.Path(os.environ.get("BIA_SOURCE", pathlib.Path(__file__).parent.parent))
BIN = pathlib.Path(os.environ.get("BIA_BIN", SOURCE / "build/release/bin"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process=None, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the process ended with {process.returncode} before it listened on {port}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


@pytest.fixture
def start(request):
    """start([program, args…], port=N, **Popen options): a process that is terminated when the test ends."""
    running = []

    def run(command, port=None, **options):
        process = subprocess.Popen([str(part) for part in command], **options)
        running.append(process)
        if port:
            wait_for_port(port, process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def helloworld(start, tmp_path):
    """The example service on free ports: an object with .http, .grpc (ports) and .process."""
    class Service:
        http, grpc = free_port(), free_port()
    config = tmp_path / "config.yaml"
    config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{Service.http}\n    timeout: 1s\n  grpc:\n    addr: 127.0.0.1:{Service.grpc}\n    timeout: 1s\n")
    Service.process = start([BIN / "helloworld", "-conf", config], port=Service.grpc, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_port(Service.http)
    return Service
