"""The servers that the golden scripts talk to: same pages and headers as when the samples were taken from k6, and a Greeter over gRPC."""
import concurrent.futures
import functools
import http.server
import json
import socketserver
import threading
import time
from urllib.parse import parse_qs, urlsplit

PAGE = ("<html><head><title>golden</title></head><body><h1>hello</h1>"
        "<a href='/json'>json</a><form method='post' action='/echo'>"
        "<input name='user' value='ann'><input type='submit' value='go'></form></body></html>")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "golden/1.0"
    sys_version = ""
    disable_nagle_algorithm = True

    def reply(self, status, body="", kind="text/plain", extra=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status in (204, 304):
            body = ""
        else:
            self.send_header("Content-Length", str(len(body.encode())))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def handle_any(self):
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if url.path == "/":
            self.reply(200, PAGE, "text/html; charset=utf-8")
        elif url.path == "/search":  # not of the samples: a form by GET
            self.reply(200, "<form action='?old=1#part'><input name=q value='a b'><select multiple name=o><option selected>R&amp;D</option><option selected>b</option></select></form>",
                       "text/html; charset=utf-8")
        elif url.path == "/json":
            self.reply(200, json.dumps({"name": "ann", "items": [1, 2, 3]}), "application/json")
        elif url.path == "/echo":
            self.reply(200, json.dumps({"method": self.command, "headers": dict(self.headers.items()),
                                        "body": body.decode("utf-8", "replace")}), "application/json")
        elif url.path == "/body":  # not of the samples: what came, as it came
            self.reply(200, body.decode("utf-8", "replace"))
        elif url.path.startswith("/status/"):
            self.reply(int(url.path.rsplit("/", 1)[1]), "status page")
        elif url.path == "/redirect":
            self.reply(302, extra=[("Location", "/json"), ("Set-Cookie", "hop=1; Path=/")])
        elif url.path == "/to":  # not of the samples: ?u= with ?code=
            asked = parse_qs(url.query)
            self.reply(int(asked.get("code", ["302"])[0]), "moved", extra=[("Location", asked["u"][0])])
        elif url.path == "/cookie":
            self.reply(200, self.headers.get("Cookie", ""), extra=[("Set-Cookie", "sid=42; Path=/; HttpOnly")])
        elif url.path == "/slow":
            time.sleep(float(parse_qs(url.query).get("s", ["0.1"])[0]))
            self.reply(200, "slow")
        else:
            self.reply(404, "no such page")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512


def start():
    """A server on a free port, and that port."""
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


@functools.cache
def greeter():
    """The port on which hello.Greeter/SayHello is served from the first call on. Messages are bytes: what is field 1 of the request, the name, is field 1 of the reply."""
    import grpc  # of scripts/setup's python3; other cases need none
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("hello.Greeter", {"SayHello": grpc.unary_unary_rpc_method_handler(lambda request, _: request)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    greeter.server = server
    return port
