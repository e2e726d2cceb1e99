"""bia proto add, client, server and openapi; errors of an API; /docs."""
import json
import os
import re
import shutil
import subprocess

import pytest

import conftest
from service import Service, http, run

try:
    import openapi_spec_validator
except ImportError:
    openapi_spec_validator = None

CONTRACT = conftest.SOURCE / "tools/protoc-gen-bia/test"
PROTOS = ["test/v1/files.proto", "test/v1/kinds.proto", "test/v1/library.proto"]


def valid(document):
    if openapi_spec_validator is None:
        pytest.skip("no openapi-spec-validator: pip install openapi-spec-validator")
    openapi_spec_validator.validate(document)
    return document


def chromium_dom(url, tmp_path):
    """The page's DOM after its scripts ran."""
    if not shutil.which("chromium"):
        pytest.skip("no chromium: scripts/setup test installs it")
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                           "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}/chromium", "--virtual-time-budget=5000",
                           "--dump-dom", url], capture_output=True, text=True, timeout=90)
    return done.stdout


def openapi(*words, cwd):
    code, out, err = run("bia", "proto", "openapi", *words, cwd=cwd)
    assert code == 0, err
    assert out == "CREATED openapi.json\n"
    return valid(json.loads((cwd / "openapi.json").read_text()))


def test_add_writes_kratos_template(tmp_path):
    code, out, err = run("bia", "proto", "add", "api/shop/v1/order_item.proto", cwd=tmp_path)
    assert (code, out) == (0, "CREATED api/shop/v1/order_item.proto\n"), err
    text = (tmp_path / "api/shop/v1/order_item.proto").read_text()
    assert "package shop.v1;" in text and "service OrderItem {" in text and text.count("rpc ") == 5 and text.count("message ") == 10
    assert run("bia", "proto", "add", "api/shop/v1/order_item.proto", cwd=tmp_path)[::2] == (1, "ERROR: api/shop/v1/order_item.proto already exists\n")


@pytest.mark.parametrize("words, message", [
    (["add"], "Please enter the proto file or directory"),
    (["add", "x.proto"], "The proto path needs to be hierarchical."),
    (["add", "api/a-b/v1/x.proto"], "cannot be part of a package"),
    (["add", "api/x.txt"], "is no .proto file"),
    (["server", "nope.proto"], "Target directory: internal/service does not exist"),
    (["server", "nope.proto", "-t", "."], "there is no nope.proto"),
    (["client", "nope.proto"], "there is no nope.proto"),
    (["openapi", "."], "holds no .proto file"),
    (["rub"], "bia proto has no rub"),
    ([], "takes add, client, server or openapi"),
])
def test_bad_words(tmp_path, words, message):
    code, out, err = run("bia", "proto", *words, cwd=tmp_path)
    assert (code, out) == (1, "") and message in err


