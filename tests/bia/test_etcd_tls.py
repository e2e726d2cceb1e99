"""Debian's etcd over TLS with clients' certificates and authentication on: as a registry, and as a configuration."""
import os
import re
import shutil
import subprocess

import pytest

import conftest
from certificates import Authority
from conftest import wait_until
from etcd_server import SecureEtcd
from service import Service, http

pytestmark = pytest.mark.skipif(not shutil.which("etcd") or not shutil.which("etcdctl"),
                                reason="etcd comes with Debian's etcd-server and etcd-client (scripts/setup test)")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def chained(start, folder, name, extra):
    (folder / name).mkdir()
    return Service(start, folder / name, program="chained_service", extra=extra)


def test_registry_and_discovery(start, tmp_path, authority):
    etcd = SecureEtcd(start, tmp_path, authority)
    service = chained(start, tmp_path, "a", f"registry: {{etcd: {etcd.settings(tmp_path)}}}\n")
    service.wait_for_log("registered as")
    assert list(etcd.records()) == ["/microservices/chained/id-1"]
    caller = chained(start, tmp_path, "b", f"peer: discovery:///chained\npeer_etcd: {etcd.settings(tmp_path)}\n")
    assert http(caller.http, "GET /wait/5")[0] == 200
    assert "secret" not in service.log()
    service.process.terminate()
    assert service.process.wait(10) == 0
    assert not etcd.records()


def test_a_token_that_has_run_out_is_renewed(start, tmp_path, authority):
    etcd = SecureEtcd(start, tmp_path, authority, token_seconds=1)
    service = chained(start, tmp_path, "a", f"registry: {{etcd: {etcd.settings(tmp_path)}}}\n")
    service.wait_for_log("registered as")
    etcd.ctl("lease", "revoke", etcd.ctl("lease", "list").split()[-1])
    assert not etcd.records()
    wait_until(etcd.records, "the record does not come back")
    # All tokens are void after a restart, and after a change of users.
    etcd.down()
    etcd.up()
    etcd.ctl("user", "add", "later:x")
    wait_until(etcd.records, "the record does not outlive etcd's restart")
    etcd.ctl("lease", "revoke", etcd.ctl("lease", "list").split()[-1])
    wait_until(etcd.records, "the record does not come back after etcd's restart")


def test_the_certificates_name_may_be_the_user(start, tmp_path, authority):
    etcd = SecureEtcd(start, tmp_path, authority)
    authority.issue("shop", "shop", "DNS:client.example")
    settings = etcd.settings(tmp_path, "timeout: 5s", client="shop")
    service = chained(start, tmp_path, "a", f"registry: {{etcd: {settings}}}\n")
    service.wait_for_log("registered as")
    assert etcd.records()


