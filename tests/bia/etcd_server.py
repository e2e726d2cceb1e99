"""A real etcd, and its own client."""
import os
import subprocess

import conftest


class Etcd:
    def __init__(self, start, folder):
        self.start, self.folder = start, folder
        self.port, self.peer_port = conftest.free_port(), conftest.free_port()
        self.up()

    def up(self):
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer_port}"
        self.process = self.start(["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
                                   "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"],
                                  port=self.port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def down(self):
        self.process.kill()
        self.process.wait()

    def ctl(self, *args):
        done = subprocess.run(["etcdctl", "--endpoints", f"127.0.0.1:{self.port}", *args], capture_output=True, text=True, timeout=20,
                              env={**os.environ, "ETCDCTL_API": "3"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def records(self, name="chained"):
        lines = self.ctl("get", "--prefix", f"/microservices/{name}").splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def config(self, ttl="2s"):
        return f"registry:\n  etcd: {{endpoints: ['127.0.0.1:{self.port}'], ttl: {ttl}}}\n"
