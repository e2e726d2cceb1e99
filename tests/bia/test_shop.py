"""examples/shop against a real PostgreSQL and a real Redis: queries suspend their fiber alone, pools are bounded, servers go away and come back."""
import concurrent.futures
import glob
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

import conftest
from conftest import wait_until
from service import grpc_call, http, parsed

POSTGRES = next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)), None)
pytestmark = [
    pytest.mark.skipif(not POSTGRES or not shutil.which("redis-server"), reason="PostgreSQL and Redis come with scripts/setup test"),
    pytest.mark.skipif(not (conftest.BIN / "shop").exists(), reason="shop is built with libpq-dev and libhiredis-dev (scripts/setup test)"),
]


class Database:
    """A PostgreSQL cluster. It does not run as root: then as the user that Debian's package makes, in a folder that is that user's, for pytest's
    own are for nobody else."""

    def __init__(self):
        self.folder, self.port = pathlib.Path(tempfile.mkdtemp(prefix="bia-pg-")), conftest.free_port()
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "shop", "--no-sync")
        self.up()
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "shop", "shop")

    def run(self, program, *args):
        done = subprocess.run([*self.as_user, f"{POSTGRES}/{program}", *map(str, args)], cwd=self.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def up(self):
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -c unix_socket_directories={self.folder} -c fsync=off"
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start")

    def down(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def connections(self):
        done = subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "shop", "-Atc",
                               "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()", "shop"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)


@pytest.fixture
def database():
    one = Database()
    yield one
    if (one.folder / "data" / "postmaster.pid").exists():
        one.down()
    shutil.rmtree(one.folder, ignore_errors=True)


class Redis:
    def __init__(self, start, folder):
        self.start, self.folder, self.port = start, folder, conftest.free_port()
        self.up()

    def up(self):
        self.process = self.start(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder],
                                  port=self.port, stdout=subprocess.DEVNULL)

    def down(self):
        self.process.kill()
        self.process.wait()

    def keys(self):
        return subprocess.run(["redis-cli", "-p", str(self.port), "keys", "*"], capture_output=True, text=True, timeout=20).stdout.split()


@pytest.fixture
def redis(start, tmp_path):
    return Redis(start, tmp_path)


