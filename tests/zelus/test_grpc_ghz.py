"""What zelus grpc takes of ghz's command line beyond plain calls: templates, the debug log, load balancing, and its mistakes. The real ghz runs beside it where it is installed."""
import concurrent.futures
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import grpc
import pytest
from conftest import BIN, free_port

PROTO = """syntax = "proto3";
package echo.v1;
service Echo {
  rpc Unary(Message) returns (Message);
  rpc Client(stream Message) returns (Message);
  rpc Server(Message) returns (stream Message);
  rpc Bidi(stream Message) returns (stream Message);
}
message Message { string name = 1; int64 number = 2; bool flag = 3; repeated string items = 4; }
"""
OURS = [str(BIN / "zelus"), "grpc"]
GHZ = shutil.which("ghz") or shutil.which("ghz", path=str(pathlib.Path.home() / "go/bin"))
both = pytest.mark.parametrize("program", [OURS, pytest.param([GHZ], marks=pytest.mark.skipif(GHZ is None, reason="ghz is not installed"))], ids=["zelus", "ghz"])


class Echo(grpc.GenericRpcHandler):
    """Sends back what it gets, and remembers it."""

    def __init__(self, address="127.0.0.1", port=0):
        self.names, self.metadata = [], []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=(self,), options=[("grpc.so_reuseport", 0)])
        self.port = self.server.add_insecure_port(f"{address}:{port}")
        self.server.start()

    def service(self, details):
        def note(message, context):
            # message Message { string name = 1; }: the texts here are short.
            self.names.append(message[2:2 + message[1]].decode() if message else "")
            self.metadata.append(dict(context.invocation_metadata()))
            return message

        def last(messages, context):
            return [note(message, context) for message in messages][-1]

        return {
            "Unary": grpc.unary_unary_rpc_method_handler(note),
            "Client": grpc.stream_unary_rpc_method_handler(last),
            "Server": grpc.unary_stream_rpc_method_handler(lambda message, context: iter([note(message, context)] * 2)),
            "Bidi": grpc.stream_stream_rpc_method_handler(lambda messages, context: (note(message, context) for message in messages)),
        }[details.method.split("/")[-1]]