def test_server_writes_stubs_that_build(tmp_path):
    """A project gets a second service: its proto, its stubs, and it builds as it stands."""
    assert run("bia", "new", "shop", cwd=tmp_path)[0] == 0
    project = tmp_path / "shop"
    assert run("bia", "proto", "add", "api/shop/v1/order_item.proto", cwd=project)[0] == 0
    proto = project / "api/shop/v1/order_item.proto"
    text = proto.read_text().replace("rpc ListOrderItem(ListOrderItemRequest) returns (ListOrderItemReply)",
                                     "rpc ListOrderItem(ListOrderItemRequest) returns (stream ListOrderItemReply)")
    text = text.replace("rpc UpdateOrderItem(UpdateOrderItemRequest)", "rpc UpdateOrderItem(stream UpdateOrderItemRequest)")
    proto.write_text(text.replace("rpc GetOrderItem(GetOrderItemRequest) returns (GetOrderItemReply)",
                                  "rpc GetOrderItem(stream GetOrderItemRequest) returns (stream GetOrderItemReply)"))
    code, out, err = run("bia", "proto", "server", "api/shop/v1/order_item.proto", cwd=project)
    assert (code, out) == (0, "internal/service/order_item.h\ninternal/service/order_item.cc\n"), err
    assert "app.add()" in err
    unmapped = "over gRPC alone, for want of google.api.http in the .proto: CreateOrderItem, DeleteOrderItem\n"
    assert err.endswith(unmapped), "the streams could have none"
    code, out, err = run("bia", "proto", "server", "api/shop/v1/order_item.proto", cwd=project)
    assert (code, out, err) == (0, "", "OrderItem already exists: internal/service/order_item.h\n" + unmapped)
    whole = proto.read_text()
    proto.write_text(whole.replace("service OrderItem {", "service OrderItem {\n  rpc BuyOrderItem(GetOrderItemRequest) returns (GetOrderItemReply);"))
    code, out, err = run("bia", "proto", "server", "api/shop/v1/order_item.proto", cwd=project)
    assert code == 0 and err.splitlines()[1] == "it has no BuyOrderItem yet; declare it there and write it:", err
    assert "> BuyOrderItem(" in err.splitlines()[2] and err.splitlines()[2].endswith(" override;") and len(err.splitlines()) == 4
    proto.write_text(whole)
    done = subprocess.run(["cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={conftest.BIN.parent}",
                           f"-Dbia_DIR={conftest.BIN.parent}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(["cmake", "--build", project / "build"], capture_output=True, text=True,
                          env={**os.environ, "CCACHE_BASEDIR": str(tmp_path), "CCACHE_NOHASHDIR": "1"})
    assert done.returncode == 0, done.stdout[-3000:]


def test_client_generates(tmp_path):
    shutil.copytree(CONTRACT / "demo", tmp_path / "api/demo")
    code, out, err = run("bia", "proto", "client", "api", cwd=tmp_path)
    made = [f"gen/demo/v1/greeter.{name}" for name in ("pb.h", "pb.cc", "bia.h", "bia.cc")]
    assert (code, out.splitlines()) == (0, ["proto: api/demo/v1/greeter.proto", *made]), err
    assert all((tmp_path / name).is_file() for name in made)
    assert "is_user_not_found" in (tmp_path / "gen/demo/v1/greeter.bia.h").read_text()
    (tmp_path / "api/demo/v1/greeter.proto").write_text("syntax = \"proto3\"; nonsense")
    assert run("bia", "proto", "client", "api", cwd=tmp_path)[0] != 0


def test_client_notes_a_service_that_http_does_not_reach(tmp_path):
    assert run("bia", "proto", "add", "api/shop/v1/order.proto", cwd=tmp_path)[0] == 0
    words = ("bia", "proto", "client", "api/shop/v1/order.proto")
    code, _, err = run(*words, cwd=tmp_path)
    assert code == 0 and err.startswith("shop/v1/order.proto:5:1: note: Order is served over gRPC alone: no rpc has google.api.http."), err
    assert len(err.splitlines()) == 1 and "POST /shop.v1.Order/CreateOrder" in err
    for known in ("false", "true"):
        assert run(*words, "--", f"--bia_opt=omitempty={known}", cwd=tmp_path)[::2] == (0, "")
    proto = tmp_path / "api/shop/v1/order.proto"
    text = proto.read_text().replace("rpc GetOrder(GetOrderRequest) returns (GetOrderReply);",
                                     'rpc GetOrder(GetOrderRequest) returns (GetOrderReply) { option (google.api.http) = {get: "/orders"}; }')
    proto.write_text(text.replace("package", 'import "google/api/annotations.proto";\npackage', 1))
    assert run(*words, cwd=tmp_path)[::2] == (0, ""), "who mapped one knows of the others"


def test_openapi_describes_what_is_served(tmp_path):
    for name in PROTOS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONTRACT / name, tmp_path / name)
    document = openapi(*PROTOS, "--title", "Library", "--api_version", "1.2", cwd=tmp_path)
    assert document["openapi"] == "3.1.0" and document["info"] == {"title": "Library", "version": "1.2"}
    paths = document["paths"]
    assert set(paths["/v1/books/{id}/{color}"]) == {"get"}
    shelf = paths["/v1/shelves/{name}/books/{name_2}"]["get"]
    assert [p["name"] for p in shelf["parameters"] if p["in"] == "path"] == ["name", "name_2"]
    assert {"sub.name", "tags", "counts", "since", "mask", "fail"} <= {p["name"] for p in shelf["parameters"] if p["in"] == "query"}
    assert set(paths["/every/{name}"]) == {"get", "post", "put", "patch", "delete", "options"}
    assert paths["/wild/{wildcard_1}/x/{wildcard_2}"] and "/v1/books/{title}:rename" in paths
    assert paths["/files/{name}"]["get"]["responses"]["200"]["content"] == {"*/*": {"schema": {}}}
    error = paths["/files/{name}"]["get"]["responses"]["default"]["content"]["application/json"]["schema"]
    assert error == {"$ref": "#/components/schemas/bia.Error"}
    schemas = document["components"]["schemas"]
    assert schemas["test.v1.Color"]["type"] == "string" and "RED" in schemas["test.v1.Color"]["enum"]
    assert schemas["test.v1.CreateBookRequest"]["required"] == ["shelf"]
    ids = [op["operationId"] for item in paths.values() for op in item.values()]
    assert len(ids) == len(set(ids))
    create = paths["/v1/shelves/{shelf}/books"]["post"]
    assert [p["name"] for p in create["parameters"]] == ["shelf", "dryRun"] and create["requestBody"]["required"]
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert reference in schemas


def test_openapi_has_rpcs_without_a_rule_where_they_are_served(tmp_path):
    words = (conftest.SOURCE / "tools/protoc-gen-bia/test/test/v1/unmapped.proto", "-p", conftest.SOURCE / "tools/protoc-gen-bia/test")
    assert set(openapi(*words, cwd=tmp_path)["paths"]) == {"/ruled/{text}"}
    paths = openapi(*words, "--", "--bia_opt=omitempty=false,omitempty_prefix=/rpc", cwd=tmp_path)["paths"]
    assert set(paths) == {"/ruled/{text}", "/rpc/test.v1.Unmapped/Say"} and set(paths["/rpc/test.v1.Unmapped/Say"]) == {"post"}