class Shop:
    def __init__(self, start, folder, database, redis_port, threads=1, connections=4, address=None):
        address = address or f"host=127.0.0.1 port={database.port}"
        self.port, self.grpc = conftest.free_port(), conftest.free_port()
        self.path = folder / "shop.log"
        config = folder / "shop.yaml"
        config.write_text(f"""server:
  http: {{addr: '127.0.0.1:{self.port}', timeout: 15s}}
  grpc: {{addr: '127.0.0.1:{self.grpc}', timeout: 15s}}
runtime: {{threads: {threads}}}
data:
  database: {{source: '{address} dbname=shop user=shop', connections: {connections}}}
  redis: {{addr: '127.0.0.1:{redis_port}', connections: 2, ttl: 60s}}
""")
        self.process = start([conftest.BIN / "shop", "-conf", config], port=self.port, stderr=self.path.open("w"))

    def get(self, path, wait=15):
        status, _, body = http(self.port, f"GET {path}", wait)
        return status, parsed(body)

    def post(self, path, body):
        text = json.dumps(body)
        status, _, answer = http(self.port, f"POST {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                            f"Content-Length: {len(text)}\r\n\r\n{text}".encode(), 15)
        return status, parsed(answer)


def test_items_are_kept_sold_and_cached(start, tmp_path, database, redis):
    shop = Shop(start, tmp_path, database, redis.port)
    assert shop.post("/items", {"name": "tea'; DROP TABLE items; --", "count": "3"}) == (200, {"id": "1", "name": "tea'; DROP TABLE items; --", "count": "3"})
    assert shop.get("/items/1") == (200, {"id": "1", "name": "tea'; DROP TABLE items; --", "count": "3"})
    assert redis.keys() == ["shop:item:1"]
    assert shop.post("/items/1:sell", {"count": "2"})[1]["count"] == "1"
    assert redis.keys() == [] and shop.get("/items/1")[1]["count"] == "1"
    status, error = shop.post("/items/1:sell", {"count": "2"})
    assert (status, error["reason"]) == (409, "TOO_FEW")
    status, error = shop.get("/items/7")
    assert (status, error["reason"], error["message"]) == (404, "ITEM_NOT_FOUND", "there is no item 7")
    status, error = shop.post("/items", {"name": "", "count": "-1"})
    assert (status, error["reason"]) == (400, "VALIDATOR") and set(error["metadata"]) == {"name", "count"}
    # A rule in CEL, over both protocols.
    status, error = shop.post("/items", {"name": " a", "count": "1"})
    assert (status, error["metadata"]) == (400, {"name": "must not begin or end with a blank"})
    assert grpc_call(shop.grpc, "/shop.v1.Shop/AddItem", b"\x0a\x02 a\x10\x01") == ("INVALID_ARGUMENT", "name: must not begin or end with a blank [name.trimmed]")
    assert shop.get("/items?limit=5")[1]["items"][0]["id"] == "1"
    assert grpc_call(shop.grpc, "/shop.v1.Shop/GetItem", b"\x08\x01")[0] == "OK"
    assert grpc_call(shop.grpc, "/shop.v1.Shop/GetItem", b"\x08\x09") == ("NOT_FOUND", "there is no item 9")


def test_a_query_suspends_its_fiber_alone(start, tmp_path, database, redis):
    shop = Shop(start, tmp_path, database, redis.port, threads=1, connections=4)
    shop.post("/items", {"name": "tea", "count": "3"})
    shop.get("/items/1")
    with concurrent.futures.ThreadPoolExecutor(8) as many:
        began = time.monotonic()
        slow = [many.submit(shop.get, "/report?seconds=2") for _ in range(4)]
        wait_until(lambda: database.connections() == 4, "four queries are not under way")
        # All connections of the only thread are in a query: what the cache has is served meanwhile.
        for _ in range(20):
            assert shop.get("/items/1")[0] == 200
        assert not any(one.done() for one in slow)
        assert [one.result() for one in slow] == [(200, {"items": "1"})] * 4
        assert time.monotonic() - began < 6, "four queries of 2 s one after the other"
        more = list(many.map(lambda _: shop.get("/report?seconds=0.1"), range(12)))
    assert more == [(200, {"items": "1"})] * 12
    assert database.connections() == 4


def test_a_deadline_ends_a_query_and_the_pool_goes_on(start, tmp_path, database, redis):
    shop = Shop(start, tmp_path, database, redis.port, connections=1)
    assert grpc_call(shop.grpc, "/shop.v1.Shop/Report", b"\x09" + b"\0\0\0\0\0\0\x24\x40", timeout=0.5)[0] == "DEADLINE_EXCEEDED"
    assert shop.get("/report?seconds=0") == (200, {"items": "0"})


def test_servers_that_go_away_and_come_back(start, tmp_path, database, redis):
    shop = Shop(start, tmp_path, database, redis.port, threads=2)
    shop.post("/items", {"name": "tea", "count": "3"})
    redis.down()
    assert shop.get("/items/1")[0] == 200
    database.down()
    status, error = shop.get("/items/1")
    assert (status, error["reason"], error["message"]) == (503, "DATABASE", "the database is not available")
    assert http(shop.port, "GET /readyz")[0] == 503
    database.up()
    redis.up()
    for _ in range(8):
        assert shop.get("/items/1")[0] == 200
    assert http(shop.port, "GET /readyz")[0] == 200 and redis.keys() == ["shop:item:1"]
    shop.process.terminate()
    assert shop.process.wait(10) == 0
    assert database.connections() == 0


def test_the_second_address_is_tried(start, tmp_path, database, redis):
    shop = Shop(start, tmp_path, database, redis.port, address=f"host=127.0.0.1,127.0.0.1 port={conftest.free_port()},{database.port}")
    assert shop.post("/items", {"name": "tea", "count": "3"})[0] == 200


def test_no_database_is_an_error_at_the_start(tmp_path):
    config = tmp_path / "shop.yaml"
    config.write_text(f"server: {{http: {{addr: '127.0.0.1:0'}}}}\ndata: {{database: {{source: 'host=127.0.0.1 port={conftest.free_port()} user=x'}}}}\n")
    done = subprocess.run([conftest.BIN / "shop", "-conf", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "the database is not available" in done.stderr and "Connection refused" in done.stderr
