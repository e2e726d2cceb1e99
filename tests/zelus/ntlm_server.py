"""An HTTP server that asks for NTLM, written from MS-NLMP alone: it keeps the state with the connection, and checks the NTLMv2 response against
the password that it knows. Not one line of it is shared with what it tests."""
import base64
import hmac
import http.server
import os
import socketserver
import struct
import threading

USERS = {("", "ann"): "secret", ("CORP", "bob"): "pässword 😀", ("", "eve@corp.example"): "p"}
SIGNATURE = b"NTLMSSP\0"


def md4(data):
    """RFC 1320."""
    def rotate(value, bits):
        value &= 0xFFFFFFFF
        return (value << bits | value >> (32 - bits)) & 0xFFFFFFFF

    text = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + struct.pack("<Q", len(data) * 8)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    rounds = [
        (lambda x, y, z: x & y | ~x & z, 0, [3, 7, 11, 19], range(16)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999, [3, 5, 9, 13], [i % 4 * 4 + i // 4 for i in range(16)]),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, [3, 9, 11, 15], [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]),
    ]
    for at in range(0, len(text), 64):
        words = struct.unpack("<16I", text[at:at + 64])
        a, b, c, d = state
        for mix, constant, shifts, order in rounds:
            for step, index in enumerate(order):
                a, b, c, d = d, rotate(a + mix(b, c, d) + words[index] + constant, shifts[step % 4]), b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def hmac_md5(key, data):
    return hmac.new(key, data, "md5").digest()


def challenge(nonce):
    pairs = struct.pack("<HH", 2, 8) + "CORP".encode("utf-16le") + struct.pack("<HH", 7, 8) + bytes(range(8)) + bytes(4)
    name = "CORP".encode("utf-16le")
    head = SIGNATURE + struct.pack("<IHHII", 2, len(name), len(name), 56, 0xA28A8205) + nonce + bytes(8)
    head += struct.pack("<HHI", len(pairs), len(pairs), 56 + len(name)) + struct.pack("<BBHI", 10, 0, 17763, 15 << 24)
    return head + name + pairs


def field(message, at):
    size, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset:offset + size]


def proves(message, nonce):
    """(domain, user) where the message shows that it knows the password; else None."""
    if not message.startswith(SIGNATURE + struct.pack("<I", 3)):
        return None
    answer, domain, user = field(message, 20), field(message, 28).decode("utf-16le"), field(message, 36).decode("utf-16le")
    password = USERS.get((domain, user))
    if password is None:
        return None
    key = hmac_md5(md4(password.encode("utf-16le")), (user.upper() + domain).encode("utf-16le"))
    proof, claims = answer[:16], answer[16:]
    good = hmac.compare_digest(proof, hmac_md5(key, nonce + claims)) and claims[:2] == b"\1\1" and claims[8:16] == bytes(range(8))
    return (domain, user) if good else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    user = nonce = since = None

    def setup(self):
        super().setup()
        self.server.connections += 1

    def reply(self, status, body, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, scheme, token=b""):
        value = scheme + (" " + base64.b64encode(token).decode() if token else "")
        self.reply(401, b"", ("WWW-Authenticate", 'Basic realm="x"'), ("WWW-Authenticate", value), ("Set-Cookie", "seen=1"))

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        asked = "Negotiate" if self.path.startswith("/negotiate") else "NTLM"
        self.server.seen.append((self.command, self.path, scheme, len(body)))
        if self.path == "/forget":
            self.server.forgotten += 1
            return self.reply(200, b"")
        if self.path == "/open":
            return self.reply(200, b"open to all")
        if self.path == "/basic":
            return self.reply(401, b"basic only", ("WWW-Authenticate", 'Basic realm="x"'))
        message = base64.b64decode(token) if scheme == asked else b""
        if self.path == "/keys" and message:
            return self.refuse(asked, challenge(b"12345678")[:20] + struct.pack("<I", 0xE28A8205) + challenge(b"12345678")[24:])
        if message.startswith(SIGNATURE + struct.pack("<I", 1)):
            self.nonce, self.user = os.urandom(8), None
            return self.refuse(asked, challenge(self.nonce))
        if message and self.nonce:
            self.user, self.nonce = proves(message, self.nonce), None
        if message:
            self.since = self.server.forgotten
        if not self.user or self.since != self.server.forgotten:
            return self.refuse(asked)
        if self.path == "/away":
            return self.reply(302, b"", ("Location", "/there"))
        self.reply(200, f"{self.command} {'/'.join(self.user)} {body.decode()} {self.headers.get('Cookie')}".encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections, self.forgotten, self.seen = 0, 0, []
        threading.Thread(target=self.serve_forever, daemon=True).start()
