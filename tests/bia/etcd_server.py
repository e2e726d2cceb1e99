"""A real etcd, and its own client."""
import os
import subprocess

import conftest


class Etcd:
    def __init__(self, start, folder):
        self.start, self.folder = start, folder
        self.port, self.peer_port = conftest.free_port(), conftest.free_port()
        self.up()

    scheme, flags, ctl_flags = "http", [], []

    def up(self):
        client, peer = f"{self.scheme}://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer_port}"
        self.process = self.start(["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
                                   "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", *self.flags],
                                  port=self.port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def down(self):
        self.process.kill()
        self.process.wait()

    def ctl(self, *args):
        done = subprocess.run(["etcdctl", "--endpoints", f"{self.scheme}://127.0.0.1:{self.port}", *self.ctl_flags, *args], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "ETCDCTL_API": "3"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def records(self, name="chained"):
        lines = self.ctl("get", "--prefix", f"/microservices/{name}").splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def config(self, ttl="2s"):
        return f"registry:\n  etcd: {{endpoints: ['127.0.0.1:{self.port}'], ttl: {ttl}}}\n"


class SecureEtcd(Etcd):
    """Over TLS, with clients' certificates demanded and authentication on: root:toor may all, shop:secret the keys below /shop and /microservices."""

    def __init__(self, start, folder, authority, token_seconds=300):
        certificate, key = authority.issue("etcd")
        authority.issue("client", "nobody", "DNS:client.example")
        self.scheme = "https"
        self.flags = ["--cert-file", certificate, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", authority.pem, "--auth-token-ttl", str(token_seconds)]
        # After a restart it elects itself first.
        self.ctl_flags = ["--command-timeout", "45s", "--cacert", authority.pem, "--cert", folder / "client.pem", "--key", folder / "client.key"]
        super().__init__(start, folder)
        self.ctl("user", "add", "root:toor")
        self.ctl("user", "add", "shop:secret")
        self.ctl("role", "add", "shop")
        for prefix in "/shop", "/microservices":
            self.ctl("role", "grant-permission", "shop", "--prefix=true", "readwrite", prefix)
        self.ctl("user", "grant-role", "shop", "shop")
        self.ctl("user", "grant-role", "root", "root")
        self.ctl("auth", "enable")
        self.ctl_flags += ["--user", "root:toor"]

    def settings(self, folder, more="user: shop, password: secret", client="client"):
        """As they stand below registry.etcd."""
        return (f"{{endpoints: ['https://127.0.0.1:{self.port}'], ttl: 2s, {more}, "
                f"tls: {{ca: {folder}/ca.pem, cert: {folder}/{client}.pem, key: {folder}/{client}.key}}}}")