def fails(folder, registry):
    config = folder / "bad.yaml"
    config.write_text(f"server: {{http: {{addr: '127.0.0.1:0'}}}}\nregistry: {{etcd: {registry}}}\n")
    done = subprocess.run([conftest.BIN / "chained_service", "-conf", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "secret" not in done.stderr and "wrong-one" not in done.stderr
    return done.stderr


def test_what_etcd_refuses_is_said(start, tmp_path, authority):
    etcd = SecureEtcd(start, tmp_path, authority)
    at = f"'https://127.0.0.1:{etcd.port}'"
    assert "etcdserver: authentication failed, invalid user ID or password" in fails(tmp_path, etcd.settings(tmp_path, "user: shop, password: wrong-one"))
    assert "etcdserver: permission denied" in fails(tmp_path, etcd.settings(tmp_path, "user: shop, password: secret, prefix: /elsewhere"))
    assert re.search("certificate required|bad certificate", fails(tmp_path, f"{{endpoints: [{at}], tls: {{ca: {tmp_path}/ca.pem}}}}"))
    (tmp_path / "stranger").mkdir()
    Authority(tmp_path / "stranger")
    assert "x509: certificate signed by unknown authority" in fails(tmp_path, f"{{endpoints: [{at}], tls: {{ca: {tmp_path}/stranger/ca.pem}}}}")
    assert "x509: certificate signed by unknown authority" in fails(tmp_path, f"{{endpoints: [{at}]}}")
    assert "not other.example" in fails(tmp_path, f"{{endpoints: [{at}], tls: {{ca: {tmp_path}/ca.pem, server_name: other.example}}}}")


def test_settings_that_make_no_sense(tmp_path):
    assert "bad.yaml:2: registry.etcd.tls.cert and registry.etcd.tls.key go together" in fails(tmp_path, "{endpoints: ['a:1'], tls: {cert: x.pem}}")
    assert "is cleartext, but tls is set" in fails(tmp_path, "{endpoints: ['http://a:1'], tls: {server_name: a}}")
    assert "no-such.pem" in fails(tmp_path, "{endpoints: ['a:1'], tls: {ca: no-such.pem}}")


def test_configuration(start, tmp_path, authority):
    etcd = SecureEtcd(start, tmp_path, authority)
    etcd.ctl("put", "/shop/config.yaml", "log: {level: warn}\n")
    port = conftest.free_port()
    (tmp_path / "base.yaml").write_text(f"server:\n  http: {{addr: '127.0.0.1:{port}'}}\nlog: {{level: info}}\ndebug: {{enabled: true}}\n")
    at = f"127.0.0.1:{etcd.port}/shop/config.yaml?ca={tmp_path}/ca.pem&cert={tmp_path}/client.pem&key={tmp_path}/client.key"
    with open(tmp_path / "log", "w") as log:
        start([conftest.BIN / "helloworld", "-conf", tmp_path / "base.yaml", "-conf", f"etcds://shop@{at}"], port=port, stderr=log,
              env={**os.environ, "ETCDCTL_PASSWORD": "secret"})

    def level():
        return http(port, "GET /debug/log")[2].decode()
    assert "warn" in level()
    etcd.ctl("put", "/shop/config.yaml", "log: {level: debug}\n")
    wait_until(lambda: "debug" in level(), "the change is not taken over")
    etcd.down()
    etcd.up()
    etcd.ctl("put", "/shop/config.yaml", "log: {level: error}\n")
    wait_until(lambda: "error" in level(), "the change after etcd's restart is not taken over")
    done = subprocess.run([conftest.BIN / "helloworld", "-conf", f"etcds://shop:wrong-one@{at}"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "authentication failed" in done.stderr and "wrong-one" not in done.stderr
    for bad, said in (("etcd://127.0.0.1:1/a.yaml?ca=x", "are for etcds://"), ("etcds://127.0.0.1:1/a.yaml?x=y", '"x=y" is none of ca='),
                      ("etcds://127.0.0.1:1/a.yaml?cert=x", "cert and key go together"), ("etcds://127.0.0.1:1/a.yaml?ca=no-such.pem", "no-such.pem")):
        done = subprocess.run([conftest.BIN / "helloworld", "-conf", bad], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1 and said in done.stderr, done.stderr


def test_discovery_of_services_over_tls(start, tmp_path, authority):
    """Kratos' endpoints of secure servers: https:// and grpcs://."""
    etcd = SecureEtcd(start, tmp_path, authority)
    certificate, key = authority.issue("server")
    port, grpc_port = conftest.free_port(), conftest.free_port()
    tls = f"tls: {{cert: {certificate}, key: {key}}}"
    (tmp_path / "served.yaml").write_text(f"server:\n  http: {{addr: '127.0.0.1:{port}', {tls}}}\n  grpc: {{addr: '127.0.0.1:{grpc_port}', {tls}}}\n"
                                          f"registry: {{etcd: {etcd.settings(tmp_path)}}}\n")
    start([conftest.BIN / "chained_service", "-conf", tmp_path / "served.yaml"], port=port, stderr=subprocess.DEVNULL)
    wait_until(etcd.records, "the service does not register")
    (record,) = etcd.records().values()
    assert f'"https://127.0.0.1:{port}","grpcs://127.0.0.1:{grpc_port}"' in record
    peer = f"peer: discovery:///chained\npeer_etcd: {etcd.settings(tmp_path)}\npeer_ca: {authority.pem}\n"
    for through in "", "through: grpc\n", "through: http\n":
        caller = chained(start, tmp_path, through.strip()[-4:] or "pool", peer + through)
        assert http(caller.http, "GET /wait/5")[0] == 200
        if "http" in through:
            caller.wait_for_log("kind=client component=http")
