"""Restarts under load: whoever holds the listening sockets (systemd, here the test) passes them on, and no request fails."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

import conftest

GREETER = "/helloworld.v1.Greeter/SayHello"


class Holder:
    """Holds the sockets as systemd does, and starts instances on them."""

    def __init__(self, folder):
        self.folder = folder
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2)]
        self.http, self.grpc = (one.getsockname()[1] for one in self.sockets)
        self.config = folder / "config.yaml"
        self.config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{self.http}\n  grpc:\n    addr: 127.0.0.1:{self.grpc}\n"
                               "runtime:\n  stop_timeout: 20s\n  threads: 2\n")
        self.count = 0

    def start(self):
        self.count += 1
        log = self.folder / f"log{self.count}"
        fds = [one.fileno() for one in self.sockets]
        # sh sets LISTEN_PID to its own number and then becomes the program; the sockets come from 3 on.
        dups = " ".join(f"{3 + i}<&{fd}" for i, fd in enumerate(fds))
        command = f'exec {dups}; export LISTEN_PID=$$ LISTEN_FDS={len(fds)}; exec "$0" "$@"'
        with open(log, "w") as out:
            process = subprocess.Popen(["bash", "-c", command, conftest.BIN / "helloworld", "-conf", self.config], stdout=out, stderr=out, pass_fds=fds)
        end = time.monotonic() + 15
        while "[gRPC] server listening on" not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.01)
        return process


class HttpLoad(threading.Thread):
    """Requests on one kept connection, a new one where the server says that it closes."""

    def __init__(self, port, stop, pause):
        super().__init__()
        self.port, self.stop, self.pause = port, stop, pause
        self.good, self.failed, self.closes = 0, [], 0

    def run(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stop.is_set():
            try:
                client.request("GET", "/helloworld/x")
                answer = client.getresponse()
                body = answer.read()
                if (answer.status, body) == (200, b'{"message":"Hello x"}'):
                    self.good += 1
                else:
                    self.failed.append((answer.status, body))
                if answer.will_close:
                    self.closes += 1
            except Exception as error:  # Each is a failed request.
                self.failed.append(repr(error))
                client.close()
            time.sleep(self.pause)
        client.close()


GRPC_LOAD = """
import sys, time, grpc
address, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
call = grpc.insecure_channel(address).unary_unary(path)
good, failed, end = 0, [], time.monotonic() + seconds
while time.monotonic() < end:
    try:
        call(b"\\x0a\\x01x", timeout=20)
        good += 1
    except grpc.RpcError as error:
        failed.append(f"{error.code().name}: {error.details()}")
    time.sleep(0.002)