@pytest.fixture
def echo():
    service = Echo()
    yield service
    service.server.stop(0)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "echo.proto").write_text(PROTO)

    def load(program, *arguments, method="Unary"):
        return subprocess.run([*program, "--insecure", "--proto", "echo.proto", "--call", "echo.v1.Echo/" + method, *map(str, arguments)], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return load


def once(run, program, echo, *arguments, **options):
    return run(program, "-n", 1, "-c", 1, *arguments, f"127.0.0.1:{echo.port}", **options)


@both
@pytest.mark.parametrize("data,name", [
    ('{"name":"{{upper `abc`}} {{add .RequestNumber 5}} {{.MethodName | lower | quote | trimAll `\\"`}}"}', "ABC 5 unary"),
    ('{"name":"{{range $i, $x := list `a` `b`}}{{if $i}}-{{end}}{{$x}}{{end}}{{``}}"}', "a-b"),
    ('{"name":"{{eq .UUID .UUID}} {{randAlpha 4 | len}} {{dateInZone `2006` 0 `UTC`}}"}', "true 4 1970"),
    ('{"name":"{{if true}}x{{end}}"}', "{{if true}}x{{end}}"),
    ('[{"name":"{{.WorkerID}}"},{"name":"b"}]', "g0c0"),
])
def test_templates(run, echo, program, data, name):
    done = once(run, program, echo, "-d", data)
    assert done.returncode == 0, done.stderr
    assert echo.names == [name]


@both
def test_metadata_is_a_template_too(run, echo, program):
    done = once(run, program, echo, "-d", '{"name":"{{.UUID}}"}', "-m", '{"id":"{{.UUID}}","{{.MethodName}}":"{{upper `a`}}","x-bin":"{{b64enc `hi`}}"}')
    assert done.returncode == 0, done.stderr
    assert echo.metadata[0]["id"] == echo.names[0]
    assert (echo.metadata[0]["unary"], echo.metadata[0]["x-bin"]) == ("A", b"hi")


@both
def test_a_clients_stream_is_rendered_once_a_call(run, echo, program):
    done = once(run, program, echo, "-d", '[{"name":"{{.MethodName}}"},{"name":"b"}]', "--stream-call-count", 3, method="Client")
    assert done.returncode == 0, done.stderr
    assert echo.names == ["Client", "b", "Client"]


@both
def test_dynamic_messages_have_a_uuid_each(run, echo, program):
    done = once(run, program, echo, "-d", '[{"name":"{{.UUID}}"},{"name":"{{.UUID}}"}]', "--stream-dynamic-messages", method="Bidi")
    assert done.returncode == 0, done.stderr
    assert len(set(echo.names)) == 2, echo.names


@both
@pytest.mark.parametrize("arguments,text", [
    (["-d", '{"name":"{{nope}}"}'], 'template: call_template_data:1: function "nope" not defined'),
    (["-d", '{"name":"{{.Nope}}"}'], 'template: call_template_data:1:11: executing "call_template_data" at <.Nope>: can\'t evaluate field Nope in type *runner.CallData'),
    (["-d", '{"name":"{{fail `my reason`}}"}'], "at <fail `my reason`>: error calling fail: my reason"),
    (["-d", '{"name":"{{upper `a`}}"}', "--disable-template-functions"], 'function "upper" not defined'),
    (["-d", "{bad"], "error: error unmarshaling data '{bad': invalid character 'b' looking for beginning of object key string\n"),
    (["-m", "5"], "error: error unmarshaling metadata '5': json: cannot unmarshal number into Go value of type map[string]string\n"),
    (["-m", '{"a-bin":"!"}'], "illegal base64 data at input byte 0"),
    (["--tags", '{"a":1}'], "error unmarshaling tags '{\"a\":1}': json: cannot unmarshal number into Go value of type string\n"),
    (["--max-recv-message-size", "1 xb"], "error: invalid max call recv message size: unhandled size name: xb\n"),
    (["--load-step=x"], 'error: strconv.ParseFloat: parsing "x": invalid syntax, try --help\n'),
    (["--cpus", "99999999999999999999"], 'error: strconv.ParseUint: parsing "99999999999999999999": value out of range, try --help\n'),
    (["--debug", "/nowhere/x"], 'open sink "/nowhere/x": open /nowhere/x: no such file or directory\n'),
])
def test_mistakes(run, echo, program, arguments, text):
    done = once(run, program, echo, *arguments)
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert echo.names == []


def test_metadata_that_fails_is_not_sent_as_it_stands(run, echo):
    # ghz sends "{{.Nope}}" and says nothing.
    done = once(run, OURS, echo, "-m", '{"k":"{{.Nope}}"}')
    assert done.returncode == 1 and "can't evaluate field Nope" in done.stderr and echo.names == []


@both
def test_debug_log(run, echo, program, tmp_path):
    done = run(program, "-n", 3, "-c", 2, "-d", '{"name":"{{.RequestNumber}}"}', "-m", '{"k":"v"}', "--debug", "log", f"127.0.0.1:{echo.port}")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    messages = [line["message"] for line in lines]
    for message, count in (("Start Run", 1), ("Creating worker with ID: g0c0", 1), ("Making request", 3), ("Received RPC Stats", 3), ("Received response", 3),
                           ("Received stop from pacer.", 1), ("Finalizing report", 1), ("Run finished", 1), ("Printing report to stdout", 1)):
        assert messages.count(message) == count, (message, messages)
    first, response, stats = (next(line for line in lines if line["message"] == message) for message in ("Start Run", "Received response", "Received RPC Stats"))
    assert list(first)[:3] == ["level", "time", "message"] and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", first["time"])
    config = first["config"]
    assert (config["total"], config["timeout"], config["metadata"], config["insecure"]) == (3, "20s", {"k": "v"}, True)
    assert (response["call type"], response["call"], response["metadata"], response["error"]) == ("unary", "echo.v1.Echo.Unary", {"k": ["v"]}, None)
    assert json.loads(response["input"]) == json.loads(response["response"])
    assert (stats["code"], stats["error"]) == ("OK", None) and 0 < stats["duration"] < 20


def test_debug_log_keeps_no_secrets(run, echo, tmp_path):
    metadata = {"Authorization": "Bearer s3cret", "x-bin": "//79", "k": "v"}
    done = run(OURS, "-n", 1, "-c", 1, "-d", "{}", "-m", json.dumps(metadata), "--debug", "log", f"127.0.0.1:{echo.port}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "log").read_text()
    assert "s3cret" not in text and '"***"' in text
    assert all(json.loads(line) for line in text.splitlines())


@both
@pytest.mark.parametrize("method,wanted", [
    ("Client", {"Send message": 2, "Close and receive": 1}), ("Server", {"Receive message": 3}), ("Bidi", {"Send message": 2, "Receive message": 3, "Close send": 1})])
def test_debug_log_of_streams(run, echo, program, tmp_path, method, wanted):
    done = once(run, program, echo, "-d", '[{"name":"x"},{"name":"y"}]', "--debug", "log", method=method)
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line)["message"] for line in (tmp_path / "log").read_text().splitlines()]
    assert {message: messages.count(message) for message in wanted} == wanted


@both
def test_debug_log_has_the_runs_error(run, echo, program, tmp_path):
    done = once(run, program, echo, "-d", '{"nope":1}', "--debug", "log")
    assert done.returncode == 1
    last = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert last["level"] == "error" and last["message"].startswith("Error from run: ")


