"""What protoc-gen-bia does not serve is an error of protoc with file, line and column, and nothing is written."""
import subprocess

import pytest

from conftest import BIN

HEAD = """syntax = "proto3";
package t.v1;
import "google/api/annotations.proto";
message M { string name = 1; repeated string tags = 2; map<string, string> kv = 3; M sub = 4; optional string maybe = 5; }
"""


PGV = 'syntax = "proto3";\nimport "validate/validate.proto";\nimport "google/protobuf/duration.proto"; import "google/protobuf/timestamp.proto";\n'
BUF = 'syntax = "proto3";\nimport "buf/validate/validate.proto";\n'


def generate(tmp_path, text):
    (tmp_path / "t.proto").write_text(text)
    out = tmp_path / "out"
    out.mkdir()
    ran = subprocess.run(
        ["protoc", f"-I{tmp_path}", f"-I{BIN.parent / 'proto'}", f"--plugin=protoc-gen-bia={BIN / 'protoc-gen-bia'}",
         f"--bia_out={out}", "t.proto"], capture_output=True, text=True)
    return ran, sorted(path.name for path in out.iterdir())


def rpc(rule, kind="rpc R(M) returns (M)"):
    return HEAD + f"service S {{\n  {kind} {{ option (google.api.http) = {{ {rule} }}; }}\n}}\n"