print(good)
print("\\n".join(failed))
"""


class Successors:
    """helloworld as anybody starts it; SIGUSR2 replaces it."""

    def __init__(self, folder, http=None, threads=2, **options):
        self.folder = folder
        self.http, self.grpc = conftest.free_port(), conftest.free_port()
        config = folder / "config.yaml"
        config.write_text(f"server:\n  http:\n    addr: {http or f'127.0.0.1:{self.http}'}\n  grpc:\n    addr: 127.0.0.1:{self.grpc}\n"
                          f"runtime:\n  stop_timeout: 20s\n  threads: {threads}\n")
        self.log = folder / "log"
        with open(self.log, "w") as out:
            self.first = subprocess.Popen([conftest.BIN / "helloworld", "-conf", config], stdout=out, stderr=out, **options)
        conftest.wait_for_port(self.grpc, self.first)
        self.pid = self.first.pid

    def replace(self):
        count = len(self.taken_over())
        os.kill(self.pid, signal.SIGUSR2)
        end = time.monotonic() + 20
        while len(self.taken_over()) == count:
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)
        old, self.pid = self.pid, int(self.taken_over()[-1])
        while self.alive(old):
            assert time.monotonic() < end, f"{old} does not end:\n{self.log.read_text()}"
            time.sleep(0.02)

    def taken_over(self):
        return re.findall(r"process (\d+) has taken over", self.log.read_text())

    def alive(self, pid):
        if pid == self.first.pid:
            return self.first.poll() is None
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def end(self):
        if self.alive(self.pid):
            os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while self.alive(self.pid) and time.monotonic() < end:
            time.sleep(0.02)


def test_no_request_fails_while_successors_take_over(tmp_path):
    service = Successors(tmp_path)
    stop = threading.Event()
    loads = [HttpLoad(service.http, stop, pause) for pause in (0, 0.001, 0.01, 0.05, 0.2)]
    calls = None
    try:
        for load in loads:
            load.start()
        calls = grpc_load(service.grpc, 8)
        for _ in range(3):
            time.sleep(0.3)
            service.replace()
        finish(calls)
    finally:
        stop.set()
        for load in loads:
            load.join(30)
        service.end()
        if calls and calls.poll() is None:
            calls.kill()
    check(loads, 3)
    assert service.first.returncode == 0


def test_no_call_of_many_at_once_fails_while_successors_take_over(tmp_path):
    """20 calls at a time on 4 connections, and 20 requests on as many: a connection may be made just when the old process leaves its sockets."""
    service = Successors(tmp_path)
    count = 30_000
    (tmp_path / "script.js").write_text(f"""
        import http from 'k6/http';
        import {{ check }} from 'k6';
        export const options = {{ thresholds: {{ checks: ['rate==1'] }} }};
        export default function () {{ check(http.get('http://127.0.0.1:{service.http}/helloworld/a'), {{ ok: (r) => r.status === 200 }}); }}""")
    greeter = conftest.SOURCE / "examples/helloworld/api/helloworld/v1/greeter.proto"
    calls = [[conftest.BIN / "zelus", "grpc", "--insecure", "--proto", greeter, "--call", "helloworld.v1.Greeter.SayHello", "-d", '{"name": "a"}', "-c", "20",
              "--connections", "4", "-n", str(count), "--rps", "6000", "-O", "json", f"127.0.0.1:{service.grpc}"],
             [conftest.BIN / "zelus", "run", "-q", "--no-summary", "--vus", "20", "--duration", "5s", "script.js"]]
    loads = []
    try:
        loads = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for command in calls]
        for _ in range(3):
            time.sleep(0.3)
            service.replace()
        grpc_out, http_out = (load.communicate(timeout=60)[0] for load in loads)
        assert json.loads(grpc_out)["statusCodeDistribution"] == {"OK": count}
        assert loads[1].returncode == 0, http_out
    finally:
        for load in loads:
            if load.poll() is None:
                load.kill()
        service.end()


def test_a_successor_that_fails_changes_nothing(tmp_path):
    service = Successors(tmp_path)
    try:
        (tmp_path / "config.yaml").write_text("server:\n  http:\n    nonsense: 1\n")
        os.kill(service.pid, signal.SIGUSR2)
        end = time.monotonic() + 20
        while "no successor, serving on: process" not in service.log.read_text():
            assert time.monotonic() < end, service.log.read_text()
            time.sleep(0.02)
        client = http.client.HTTPConnection("127.0.0.1", service.http, timeout=10)
        client.request("GET", "/helloworld/a")
        assert client.getresponse().read() == b'{"message":"Hello a"}'
        client.close()
        assert service.first.poll() is None
    finally:
        service.end()


def hello(connection):
    client = http.client.HTTPConnection("localhost")
    client.sock = connection
    client.request("GET", "/helloworld/a")
    answer = client.getresponse().read()
    client.close()
    return answer


def test_a_unix_socket_is_served_on_at_the_same_path(tmp_path):
    path = tmp_path / "http.sock"
    service = Successors(tmp_path, http=f"unix:{path}")
    inode = path.stat().st_ino

    def ask():
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(str(path))
        return hello(connection)
    try:
        assert ask() == b'{"message":"Hello a"}'
        for _ in range(2):
            service.replace()
            assert path.stat().st_ino == inode, "the path is bound anew"
            assert ask() == b'{"message":"Hello a"}'
    finally:
        service.end()


def test_a_successor_serves_the_addresses_of_its_own_configuration(tmp_path):
    service = Successors(tmp_path)
    config, before = tmp_path / "config.yaml", service.http
    try:
        service.http = conftest.free_port()
        config.write_text(config.read_text().replace(f"127.0.0.1:{before}", f"127.0.0.1:{service.http}"))
        for _ in range(2):
            service.replace()
            assert hello(socket.create_connection(("127.0.0.1", service.http), 10)) == b'{"message":"Hello a"}'
            socket.create_connection(("127.0.0.1", service.grpc), 10).close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", before), 10)
        assert service.log.read_text().count(f"127.0.0.1:{before} that the process was started with is neither") == 1
    finally:
        service.end()


def more_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096, reason="needs 4096 descriptors a process")
def test_more_sockets_than_one_message_could_carry(tmp_path):
    """A socket a thread and port: a machine of 130 cores has 260, above SCM_RIGHTS' 253."""
    service = Successors(tmp_path, threads=130, preexec_fn=more_descriptors)

    def listening(pid):
        wanted = {f"{port:04X}" for port in (service.http, service.grpc)}
        inodes = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
                  if line.split()[3] == "0A" and line.split()[1].split(":")[1] in wanted}
        held = set()
        for one in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # Closed meanwhile.
                held.add(os.readlink(one))
        return sum(f"socket:[{inode}]" in held for inode in inodes)
    try:
        conftest.wait_until(lambda: listening(service.pid) == 260, "not all threads listen")
        service.replace()
        assert listening(service.pid) == 260
        for _ in range(50):
            assert hello(socket.create_connection(("127.0.0.1", service.http), 10)) == b'{"message":"Hello a"}'
    finally:
        service.end()