class NameServer:
    """Has an A record for each of the addresses, whatever the name; no AAAA."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(1500)
            if not query:
                return
            end = query.index(b"\0", 12) + 5
            question, kind = query[12:end], struct.unpack("!H", query[end - 4:end - 2])[0]
            answers = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(one) for one in self.addresses) if kind == 1 else b""
            count = len(self.addresses) if kind == 1 else 0
            self.socket.sendto(query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, count, 0, 0) + question + answers, peer)

    def stop(self):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(5)
        self.socket.close()


@pytest.fixture
def pair():
    """Two services on one port of 127.0.0.1 and 127.0.0.2, and the target that names both."""
    port = free_port()
    services = [Echo(address, port) for address in ("127.0.0.1", "127.0.0.2")]
    names = NameServer(["127.0.0.1", "127.0.0.2"])
    yield services, f"dns://127.0.0.1:{names.port}/svc.test:{port}"
    names.stop()
    for service in services:
        service.server.stop(0)


@both
@pytest.mark.parametrize("connections", [1, 2])
def test_round_robin_reaches_all_addresses(run, pair, program, connections):
    services, target = pair
    done = run(program, "-n", 100, "-c", 2, "--connections", connections, "--lb-strategy", "round_robin", target)
    assert "[OK]   100 responses" in done.stdout, done.stdout + done.stderr
    counts = [len(service.names) for service in services]
    # The first calls may find one of them connected alone.
    assert sum(counts) == 100 and min(counts) >= 25, counts


@both
@pytest.mark.parametrize("more", [[], ["--lb-strategy", "pick_first"]])
def test_without_it_one_address_has_all_calls(run, pair, program, more):
    services, target = pair
    done = run(program, "-n", 20, "-c", 2, *more, target)
    assert "[OK]   20 responses" in done.stdout, done.stdout + done.stderr
    assert sorted(len(service.names) for service in services) == [0, 20]


@both
def test_round_robin_leaves_out_who_is_not_there(run, pair, program):
    services, target = pair
    services[0].server.stop(0).wait()
    done = run(program, "-n", 20, "-c", 2, "--lb-strategy", "round_robin", target)
    assert "[OK]   20 responses" in done.stdout, done.stdout + done.stderr
    assert len(services[1].names) == 20


@both
def test_round_robin_says_why_nobody_is_there(run, program):
    names = NameServer(["127.0.0.1", "127.0.0.2"])
    done = run(program, "-n", 2, "-c", 1, "--lb-strategy", "round_robin", f"dns://127.0.0.1:{names.port}/svc.test:{free_port()}")
    names.stop()
    assert done.returncode == 0 and "[Unavailable]   2 responses" in done.stdout and "connection refused" in done.stdout, done.stdout + done.stderr


def test_a_strategy_that_is_none_is_refused(run):
    # ghz runs on with one address.
    done = run(OURS, "--lb-strategy", "rond_robin", "127.0.0.1:1")
    assert done.returncode == 1 and "--lb-strategy must be pick_first or round_robin, got 'rond_robin'" in done.stderr


def test_round_robin_of_a_plain_target_is_that_target(run, echo):
    done = once(run, OURS, echo, "--lb-strategy", "round_robin")
    assert "[OK]   1 responses" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def front():
    """A listener of which `serve(socket)` gets each connection in a thread; counts them."""
    class Front:
        def __init__(self):
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port, self.count, self.serve = self.listener.getsockname()[1], 0, socket.socket.close
            threading.Thread(target=self.accept, daemon=True).start()

        def accept(self):
            while True:
                try:
                    taken, _ = self.listener.accept()
                except OSError:
                    return
                self.count += 1
                threading.Thread(target=self.serve, args=(taken,), daemon=True).start()

    out = Front()
    yield out
    out.listener.shutdown(socket.SHUT_RDWR)
    out.listener.close()


@both
def test_a_server_that_accepts_and_closes_gets_a_connection_a_second(run, front, program):
    done = run(program, "-c", 5, "-z", "700ms", "--rps", 200, f"127.0.0.1:{front.port}")
    assert re.search(r"\[Unavailable\]   \d{2,} responses", done.stdout), done.stdout + done.stderr
    assert front.count <= 2


@both
def test_a_server_slower_than_the_calls_is_connected_once(run, echo, front, program):
    def copy(source, to, after):
        time.sleep(after)
        try:
            while data := source.recv(65536):
                to.sendall(data)
        except OSError:
            pass

    def serve(taken):
        behind = socket.create_connection(("127.0.0.1", echo.port))
        threading.Thread(target=copy, args=(behind, taken, 0.5), daemon=True).start()
        copy(taken, behind, 0)

    front.serve = serve
    done = run(program, "-c", 1, "-n", 8, "--rps", 5, "--timeout", "200ms", f"127.0.0.1:{front.port}")
    assert "[OK]" in done.stdout and re.search(r"\[\d\]   rpc error: code = DeadlineExceeded desc = context deadline exceeded +\n", done.stdout), done.stdout
    assert front.count == 1
