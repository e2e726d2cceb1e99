"""The middleware over real connections: metadata, request ids, JWT, CORS, and traces at an OpenTelemetry receiver."""
import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import threading
import time
from http import server as web

import pytest

import conftest
from certificates import Authority
from conftest import wait_until
from service import Service, error_body, grpc_call, http, metrics, parsed


def chained(start, tmp_path, extra="", name="a"):
    folder = tmp_path / name
    folder.mkdir()
    return Service(start, folder, program="chained_service", extra=extra)


def get(port, path, *headers, method="GET"):
    fields = "".join(f"{header}\r\n" for header in headers)
    return http(port, f"{method} {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{fields}\r\n".encode())


def test_metadata_travels_as_kratos_has_it(start, tmp_path):
    last = chained(start, tmp_path)
    first = chained(start, tmp_path, f"peer: 127.0.0.1:{last.grpc}\n", "b")
    status, headers, _ = get(first.http, "/wait/7", "X-Md-Global-Tenant: blue", "x-md-local-x: 1", "X-Request-Id: r-1")
    assert status == 200 and headers["x-md-global-tenant"] == "blue" and headers["x-request-id"] == "r-1"
    first.wait_for_log("request.id=r-1 kind=server component=http")
    last.wait_for_log("request.id=r-1 kind=server component=grpc")


def token(claims, secret=b"secret", alg="HS256"):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    text = encode(json.dumps({"alg": alg}).encode()) + b"." + encode(json.dumps(claims).encode())
    return (text + b"." + encode(hmac.new(secret, text, hashlib.sha256).digest())).decode()


def test_jwt(start, tmp_path):
    service = chained(start, tmp_path)
    good = token({"sub": "kratos", "exp": time.time() + 60})
    status, headers, _ = get(service.http, "/spin/1", f"Authorization: bearer {good}")
    assert status == 200 and headers["x-subject"] == "kratos"
    for bad, message in ((None, "JWT token is missing"), ("Basic x", "JWT token is missing"), ("Bearer x", "Token is invalid"),
                         (f"Bearer {token({}, b'other')}", "Token is invalid"), (f"Bearer {token({'exp': 1})}", "JWT token has expired"),
                         (f"Bearer {token({}, alg='none')}", "Wrong signing method")):
        status, _, body = get(service.http, "/spin/1", *([f"Authorization: {bad}"] if bad else []))
        assert (status, parsed(body)) == (401, error_body(401, "UNAUTHORIZED", message))
    assert grpc_call(service.grpc, "/slow.v1.Slow/Spin") == ("UNAUTHENTICATED", "JWT token is missing")
    assert get(service.http, "/wait/1")[0] == 200  # not selected
    assert metrics(service.http)['server_requests_code_total{kind="http",operation="/slow.v1.Slow/Spin",code="401",reason="UNAUTHORIZED"}'] == 6


def test_cors(start, tmp_path):
    service = chained(start, tmp_path)
    assert "access-control-allow-origin" not in get(service.http, "/wait/1", "Origin: https://shop.example")[1]
    service.config.write_text(service.config.read_text().replace(
        "    timeout: 1s\n  grpc", "    timeout: 1s\n    cors: {origins: ['https://shop.example'], credentials: true, max_age: 1h}\n  grpc"))
    port = conftest.free_port()
    start([conftest.BIN / "chained_service", "-conf", service.config, "-set", f"server.http.addr=127.0.0.1:{port}",
           "-set", f"server.grpc.addr=127.0.0.1:{conftest.free_port()}"], port=port)
    _, headers, _ = get(port, "/wait/1", "Origin: https://shop.example")
    assert headers["access-control-allow-origin"] == "https://shop.example" and headers["vary"] == "Origin"
    status, headers, body = get(port, "/throw", "Origin: https://shop.example", "Access-Control-Request-Method: POST",
                                "Access-Control-Request-Headers: content-type, x-a", method="OPTIONS")
    assert (status, body) == (204, b"") and headers["access-control-allow-headers"] == "content-type, x-a"
    assert "POST" in headers["access-control-allow-methods"] and headers["access-control-max-age"] == "3600"
    assert get(port, "/throw", "Origin: https://evil.example", "Access-Control-Request-Method: POST", method="OPTIONS")[0] == 403
    assert "access-control-allow-origin" not in get(port, "/wait/1", "Origin: https://evil.example")[1]