class Supervisor:
    """A service manager's end of sd_notify(3)."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(15)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def nothing(self):
        self.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            self.socket.recv(4096)
        self.socket.settimeout(15)


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_a_service_manager_is_told(tmp_path, abstract):
    name = f"bia-test-{os.getpid()}-{tmp_path.name}"
    address = f"\0{name}" if abstract else str(tmp_path / "notify")
    manager = Supervisor(address)
    service = Successors(tmp_path, env={**os.environ, "NOTIFY_SOCKET": f"@{name}" if abstract else address})
    try:
        assert manager.next() == {"READY": "1"}
        service.replace()
        told = manager.next()
        assert told.pop("RELOADING") == "1" and int(told.pop("MONOTONIC_USEC")) > 0 and not told
        assert manager.next() == {"MAINPID": str(service.pid), "READY": "1"}
        manager.nothing()  # The old one's end is not the service's.
        (tmp_path / "config.yaml").write_text("server:\n  http:\n    nonsense: 1\n")
        os.kill(service.pid, signal.SIGUSR2)
        assert manager.next()["RELOADING"] == "1"
        assert manager.next() == {"READY": "1"}, "it serves on"
    finally:
        service.end()
    assert manager.next() == {"STOPPING": "1"}
    manager.nothing()


def test_a_manager_that_cannot_be_told_is_named(tmp_path):
    service = Successors(tmp_path, env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "nobody")})
    service.end()
    assert f"NOTIFY_SOCKET {tmp_path}/nobody: No such file or directory" in service.log.read_text()
    assert service.first.returncode == 0


def grpc_load(port, seconds):
    return subprocess.Popen(["/usr/bin/python3", "-c", GRPC_LOAD, f"127.0.0.1:{port}", GREETER, str(seconds)], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "GRPC_VERBOSITY": "NONE"})


def finish(calls):
    out, _ = calls.communicate(timeout=60)
    good, *failed = out.strip().splitlines()
    assert int(good) > 100 and not failed, failed[:5]


def check(loads, restarts):
    assert not any(load.failed for load in loads), [load.failed[:3] for load in loads]
    assert all(load.good > 10 for load in loads), [load.good for load in loads]
    assert sum(load.closes for load in loads) >= restarts, "kept connections are told"


@pytest.mark.parametrize("overlap", [True, False], ids=["the new one first", "with a gap"])
def test_no_request_fails(tmp_path, overlap):
    holder = Holder(tmp_path)
    stop = threading.Event()
    loads = [HttpLoad(holder.http, stop, pause) for pause in (0, 0.001, 0.01, 0.05, 0.2)]
    running = holder.start()
    calls = None
    try:
        for load in loads:
            load.start()
        seconds = 8
        calls = grpc_load(holder.grpc, seconds)
        begin = time.monotonic()
        restarts = 0
        while time.monotonic() < begin + seconds - 3:
            time.sleep(0.3)
            old = running
            if overlap:
                running = holder.start()
                old.terminate()
                assert old.wait(20) == 0
            else:
                # systemctl restart: requests wait in the socket's queue.
                old.terminate()
                assert old.wait(20) == 0
                running = holder.start()
            restarts += 1
        assert restarts >= 2
        finish(calls)
    finally:
        stop.set()
        for load in loads:
            load.join(30)
        running.terminate()
        running.wait(20)
        if calls and calls.poll() is None:
            calls.kill()
    check(loads, restarts)


def test_sockets_are_taken_by_name(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        config = tmp_path / "config.yaml"
        config.write_text("server:\n  http:\n    addr: 127.0.0.1:1\n")
        log = open(tmp_path / "log", "w")
        start(["bash", "-c", f'exec 3<&{held.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http; exec "$0" "$@"',
               conftest.BIN / "helloworld", "-conf", config], port=port, pass_fds=[held.fileno()], stdout=log, stderr=log)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/helloworld/a")
        assert client.getresponse().read() == b'{"message":"Hello a"}'


def test_a_socket_of_nobodys_is_named(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = conftest.free_port()
        config = tmp_path / "config.yaml"
        config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{port}\n")
        log = open(tmp_path / "log", "w")
        start(["bash", "-c", f'exec 3<&{held.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@"',
               conftest.BIN / "helloworld", "-conf", config], port=port, pass_fds=[held.fileno()], stdout=log, stderr=log)
        assert f"127.0.0.1:{held.getsockname()[1]} that the process was started with is neither" in (tmp_path / "log").read_text()
