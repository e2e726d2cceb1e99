"""What the tests of services share: raw HTTP, gRPC by Debian's grpcio, /metrics as a dict, a service with its log."""
import json
import pathlib
import re
import socket
import subprocess
import time

import conftest

GRPC_CALL = """
import sys, grpc
address, path, timeout = sys.argv[1], sys.argv[2], float(sys.argv[3])
call = grpc.insecure_channel(address).unary_unary(path, lambda b: b, lambda b: b)
try:
    print('OK', call(bytes.fromhex(sys.argv[4]), timeout=timeout or None, wait_for_ready=True).hex())
except grpc.RpcError as error:
    print(error.code().name, error.details())
"""


def grpc_call(port, path, request=b"", timeout=0):
    """("OK", reply bytes), or (status, message)."""
    done = subprocess.run(["/usr/bin/python3", "-c", GRPC_CALL, f"127.0.0.1:{port}", path, str(timeout), request.hex()],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{done.stderr}\n(grpcio for Debian's python3 comes with scripts/setup test)"
    status, _, rest = done.stdout.rstrip("\n").partition(" ")
    return (status, bytes.fromhex(rest)) if status == "OK" else (status, rest)


def grpc_client(what, port, *args):
    """What grpc_client.py, beside this file, prints."""
    script = pathlib.Path(__file__).with_name("grpc_client.py")
    done = subprocess.run(["/usr/bin/python3", script, what, f"127.0.0.1:{port}", *map(str, args)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{done.stderr}\n(grpcio for Debian's python3 comes with scripts/setup test)"
    return json.loads(done.stdout)


def whole(received):
    """True once as many bytes of body have come as the head says; without Content-Length the end of the connection says it."""
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end and length) and len(body) >= int(length[1])


def http(port, request, wait=5):
    """Sends bytes, or "GET /path"; returns (status, headers with lower-case names, body) of one answer."""
    if isinstance(request, str):
        request = f"{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), wait) as connection:
        connection.sendall(request)
        received = b""
        while not whole(received) and (chunk := connection.recv(65536)):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def metrics(port):
    """{'name{labels}': value}"""
    _, _, body = http(port, "GET /metrics")
    samples = [line.rsplit(" ", 1) for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


class Service:
    def __init__(self, start, folder, program="helloworld", extra="", http_timeout="1s", grpc_timeout="1s", http="", **options):
        self.http, self.grpc = conftest.free_port(), conftest.free_port()
        self.config = folder / "config.yaml"
        extra_http = f"    {http}\n" if http else ""
        self.config.write_text(
            f"server:\n  http:\n    addr: 127.0.0.1:{self.http}\n    timeout: {http_timeout}\n{extra_http}"
            f"  grpc:\n    addr: 127.0.0.1:{self.grpc}\n    timeout: {grpc_timeout}\n{extra}")
        self.log_file = folder / "log"
        with open(self.log_file, "w") as log:
            self.process = start([conftest.BIN / program, "-conf", self.config], port=self.grpc, stdout=subprocess.DEVNULL, stderr=log, **options)
        conftest.wait_for_port(self.http)

    def log(self):
        return self.log_file.read_text()

    def messages(self):
        return re.findall(r" msg=(.*)", self.log())

    def wait_for_log(self, text, seconds=5):
        end = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < end, f"no {text!r} in:\n{self.log()}"
            time.sleep(0.01)


def run(program, *args, **options):
    """Runs to the end: (exit code, stdout, stderr)."""
    done = subprocess.run([str(conftest.BIN / program), *map(str, args)], capture_output=True, text=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


def error_body(code, reason, message, metadata=None):
    return {"code": code, "reason": reason, "message": message, "metadata": metadata or {}}


def parsed(body):
    return json.loads(body)
