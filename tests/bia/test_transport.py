"""The transport against other people's programs: h2spec, grpcio."""
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

from certificates import Authority
from service import Service, grpc_client, metrics


def h2spec():
    """`go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible`"""
    return shutil.which("h2spec") or shutil.which("h2spec", path=pathlib.Path.home() / "go/bin")


def run_h2spec(port, path, folder, *more):
    """{case: why} of those that did not pass, and how many ran."""
    report = folder / "report.xml"
    subprocess.run([h2spec(), "-h", "127.0.0.1", "-p", str(port), "-P", path, "-o", "5", "-j", report, *more], capture_output=True, timeout=300)
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    return {f"{case.get('package')} {case.get('classname')}": "".join(case.itertext()).strip() for case in cases if len(case)}, len(cases)


# A port that speaks HTTP/1.1 as well answers what is neither with HTTP/1.1's 400 before it closes; h2spec wants a close alone.
BOTH_VERSIONS = {"http2/3.5 Sends invalid connection preface"}


@pytest.mark.skipif(not h2spec(), reason="no h2spec: go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible")
@pytest.mark.parametrize("secure", [False, True], ids=["cleartext", "tls"])
@pytest.mark.parametrize("server, path", [("http", "/helloworld/x"), ("grpc", "/helloworld.v1.Greeter/SayHello")])
def test_h2spec(start, tmp_path, server, path, secure):
    tls, more, known = "", [], BOTH_VERSIONS if server == "http" else set()
    if secure:
        certificate, key = Authority(tmp_path).issue("server")
        tls, more, known = f"tls: {{cert: {certificate}, key: {key}}}", ["-t", "-k"], set()
    service = Service(start, tmp_path, http=tls, extra=f"    {tls}\n")
    failed, ran = run_h2spec(getattr(service, server), path, tmp_path, *more)
    assert ran == 145
    # A busy machine may let one of its waits pass: what fails must fail again.
    if set(failed) - known:
        failed, ran = run_h2spec(getattr(service, server), path, tmp_path, *more)
    assert set(failed) - known == set(), failed
    assert service.process.poll() is None
    if secure:
        return
    got = metrics(service.http)
    assert got['http2_server_connections_ended_total{server="%s",reason="ping"}' % server] == 0


def test_grpcio_compresses_both_ways(start, tmp_path):
    service = Service(start, tmp_path)
    name = "a" * 50_000
    request = b"\x0a" + bytes([len(name) & 127 | 128, len(name) >> 7 & 127 | 128, len(name) >> 14]) + name.encode()
    status, reply = grpc_client("gzip", service.grpc, "/helloworld.v1.Greeter/SayHello", request.hex())
    assert status == "OK" and bytes.fromhex(reply).endswith(name.encode())
