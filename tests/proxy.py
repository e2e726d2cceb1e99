"""An HTTP proxy for tests."""
import re
import socket
import ssl
import threading


class Proxy(threading.Thread):
    """An HTTP proxy that takes every name for this machine, and a port for what `ports` says; `seen` are the first lines that it got. With `tls`, a
    certificate and its key, it is one of https:// that may speak HTTP/2, too: `offered` has what it chose."""

    def __init__(self, authorization=None, ports=None, tls=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.authorization = authorization
        self.ports = ports or {}
        self.seen = []
        self.offered = []
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
            self.context.set_alpn_protocols(["http/1.1", "h2"])
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        if self.context:
            try:
                client = self.context.wrap_socket(client, server_side=True)
            except OSError:
                return
            self.offered.append(client.selected_alpn_protocol())
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                return
            head += data
        line = head.split(b"\r\n", 1)[0].decode()
        self.seen.append(line)
        if self.authorization and f"Proxy-Authorization: {self.authorization}" not in head.decode():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            client.close()
            return
        method, target, _ = line.split(" ")
        host = target if method == "CONNECT" else re.match(r"http://([^/]+)", target)[1]
        port = int(host.rsplit(":", 1)[1])
        server = socket.create_connection(("127.0.0.1", self.ports.get(port, port)))
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server.sendall(head.replace(f"http://{host}".encode(), b"", 1))
        threading.Thread(target=self.copy, args=(server, client), daemon=True).start()
        self.copy(client, server)

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Socks(threading.Thread):
    """A SOCKS 5 proxy that takes every name for this machine; `seen` are the hosts and ports that it was asked for, and how."""

    def __init__(self, login=None, reply=0):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.login, self.reply = login, reply
        self.seen = []
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        read = client.makefile("rb").read
        version, count = read(2)
        methods = read(count)
        if self.login:
            if 2 not in methods:
                client.sendall(b"\x05\xff")
                return client.close()
            client.sendall(b"\x05\x02")
            read(1)
            login = read(read(1)[0]) + b":" + read(read(1)[0])
            client.sendall(b"\x01\x00" if login == self.login else b"\x01\x01")
            if login != self.login:
                return client.close()
        else:
            client.sendall(b"\x05\x00")
        _, command, _, kind = read(4)
        host = {1: lambda: socket.inet_ntop(socket.AF_INET, read(4)), 3: lambda: read(read(1)[0]).decode(),
                4: lambda: socket.inet_ntop(socket.AF_INET6, read(16))}[kind]()
        port = int.from_bytes(read(2), "big")
        self.seen.append((methods, command, kind, host, port))
        # The address that it is bound to may be of any kind.
        client.sendall(bytes([5, self.reply, 0]) + (b"\x03\x04here\x00\x01" if port % 2 else b"\x01\x00\x00\x00\x00\x00\x00"))
        if self.reply:
            return client.close()
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=Proxy.copy, args=(server, client), daemon=True).start()
        Proxy.copy(client, server)
