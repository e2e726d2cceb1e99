// Messages as YAML: what Kratos 2.7.2 wrote and took (yaml.v3 over the structs of protoc-gen-go),
// recorded by running it, and what is taken besides.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "bia/yaml_message.h"
#include "demo/v1/greeter.bia.h"
#include "test/v1/kinds.bia.h"

namespace {
namespace pb = google::protobuf;
using testing::HasSubstr;
using testing::StartsWith;

template <typename T>
T from_json(const std::string& json) {
  T message;
  EXPECT_TRUE(pb::util::JsonStringToMessage(json, &message).ok()) << json;
  return message;
}

template <typename T>
std::string written(const std::string& json) {
  std::string yaml;
  const bia::Result<void> done = bia::encode_yaml(from_json<T>(json), yaml);
  return done.ok() ? yaml : done.error().message();
}

/// YAML to the JSON of what is set.
template <typename T = test::v1::Kinds>
std::string read(std::string_view yaml) {
  T message;
  if (const bia::Result<void> done = bia::decode_yaml(yaml, message); !done.ok()) {
    EXPECT_EQ(done.error().reason(), "CODEC");
    EXPECT_EQ(done.error().code(), bia::Code::kInvalidArgument);
    return done.error().message();
  }
  std::string json;
  EXPECT_TRUE(pb::util::MessageToJsonString(message, &json).ok());
  return json;
}

TEST(Yaml, WritesWhatGoWrites) {
  EXPECT_EQ(written<demo::v1::BindRequest>(
                R"({"name":"q","big":"7","ok":true,"color":"GREEN","tags":["a","1","yes",""],)"
                R"("sub":{"name":"s","n":8},"subs":[{"name":"x"}],"kv":{"b":"2","a":"1"},)"
                R"("ts":"2024-01-02T03:04:05Z","dur":"60s","sv":"hi","mask":"a.b","data":"aGk=",)"
                R"("d":1.5,"a":"pick","optField":"o","st":{"q":[1]},"val":"3"})"),
            R"(name: q
age: 0
big: 7
ok: true
color: 1
tags:
    - a
    - "1"
    - "yes"
    - ""
nums: []
sub:
    name: s
    "n": 8
subs:
    -
        name: x
        "n": 0
kv:
    a: "1"
    b: "2"
ts:
    seconds: 1704164645
    nanos: 0
dur:
    seconds: 60
    nanos: 0
sv:
    value: hi
iv: null
mask:
    paths:
        - a.b
data:
    - 104
    - 105
d: 1.5
pick:
    a: pick
optfield: o
st:
    fields:
        q:
            kind:
                listvalue:
                    values:
                        -
                            kind:
                                numbervalue: 1
val:
    kind:
        stringvalue: "3"
)");
  EXPECT_THAT(written<demo::v1::BindRequest>("{}"),
              HasSubstr("data: []\nd: 0\npick: null\noptfield: null\nst: null\nval: null\n"));
  EXPECT_EQ(written<test::v1::Nothing>("{}"), "{}\n");
}

TEST(Yaml, WritesNumbersAndTextThatStayWhatTheyAre) {
  const std::string numbers = written<test::v1::Scalars>(
      R"({"text":"a: b","d":"NaN","f":"-Infinity","snakeCaseName":" lead","other-Name":"n\n\u0001"})");
  EXPECT_THAT(numbers, HasSubstr("text: \"a: b\"\nd: .nan\nf: -.inf\n"));
  EXPECT_THAT(numbers, HasSubstr("snakecasename: \" lead\"\nrenamed: \"n\\n\\u0001\"\n"));
  for (const char* text : {"null", "True", "on", "Y", "1", "-", "#x", "x ", "é", "2024-01-02"}) {
    EXPECT_THAT(written<demo::v1::Sub>(fmt::format(R"({{"name":"{}"}})", text)),
                StartsWith("name: \""))
        << text;
  }
}

TEST(Yaml, IsReadBack) {
  const std::string json =
      R"({"scalars":{"d":1e+21,"f":1.5,"i32":-1,"i64":"-9223372036854775808","u64":"18446744073709551615",)"
      R"("flag":true,"text":"yes","data":"AP8=","color":"GREEN","snakeCaseName":"s","other-Name":"r"},)"
      R"("nested":{"class":"3","deeper":{"":{"class":"1"},"a b":{}}},"inner":"INNER_NEGATIVE",)"
      R"("blobs":["","aGk="],"subs":[{},{"child":{"n":1}}],"byNumber":{"-1":{"n":2}},"byFlag":{"true":"5"},)"
      R"("blobMap":{"x":"aGk="},"part":{"name":"p"},"nickname":"","extra":{},)"
      R"("at":"1969-12-31T23:59:59.500Z","lasted":"-1.500s","object":{"a":{"b":[null,true,"x"]}},)"
      R"("value":null,"list":[1,{"k":"v"}],"empty":{},)"
      R"("any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"},)"
      R"("boolWrapper":false,"bytesWrapper":"","times":["2024-01-02T03:04:05Z"],"wrapped":["a",""]})";
  std::string yaml;
  const auto message = from_json<test::v1::Kinds>(json);
  ASSERT_TRUE(bia::encode_yaml(message, yaml).ok());
  test::v1::Kinds again;
  const bia::Result<void> done = bia::decode_yaml(yaml, again);
  ASSERT_TRUE(done.ok()) << done.error().message() << "\n" << yaml;
  EXPECT_EQ(again.DebugString(), message.DebugString()) << yaml;
}

TEST(Yaml, ReadsWhatGoReads) {
  EXPECT_EQ(
      read<test::v1::Scalars>("snakecasename: b\nrenamed: r\ni32: 0x10\ni64: 1_000\nu32: 1.0\n"
                              "u64: 010\ncolor: 1\ndata: [104, 105]\nflag: yes\ntext: 5"),
      R"({"i32":16,"i64":"1000","u32":1,"u64":"8","flag":true,"text":"5","data":"aGk=",)"
      R"("color":"RED","snakeCaseName":"b","other-Name":"r"})");
  EXPECT_EQ(read("at: {seconds: 5}\nlasted: {seconds: 1, nanos: 5}\nstringwrapper: {value: hi}\n"
                 "mask: {paths: [a_b]}\nsub: {name: ~, n: 2}\nbynumber: {3: {name: x}}"),
            R"({"sub":{"n":2},"byNumber":{"3":{"name":"x"}},"at":"1970-01-01T00:00:05Z",)"
            R"("lasted":"1.000000005s","mask":"aB","stringWrapper":"hi"})");
  EXPECT_EQ(read(""), "{}");
  EXPECT_EQ(read("nope: {a: [1]}\nNickname: x"), "{}");
}

TEST(Yaml, ReadsWhatGoRefusesOrPassesOver) {
  // The .proto's and the JSON names, enums by name, base64, JSON's own forms, members of oneofs.
  EXPECT_EQ(read<test::v1::Scalars>(
                "snake_case_name: a\nother-Name: r\ncolor: GREEN\ndata: aGk=\ni64: \"5\"\nd: .inf"),
            R"({"d":"Infinity","i64":"5","data":"aGk=","color":"GREEN","snakeCaseName":"a",)"
            R"("other-Name":"r"})");
  EXPECT_EQ(read("at: 2024-01-02T03:04:05Z\nlasted: 1.5s\nstringWrapper: hi\nmask: a,b.cD\n"
                 "object: {a: 1}\nvalue: [x, {y: ~}]\nlist: [1]\nword: w"),
            R"({"word":"w","at":"2024-01-02T03:04:05Z","lasted":"1.500s","mask":"a,b.cD",)"
            R"("object":{"a":1},"value":["x",{"y":null}],"list":[1],"stringWrapper":"hi"})");
  EXPECT_EQ(read("choice: {amount: 5}"), R"({"amount":"5"})");
  EXPECT_EQ(read("choice: {nickname: no}"), "{}");
  EXPECT_EQ(
      read("value: {kind: {numbervalue: 2}}\nobject: {fields: {a: {kind: {boolvalue: true}}}}"),
      R"({"object":{"a":true},"value":2})");
}

TEST(Yaml, SaysWhatIsWrong) {
  EXPECT_EQ(read<test::v1::Scalars>("text: a\ni32: x"),
            R"(yaml: line 2: parsing field "i32": strconv.ParseInt: parsing "x": invalid syntax)");
  EXPECT_EQ(
      read<test::v1::Scalars>("i32: 1.5"),
      R"(yaml: line 1: parsing field "i32": strconv.ParseInt: parsing "1.5": invalid syntax)");
  EXPECT_EQ(read<test::v1::Scalars>("color: BLUE"),
            R"(yaml: line 1: parsing field "color": "BLUE" is not a valid value)");
  EXPECT_EQ(read<test::v1::Scalars>("data: [256]"),
            R"(yaml: line 1: parsing field "data": bytes are numbers from 0 to 255)");
  EXPECT_EQ(read<test::v1::Scalars>("data: '!'"),
            R"(yaml: line 1: parsing field "data": it is no base64)");
  EXPECT_EQ(read<test::v1::Scalars>("text: [a]"),
            R"(yaml: line 1: parsing field "text": one value is due)");
  EXPECT_EQ(read("numbers: 5"),
            R"(yaml: line 1: parsing field "numbers": a list is due, like "[a, b]")");
  EXPECT_EQ(read("labels: [a]"),
            R"(yaml: line 1: parsing field "labels": keys are due, like "{a: b}")");
  EXPECT_EQ(read("sub: x"), R"(yaml: line 1: parsing field "sub": keys are due, like "name: x")");
  EXPECT_EQ(read("at: yesterday"),
            R"(yaml: line 1: parsing field "at": "yesterday" is no time of RFC 3339)");
  EXPECT_EQ(read("lasted: 5"),
            R"(yaml: line 1: parsing field "lasted": time: missing unit in duration "5")");
  EXPECT_EQ(read("- a"), R"(yaml: line 1: keys are due, like "name: x")");
  EXPECT_EQ(read("hello"), R"(yaml: line 1: keys are due, like "name: x")");
  EXPECT_EQ(read("? [a]\n: b"), "yaml: line 1: a key is no text");
  EXPECT_THAT(read("["), StartsWith("yaml: "));
}

TEST(Yaml, HasLimits) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{child: ";
    return text + "{}" + std::string(size_t(depth), '}');
  };
  test::v1::Sub just;
  EXPECT_TRUE(bia::decode_yaml(nested(bia::kYamlDepthMax), just).ok());
  EXPECT_THAT(read<test::v1::Sub>(nested(bia::kYamlDepthMax + 1)), HasSubstr("nests deeper"));
  test::v1::Sub deep;
  test::v1::Sub* inner = &deep;
  for (int i = 0; i <= bia::kYamlDepthMax; ++i) inner = inner->mutable_child();
  std::string out;
  EXPECT_EQ(bia::encode_yaml(deep, out).error().code(), bia::Code::kInternal);

  std::string bomb = "a0: &a0 {name: xxxxxxxxxxxxxxxxxxxxxxxxxxxx}\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{0}: &a{0} {{", i);
    for (int j = 0; j < 10; ++j) bomb += fmt::format("{}k{}: *a{}", j ? ", " : "", j, i - 1);
    bomb += "}\n";
  }
  EXPECT_THAT(read(bomb + "object: *a8\n"), HasSubstr("aliases"));
  EXPECT_EQ(read(bomb), "{}");
}

}  // namespace