def test_openapi_has_what_json_schema_can_say_of_the_rules(tmp_path):
    for name in ("test/v1/proto_rules.proto", "test/v1/rules.proto"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONTRACT / name, tmp_path / name)
    document = openapi("test/v1/proto_rules.proto", "test/v1/rules.proto", cwd=tmp_path)
    texts = document["components"]["schemas"]["test.v1.Texts"]  # protovalidate
    assert texts["properties"]["userName"] == {"type": "string", "minLength": 2, "maxLength": 4}
    assert texts["properties"]["exact"] == {"type": "string"}, "the empty text is served"
    assert texts["properties"]["code"]["pattern"] == "^[A-Z]{2}\\d+$" and texts["properties"]["oneOf"]["enum"] == ["x", "y"]
    assert texts["properties"]["fixed"]["const"] == "x" and texts["properties"]["noneOf"]["not"] == {"enum": ["x", "y"]}
    assert texts["properties"]["ignored"] == {"type": "string"} and texts["required"] == ["needed"]
    ruled = document["components"]["schemas"]["test.v1.Ruled"]  # protoc-gen-validate
    assert ruled["properties"]["small"] == {"type": "integer", "format": "int32", "exclusiveMaximum": 10, "minimum": 1}
    assert ruled["properties"]["listed"]["enum"] == ["1", "18446744073709551615"] and ruled["properties"]["mail"] == {"type": "string"}
    assert ruled["properties"]["outside"] == {"type": "number", "format": "double"}, "outside of two bounds has no words"
    assert ruled["properties"]["notSeven"]["not"] == {"enum": [7]} and ruled["properties"]["yes"]["const"] is True
    assert ruled["properties"]["tags"] == {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True}
    counts = ruled["properties"]["counts"]
    assert counts["maxProperties"] == 2 and counts["additionalProperties"]["exclusiveMinimum"] == 0
    assert ruled["required"] == ["part"]


def test_the_service_shows_its_docs(start, tmp_path):
    hello = Service(start, tmp_path, http="docs: true")
    status, headers, body = http(hello.http, "GET /openapi.json")
    document = valid(json.loads(body))
    assert status == 200 and headers["content-type"] == "application/json"
    assert document["info"]["title"] == "helloworld" and "get" in document["paths"]["/helloworld/{name}"]
    status, headers, page = http(hello.http, "GET /docs")
    assert status == 200 and headers["content-type"].startswith("text/html")
    assert not re.search(rb"(src|href)=", page) and b"http://" not in page and b"https://" not in page, "nothing from elsewhere"
    dom = chromium_dom(f"http://127.0.0.1:{hello.http}/docs", tmp_path)
    assert "/helloworld/{name}" in dom and "helloworld.v1.HelloReply" in dom and "Sends a greeting" in dom


ENVELOPE = """docs: true
    json: {proto_names: true}
    envelope: {reply: '{"code":0,"data":$reply}', error: '{"code":$code,"msg":$message}', error_status: 200}"""


def test_docs_say_what_the_configuration_makes_of_answers(start, tmp_path):
    hello = Service(start, tmp_path, http=ENVELOPE)
    document = valid(json.loads(http(hello.http, "GET /openapi.json")[2]))
    served = json.loads(http(hello.http, "GET /helloworld/x")[2])
    assert set(served) == {"code", "data"} and set(served["data"]) == {"message"}
    responses = document["paths"]["/helloworld/{name}"]["get"]["responses"]
    assert set(responses) == {"200"}, "errors have that status too"
    reply, error = responses["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert reply["properties"] == {"code": {"const": 0}, "data": {"$ref": "#/components/schemas/helloworld.v1.HelloReply-proto_names"}}
    assert error == {"$ref": "#/components/schemas/bia.Error"}
    assert document["components"]["schemas"]["bia.Error"]["required"] == ["code", "msg"]
    dom = chromium_dom(f"http://127.0.0.1:{hello.http}/docs", tmp_path)
    assert "{code: 0, data: helloworld.v1.HelloReply-proto_names}" in dom


def test_openapi_has_one_item_for_paths_that_differ_in_names(tmp_path):
    (tmp_path / "a.proto").write_text("""syntax = "proto3"; package a.v1; import "google/api/annotations.proto";
message Name { string name = 1; } message Id { string id = 1; } message Reply {}
service A {
  rpc Get(Name) returns (Reply) { option (google.api.http) = {get: "/v1/{name}"}; }
  rpc Delete(Id) returns (Reply) { option (google.api.http) = {delete: "/v1/{id}"}; }
}""")
    paths = openapi("a.proto", cwd=tmp_path)["paths"]
    assert set(paths) == {"/v1/{name}"} and set(paths["/v1/{name}"]) == {"get", "delete"}
    assert paths["/v1/{name}"]["delete"]["parameters"][0]["name"] == "name"


def test_docs_are_off_by_default(start, tmp_path):
    hello = Service(start, tmp_path)
    assert http(hello.http, "GET /docs")[0] == 404 and http(hello.http, "GET /openapi.json")[0] == 404
