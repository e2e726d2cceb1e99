"""gRPC's interoperability cases (grpc/doc/interop-test-descriptions.md): our server against grpc-go's client, our client against grpc-go's server.

    go build -o ~/go/bin/grpc-interop-client google.golang.org/grpc/interop/client     # and …-server from interop/server, in a module that requires google.golang.org/grpc
"""
import pathlib
import shutil
import subprocess

import pytest

import conftest
from certificates import Authority
from service import Service

CASES = ["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream", "custom_metadata", "status_code_and_message",
         "special_status_message", "unimplemented_method", "unimplemented_service", "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server"]


def grpc_go(name):
    return shutil.which(name) or shutil.which(name, path=pathlib.Path.home() / "go/bin")


def needs(name):
    return pytest.mark.skipif(not grpc_go(name), reason=f"no {name}: built from google.golang.org/grpc/interop, see this file's beginning")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def ours(start, tmp_path):
    return Service(start, tmp_path, program="interop_server", grpc_timeout="0s")


@needs("grpc-interop-client")
@pytest.mark.parametrize("case", CASES)
def test_our_server_against_grpc_gos_client(ours, case):
    run(grpc_go("grpc-interop-client"), "--use_tls=false", "--server_host=127.0.0.1", f"--server_port={ours.grpc}", f"--test_case={case}")
    assert ours.process.poll() is None


@needs("grpc-interop-server")
@pytest.mark.parametrize("case", CASES)
def test_our_client_against_grpc_gos_server(start, case):
    port = conftest.free_port()
    start([grpc_go("grpc-interop-server"), f"--port={port}"], port=port)
    run(conftest.BIN / "interop_client", f"127.0.0.1:{port}", case)


@pytest.mark.parametrize("compression", ["", "gzip"])
@pytest.mark.parametrize("case", CASES)
def test_our_client_against_our_server(ours, case, compression):
    run(conftest.BIN / "interop_client", f"127.0.0.1:{ours.grpc}", case, compression)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("interop"))
    authority.issue("server")
    return authority


class Secure:
    """interop_server: gRPC over TLS on a port of its own, and on the HTTP port in cleartext."""

    def __init__(self, start, folder, authority):
        self.http, self.grpc = conftest.free_port(), conftest.free_port()
        config = folder / "config.yaml"
        config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{self.http}\n    grpc: true\n  grpc:\n    addr: 127.0.0.1:{self.grpc}\n    timeout: 0s\n"
                          f"    tls:\n      cert: {authority.folder}/server.pem\n      key: {authority.folder}/server.key\n")
        self.process = start([conftest.BIN / "interop_server", "-conf", config], port=self.grpc, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@needs("grpc-interop-client")
@pytest.mark.parametrize("case", CASES)
def test_our_server_against_grpc_gos_client_over_tls(start, tmp_path, authority, case):
    ours = Secure(start, tmp_path, authority)
    run(grpc_go("grpc-interop-client"), "--use_tls=true", "--use_test_ca=true", f"--ca_file={authority.pem}", "--server_host_override=localhost", "--server_host=127.0.0.1",
        f"--server_port={ours.grpc}", f"--test_case={case}")
    assert ours.process.poll() is None


@needs("grpc-interop-client")
@pytest.mark.parametrize("case", CASES)
def test_our_http_port_against_grpc_gos_client(start, tmp_path, authority, case):
    ours = Secure(start, tmp_path, authority)
    run(grpc_go("grpc-interop-client"), "--use_tls=false", "--server_host=127.0.0.1", f"--server_port={ours.http}", f"--test_case={case}")
    assert ours.process.poll() is None


@needs("grpc-interop-server")
@pytest.mark.parametrize("case", CASES)
def test_our_client_against_grpc_gos_server_over_tls(start, authority, case):
    port = conftest.free_port()
    start([grpc_go("grpc-interop-server"), f"--port={port}", "--use_tls=true", f"--tls_cert_file={authority.folder}/server.pem", f"--tls_key_file={authority.folder}/server.key"],
          port=port)
    run(conftest.BIN / "interop_client", f"127.0.0.1:{port}", case, f"ca={authority.pem}")
