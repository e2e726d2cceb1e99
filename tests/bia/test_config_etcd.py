"""A configuration in a real etcd: read, merged, watched; what is bad or away leaves the last good one; nothing secret is shown."""
import shutil
import subprocess

import pytest

import conftest
from etcd_server import Etcd
from service import http, metrics

pytestmark = pytest.mark.skipif(not shutil.which("etcd") or not shutil.which("etcdctl"),
                                reason="etcd comes with Debian's etcd-server and etcd-client (scripts/setup test)")


class Configured:
    """helloworld with a base file and etcd over it."""

    def __init__(self, start, folder, etcd, path):
        self.port = conftest.free_port()
        base = folder / "base.yaml"
        base.write_text(f"server:\n  http: {{addr: '127.0.0.1:{self.port}'}}\nlog: {{level: info}}\ndebug: {{enabled: true}}\n")
        self.path = folder / "log"
        self.file = self.path.open("w")
        self.process = start([conftest.BIN / "helloworld", "-conf", base, "-conf", f"etcd://127.0.0.1:{etcd.port}{path}"],
                             port=self.port, stderr=self.file)

    def wait_for_log(self, text, count=1):
        conftest.wait_until(lambda: self.path.read_text().count(text) >= count, f"no {text!r} in {self.path.read_text()}")

    def level(self):
        return http(self.port, "GET /debug/log")[2].decode().strip()


@pytest.fixture
def etcd(start, tmp_path):
    return Etcd(start, tmp_path)


def test_a_key_is_watched_and_a_bad_one_changes_nothing(start, tmp_path, etcd):
    etcd.ctl("put", "/shop/config.yaml", "log: {level: warn}\n")
    service = Configured(start, tmp_path, etcd, "/shop/config.yaml")
    assert "warn" in service.level()
    etcd.ctl("put", "/shop/config.yaml", "log: {level: debug}\n")
    service.wait_for_log("configuration reloaded")
    assert "debug" in service.level()
    etcd.ctl("put", "/shop/config.yaml", "log: {level: [s3cret\n")
    service.wait_for_log("configuration not reloaded, the last good one stays: etcd://127.0.0.1")
    etcd.ctl("del", "/shop/config.yaml")
    service.wait_for_log("/shop/config.yaml: no such key")
    assert "debug" in service.level() and "s3cret" not in service.path.read_text()
    counted = metrics(service.port)
    assert counted['config_reloads_total{result="applied"}'] == 1 and counted['config_reloads_total{result="rejected"}'] == 2
    etcd.ctl("put", "/shop/config.yaml", "log: {level: error}\n")
    service.wait_for_log("configuration reloaded", 1)
    conftest.wait_until(lambda: "error" in service.level(), "the good one is not taken over")


def test_all_keys_below_a_prefix_merge_in_order(start, tmp_path, etcd):
    etcd.ctl("put", "/shop/a.yaml", "log: {level: debug}\n")
    etcd.ctl("put", "/shop/b.json", '{"log": {"level": "warn"}}')
    etcd.ctl("put", "/shop/notes.txt", "not a configuration: [")
    etcd.ctl("put", "/shopping/c.yaml", "log: {level: error}\n")
    service = Configured(start, tmp_path, etcd, "/shop/")
    assert "warn" in service.level()
    etcd.ctl("del", "/shop/b.json")
    conftest.wait_until(lambda: "debug" in service.level(), "a key that is gone still counts")


def test_an_etcd_that_goes_away_and_comes_back(start, tmp_path, etcd):
    etcd.ctl("put", "/shop/config.yaml", "log: {level: warn}\n")
    service = Configured(start, tmp_path, etcd, "/shop/config.yaml")
    etcd.down()
    service.wait_for_log("does not answer, the last good one stays")
    assert http(service.port, "GET /helloworld/bob")[0] == 200 and "warn" in service.level()
    etcd.up()
    etcd.ctl("put", "/shop/config.yaml", "log: {level: debug}\n")
    service.wait_for_log("configuration reloaded")
    assert "debug" in service.level()
    etcd.down()
    service.process.terminate()
    assert service.process.wait(10) == 0


def test_what_cannot_be_read_at_the_start_is_an_error(tmp_path, etcd):
    def fails(path):
        ran = subprocess.run([conftest.BIN / "helloworld", "-conf", path], capture_output=True, text=True, timeout=30)
        assert ran.returncode == 1
        return ran.stderr
    at = f"etcd://127.0.0.1:{etcd.port}"
    etcd.ctl("put", "/bad.yaml", "a: 1\nserver: [")
    assert f"{at}/nope.yaml: no such key" in fails(f"{at}/nope.yaml")
    assert "no key below ends in" in fails(f"{at}/nope/")
    assert f"{at}/bad.yaml:" in fails(f"{at}/bad.yaml")
    assert "has no key" in fails(at)
    assert "has no port" in fails("etcd://localhost/a.yaml")
    assert "must end in .yaml" in fails(f"{at}/a.ini")
    assert "pw" not in fails("etcd://me:pw@127.0.0.1:1/a.yaml")
    etcd.down()
    assert f"{at}/a.yaml: etcd: " in fails(f"{at}/a.yaml")