class Receiver:
    """An OTLP receiver with OpenTelemetry's own messages, over HTTP and gRPC."""

    def __init__(self, authority=None):
        pb = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="needs PyPI's opentelemetry-proto")
        grpc = pytest.importorskip("grpc", reason="needs PyPI's grpcio")
        rpc = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc")
        from concurrent import futures
        self.exports, self.headers, receiver = [], [], self

        class Collector(rpc.TraceServiceServicer):
            def Export(self, request, context):
                receiver.headers.append(dict(context.invocation_metadata()))
                receiver.exports.append(request)
                return pb.ExportTraceServiceResponse()

        self.grpc_server = grpc.server(futures.ThreadPoolExecutor(2))
        rpc.add_TraceServiceServicer_to_server(Collector(), self.grpc_server)
        if authority:
            certificate, key = authority.issue("collector")
            credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
            self.grpc_port = self.grpc_server.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.grpc_port = self.grpc_server.add_insecure_port("127.0.0.1:0")
        self.grpc_server.start()
        class Post(web.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                receiver.exports.append(pb.ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.web = web.ThreadingHTTPServer(("127.0.0.1", 0), Post)
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        self.http_port = self.web.server_port
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def spans(self, count):
        end = time.monotonic() + 20
        while True:
            found = [(resource.resource, span) for export in list(self.exports) for resource in export.resource_spans
                     for scope in resource.scope_spans for span in scope.spans]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{len(found)} spans of {count}"
            time.sleep(0.05)

    def close(self):
        self.web.shutdown()
        self.grpc_server.stop(None)


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def secure_receiver(tmp_path):
    one = Receiver(Authority(tmp_path))
    yield one
    one.close()


def attributes(span):
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_traces_reach_a_receiver(start, tmp_path, receiver, protocol):
    endpoint = f"http://127.0.0.1:{receiver.http_port}" if protocol == "http" else f"grpc://127.0.0.1:{receiver.grpc_port}"
    tracing = f"tracing:\n  endpoint: {endpoint}\n  interval: 50ms\n"
    last = chained(start, tmp_path, tracing)
    first = chained(start, tmp_path, f"peer: 127.0.0.1:{last.grpc}\n{tracing}", "b")
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    assert get(first.http, "/wait/7?x=1", f"traceparent: 00-{trace}-{parent}-01", "x-md-service-name: web")[0] == 200
    assert get(first.http, "/fail")[0] == 422
    found = {(span.name, attributes(span)["rpc.system"]): (resource, span) for resource, span in receiver.spans(3)}
    resource, outer = found["/slow.v1.Slow/Wait", "http"]
    inner = found["/slow.v1.Slow/Wait", "grpc"][1]
    assert outer.trace_id.hex() == inner.trace_id.hex() == trace
    assert outer.parent_span_id.hex() == parent and inner.parent_span_id == outer.span_id
    assert outer.kind == 2 and outer.status.code == 1 and outer.start_time_unix_nano <= inner.start_time_unix_nano
    assert outer.end_time_unix_nano >= inner.end_time_unix_nano and abs(outer.end_time_unix_nano / 1e9 - time.time()) < 60
    assert {one.key: one.value.string_value for one in resource.attributes}.items() >= {"service.name": "chained", "service.version": "1.2.3"}.items()
    assert attributes(outer).items() >= {
        "http.method": "GET", "http.route": "/wait/{milliseconds}", "http.target": "/wait/7", "rpc.system": "http", "rpc.service": "slow.v1.Slow",
        "rpc.method": "Wait", "net.peer.ip": "127.0.0.1", "peer.service": "web", "recv_msg.size": 2, "send_msg.size": 2}.items()
    failed = found["/slow.v1.Slow/Fail", "http"][1]
    assert failed.status.code == 2 and failed.status.message == "cannot be" and attributes(failed)["rpc.status_code"] == 422
    assert failed.events[0].name == "exception" and failed.trace_id.hex() != trace and not failed.parent_span_id
    first.wait_for_log(f"trace.id={trace} span.id={outer.span_id.hex()}")


@pytest.mark.parametrize("protocol", ["https", "grpcs"])
def test_traces_reach_a_receiver_over_tls_with_its_token(start, tmp_path, secure_receiver, protocol):
    port = secure_receiver.http_port if protocol == "https" else secure_receiver.grpc_port
    service = chained(start, tmp_path, f"tracing:\n  endpoint: {protocol}://localhost:{port}\n  interval: 50ms\n  tls: {{ca: {tmp_path / 'ca.pem'}}}\n"
                                       "  headers: {Authorization: Bearer hunter2, x-tenant: blue}\n")
    assert get(service.http, "/wait/1")[0] == 200
    (_, span), = secure_receiver.spans(1)
    assert span.name == "/slow.v1.Slow/Wait"
    assert secure_receiver.headers[0].items() >= {"authorization": "Bearer hunter2", "x-tenant": "blue"}.items()
    # An authority that the service does not know: no span, and no word of the token.
    other = chained(start, tmp_path, f"tracing:\n  endpoint: {protocol}://localhost:{port}\n  interval: 50ms\n  headers: 'authorization=Bearer%20hunter2'\n", "b")
    assert get(other.http, "/wait/1")[0] == 200
    other.wait_for_log(f"tracing: {protocol}://localhost:{port} does not take spans: ")
    assert len(secure_receiver.headers) == 1 and "hunter2" not in other.log() + service.log()


def test_a_spans_peer_is_an_address_without_brackets(start, tmp_path, receiver):
    """As Kratos has it; the socket for [::] knows callers over IPv4 as ::ffff:127.0.0.1."""
    port, grpc_port = conftest.free_port(), conftest.free_port()
    service = chained(start, tmp_path, f"tracing:\n  endpoint: http://127.0.0.1:{receiver.http_port}\n  interval: 50ms\n")
    log = open(tmp_path / "log", "w+")
    start([conftest.BIN / "chained_service", "-conf", service.config, "-set", f"server.http.addr=:{port}", "-set", f"server.grpc.addr=:{grpc_port}"],
          port=port, stderr=log)
    request = b"GET /wait/1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    addresses = ["127.0.0.1"]
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        addresses.append("::1")
    except OSError:
        pass  # no IPv6 here
    for address in addresses:
        with socket.create_connection((address, port), 5) as connection:
            connection.sendall(request)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert grpc_call(grpc_port, "/slow.v1.Slow/Wait")[0] == "OK"
    peers = [(attributes(span)["rpc.system"], attributes(span)["net.peer.ip"]) for _, span in receiver.spans(len(addresses) + 1)]
    assert sorted(peers) == sorted([("http", address) for address in addresses] + [("grpc", "127.0.0.1")])
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    wait_until(lambda: re.search(r"refused a \w+ of 127\.0\.0\.1:\d+", (tmp_path / "log").read_text()), "no line of the refusal")


def test_traces_that_nobody_takes_cost_nothing_but_a_line(start, tmp_path):
    service = chained(start, tmp_path, f"tracing:\n  endpoint: http://127.0.0.1:{conftest.free_port()}\n  interval: 10ms\n")
    for _ in range(3):
        assert get(service.http, "/wait/1")[0] == 200
    service.wait_for_log("does not take spans")
    assert metrics(service.http)['tracing_spans_total{result="failed"}'] > 0
    service.process.terminate()
    assert service.process.wait(10) == 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_client_passes_its_own_chain(start, tmp_path, receiver, protocol):
    tracing = f"tracing:\n  endpoint: http://127.0.0.1:{receiver.http_port}\n  interval: 50ms\n"
    last = chained(start, tmp_path, tracing)
    port = last.grpc if protocol == "grpc" else last.http
    first = chained(start, tmp_path, f"peer: 127.0.0.1:{port}\nthrough: {protocol}\n{tracing}", "b")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    status, _, body = get(first.http, "/wait/7", f"traceparent: 00-{trace}-00f067aa0ba902b7-01", "X-Request-Id: r-1",
                          "X-Md-Global-Tenant: blue", "x-md-local-x: 1")
    assert (status, parsed(body)) == (200, {"milliseconds": 7})
    last.wait_for_log(f"request.id=r-1 kind=server component={protocol}")
    first.wait_for_log(f"kind=client component={protocol} operation=/slow.v1.Slow/Wait args=milliseconds: 7 code=200")
    counted = metrics(first.http)
    assert counted[f'client_requests_code_total{{kind="{protocol}",operation="/slow.v1.Slow/Wait",code="200",reason=""}}'] == 1
    assert counted[f'client_requests_seconds_count{{kind="{protocol}",operation="/slow.v1.Slow/Wait"}}'] == 1
    spans = {(span.kind, attributes(span).get("peer.service")): span for _, span in receiver.spans(3) if span.trace_id.hex() == trace}
    outer, client, inner = spans[2, None], spans[3, None], spans[2, "chained"]
    assert client.parent_span_id == outer.span_id and inner.parent_span_id == client.span_id
    assert client.name == "/slow.v1.Slow/Wait" and client.status.code == 1
    wanted = {"rpc.system": protocol, "rpc.service": "slow.v1.Slow", "rpc.method": "Wait", "net.peer.ip": "127.0.0.1",
              "net.peer.port": str(port), "send_msg.size": 2, "recv_msg.size": 2}
    if protocol == "http":
        wanted |= {"http.method": "GET", "http.route": "/wait/{milliseconds}", "http.target": "/wait/7"}
    assert attributes(client).items() >= wanted.items()
    last.process.terminate()
    last.process.wait(10)
    assert get(first.http, "/wait/7")[0] == 503
    first.wait_for_log(f"kind=client component={protocol} operation=/slow.v1.Slow/Wait args=milliseconds: 7 code=503")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_slow_node_is_hedged_by_a_quick_one(start, tmp_path, protocol):
    (tmp_path / "slow").mkdir()
    slow = Service(start, tmp_path / "slow", program="chained_service", extra="hold: 30s\n", http_timeout="60s", grpc_timeout="60s")
    quick = chained(start, tmp_path, name="quick")
    nodes = ",".join(f"127.0.0.1:{getattr(node, protocol)}" for node in (slow, quick))
    caller = chained(start, tmp_path, f"peer: direct:///{nodes}\nthrough: {protocol}\nhedge: 20ms\n", "caller")
    count = f'server_requests_code_total{{kind="{protocol}",operation="/slow.v1.Slow/Wait",code="200",reason=""}}'
    for _ in range(5):
        assert get(caller.http, "/wait/7")[0] == 200
    if protocol == "grpc":  # HTTP/1.1 has no cancellation but the end of its connection
        wait_until(lambda: slow.messages().count("the wait was cancelled") == 5, "a copy that lost goes on")
    assert metrics(quick.http)[count] == 5
    # One call each, however many copies it took.
    assert metrics(caller.http)[count.replace("server", "client")] == 5


def test_metrics_as_openmetrics_with_exemplars_sizes_and_calls_in_flight(start, tmp_path, receiver):
    service = chained(start, tmp_path, f"tracing: {{endpoint: 'http://127.0.0.1:{receiver.http_port}', interval: 50ms}}\n"
                                       "metrics: {in_flight: true, sizes: true, exemplars: true}\n")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert get(service.http, "/wait/7", f"traceparent: 00-{trace}-00f067aa0ba902b7-01")[0] == 200
    # Prometheus' own Accept.
    _, headers, body = get(service.http, "/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
    text = body.decode()
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0") and text.endswith("# EOF\n")
    labels = 'kind="http",operation="/slow.v1.Slow/Wait"'
    assert re.search(r'server_requests_seconds_bucket\{' + labels + r',le="[0-9.]+"\} 1 # \{trace_id="' + trace + r'"\} [0-9.e-]+ [0-9.]+\n', text)
    assert f"server_requests_in_flight{{{labels}}} 0\n" in text and f"server_request_size_bytes_sum{{{labels}}} 2\n" in text
    assert "# TYPE server_requests_code counter\n" in text
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="needs PyPI's prometheus_client")
    families = {family.name for family in parser.text_string_to_metric_families(text)}
    assert {"server_requests_code", "server_requests_seconds", "server_requests_in_flight"} <= families
    _, headers, body = get(service.http, "/metrics")
    assert headers["content-type"].startswith("text/plain; version=0.0.4") and b"trace_id" not in body and b"EOF" not in body