@pytest.mark.parametrize("text, error", [
    (rpc('get: "/a/{nope}"'), 't.proto:6:3: the path "/a/{nope}": t.v1.M has no field "nope"'),
    (rpc('get: "/a/{name.x}"'), '"name" of "name.x" is no message'),
    (rpc('get: "/a/{tags}"'), '"tags" is a list or map and cannot hold a path segment'),
    (rpc('get: "/a/{kv}"'), '"kv" is a list or map'),
    (rpc('get: "/a/{sub}"'), '"sub" is a message and cannot hold a path segment'),
    (rpc('get: "a"'), 'the path "a" must begin with "/"'),
    (rpc('get: "/a/b*"'), 'has a wildcard that is no whole segment'),
    (rpc('get: "/a/***"'), 'has a wildcard that is no whole segment'),
    (rpc('get: "/a/{name"'), 'has a "{" without "}"'),
    (rpc('get: "/a/name}"'), 'has a "}" without "{"'),
    (rpc('body: "*"'), "google.api.http has no pattern"),
    (rpc('post: "/a" body: "nope"'), 'body: t.v1.M has no field "nope"'),
    (rpc('get: "/a" response_body: "nope"'), 'response_body: t.v1.M has no field "nope"'),
    (rpc('get: "/a" response_body: "maybe"'), '"maybe" may be absent'),
    (rpc('custom { kind: "a b" path: "/a" }'), 'the custom verb "a b" is no HTTP method'),
    (rpc('custom { path: "/a" }'), 'custom has no kind'),
    (rpc('get: "/a" additional_bindings { get: "/a" }'), "GET /a is bound twice in this service"),
    (rpc('get: "/a" additional_bindings { get: "/b" additional_bindings { get: "/c" } }'), "cannot have additional_bindings of its own"),
    (rpc('get: "/a"', "rpc R(stream M) returns (M)"), "the streaming rpc R has google.api.http, but streams are served over gRPC only"),
    (rpc('get: "/a"', "rpc service_info(M) returns (M)"), "the rpc's name service_info is taken"),
    ('syntax = "proto2";\nmessage M {\n  required int32 n = 1;\n}\n', "t.proto:3:3: M.n: required fields are not supported; make it optional"),
    ('syntax = "proto2";\nmessage M { optional group G = 1 {} }\n', "M.g: groups are not supported; use a message field"),
    ('syntax = "proto2";\nmessage M { extensions 100 to 200; }\n', "M: extensions have no JSON here; use google.protobuf.Any"),
    ('syntax = "proto2";\nmessage M { option message_set_wire_format = true; extensions 4 to max; }\n', "M: message_set_wire_format has no JSON"),
    ('syntax = "proto3";\nimport "google/api/http.proto";\nmessage M {\n  google.api.HttpRule b = 1;\n}\n', "t.proto:4:3: google.api.HttpRule is not supported"),
    ('syntax = "proto3";\nimport "validate/validate.proto";\nmessage M {\n  string s = 1 [(validate.rules).string.pattern = "(a"];\n}\n', "t.proto:4:3: s: the pattern `(a` is none of RE2's: missing )"),
    (BUF + 'message M {\n  string s = 1 [(buf.validate.field).string.pattern = "(?=a)"];\n}\n', "t.proto:4:3: s: the pattern `(?=a)` is none of RE2's"),
    (BUF + 'message M {\n  string s = 1 [(buf.validate.field).cel = {id: "s.even" expression: "size(this) % 2"}];\n}\n', 't.proto:4:3: s: the CEL rule "s.even", it gives int; a rule gives a bool, or a string that says what is wrong'),
    (BUF + 'message M {\n  repeated string s = 1 [(buf.validate.field).repeated.items.cel_expression = "this != 1"];\n}\n', 't.proto:4:3: s: the CEL rule "this != 1", column 6: "!=" has no shape for (string, int)'),
    (BUF + 'message M {\n  option (buf.validate.message).cel = {id: "m.ok" expression: "this.nope"};\n}\n', 't.proto:3:1: M: the CEL rule "m.ok", column 6: M has no field "nope"'),
    (BUF + 'message M {\n  option (buf.validate.message).cel = {id: "m" expression: "has(this.s) &&"};\n  string s = 1;\n}\n', 't.proto:3:1: M: the CEL rule "m", column 15: the expression ends where a value is due'),
    (BUF + 'message M {\n  map<string, int32> s = 1 [(buf.validate.field).map.keys.cel = {id: "k" expression: "this.matches(\'(\')"}];\n}\n', "t.proto:4:3: s: the CEL rule \"k\", column 6: the pattern `(` is none of RE2's"),
    (BUF + 'message M {\n  string s = 1 [(buf.validate.predefined).cel = {id: "k" expression: "true"}];\n}\n', "t.proto:4:3: s: buf.validate.predefined is for extensions of rules"),
    (BUF + 'message M {\n  option (buf.validate.message).oneof = {fields: ["nope"]};\n}\n', "the rule message.oneof names nope, which is no field"),
    (BUF + 'message M {\n  option (buf.validate.message).oneof = {fields: ["a", "a"]};\n  string a = 1;\n}\n', "the rule message.oneof names a twice"),
    (BUF + 'message M {\n  string s = 1 [(buf.validate.field).int32.gt = 1];\n}\n', "its rules are for another type"),
    (BUF.replace("proto3", "proto2") + 'extend buf.validate.StringRules { optional bool odd = 1001 [(buf.validate.predefined).cel = {id: "odd" expression: "this == rule"}]; }\nmessage M {\n  optional string s = 1 [(buf.validate.field).string.(odd) = true];\n}\n', 't.proto:5:3: s: the CEL rule "odd", column 6: "==" has no shape for (string, bool)'),
    (BUF.replace("proto3", "proto2") + 'extend buf.validate.StringRules { optional bool odd = 1001; }\nmessage M {\n  optional string s = 1 [(buf.validate.field).string.(odd) = true];\n}\n', "t.proto:5:3: s: the rule (odd) has no (buf.validate.predefined).cel"),
    (PGV + 'message M {\n  string s = 1 [(validate.rules).string = {pattern: "a", well_known_regex: HTTP_HEADER_NAME}];\n}\n', "t.proto:5:3: s: the rules string.pattern and well_known_regex cannot be on one field"),
    (PGV + 'message M {\n  bytes b = 1 [(validate.rules).bytes.pattern = "(a"];\n}\n', "t.proto:5:3: b: the pattern `(a` is none of RE2's: missing )"),
    (PGV + 'message M {\n  google.protobuf.Timestamp t = 1 [(validate.rules).timestamp = {lt_now: true, gt: {}}];\n}\n', "t.proto:5:3: t: the rules timestamp.lt_now, gt_now and within cannot be with lt, lte, gt, gte"),
    (PGV + 'message M {\n  google.protobuf.Timestamp t = 1 [(validate.rules).timestamp = {lt_now: true, gt_now: true}];\n}\n', "t.proto:5:3: t: the rules timestamp.lt_now and gt_now cannot be on one field"),
    (PGV + 'message M {\n  google.protobuf.Timestamp t = 1 [(validate.rules).timestamp.gt = {nanos: 1000000000}];\n}\n', 't.proto:5:3: t: the rule has "nanos:1000000000", which is no timestamp'),
    (PGV + 'message M {\n  google.protobuf.Duration d = 1 [(validate.rules).duration.in = {seconds: 1 nanos: -1}];\n}\n', 't.proto:5:3: d: the rule has "seconds:1 nanos:-1", which is no duration'),
    ('syntax = "proto3";\nimport "validate/validate.proto";\nmessage M {\n  string s = 1 [(validate.rules).int32.gt = 1];\n}\n', "its rules are for another type"),
    ('syntax = "proto3";\nimport "validate/validate.proto";\nmessage M {\n  repeated string s = 1 [(validate.rules).string.min_len = 1];\n}\n', "a repeated field takes rules of `repeated`"),
    ('syntax = "proto3";\nimport "errors/errors.proto";\nenum E {\n  A = 0 [(errors.code) = 601];\n}\n', "t.proto:4:3: the code 601 of A must be 1 to 600"),
    ('syntax = "proto3";\nimport "errors/errors.proto";\nenum E {\n  A = 0 [(errors.code) = 400];\n}\nenum F {\n  option (errors.default_code) = 400;\n  a = 0;\n}\n', "two errors of this file would be called is_a"),
])
def test_says_where_and_what(tmp_path, text, error):
    ran, files = generate(tmp_path, text)
    assert ran.returncode != 0
    assert error in ran.stderr
    assert "t.proto:" in ran.stderr
    assert files == []


def test_writes_two_files(tmp_path):
    ran, files = generate(tmp_path, rpc('get: "/a/{name}"'))
    assert ran.returncode == 0, ran.stderr
    assert files == ["t.bia.cc", "t.bia.h"]


@pytest.mark.parametrize("parameter, error", [
    ("paths=source_relative", 'no parameter "paths=source_relative"'),
    ("omitempty=false,omitempty_prefix=rpc", 'omitempty_prefix "rpc" must be a path like /rpc'),
])
def test_refuses_unknown_parameters(tmp_path, parameter, error):
    (tmp_path / "t.proto").write_text(HEAD)
    ran = subprocess.run(["protoc", f"-I{tmp_path}", f"-I{BIN.parent / 'proto'}", f"--plugin=protoc-gen-bia={BIN / 'protoc-gen-bia'}",
                          f"--bia_out={parameter}:{tmp_path}", "t.proto"], capture_output=True, text=True)
    assert ran.returncode != 0
    assert error in ran.stderr
