// Messages as YAML: what Kratos 2.7.2 wrote and took (yaml.v3 over the structs of protoc-gen-go),
// recorded by running it, and what is taken besides.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "bia/content/yaml_message.h"
#include "bia/fiber/scheduler.h"
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

TEST(Yaml, EscapesWhatYamlDoesNotHave) {
  // yaml.v3 refuses all of these as they are, or folds them to a space.
  std::string yaml;
  bia::append_yaml_text(yaml,
                        "a\x7F\u0080\u009F\u0085\uFEFF\uFFFE\uFFFF\u2028\u2029\u00A0\uFFFD\u2030");
  EXPECT_EQ(yaml, "\"a\\x7F\\x80\\x9F\\x85\\uFEFF\\uFFFE\\uFFFF\\u2028\\u2029\u00A0\uFFFD\u2030\"");
  test::v1::Sub sub;
  sub.set_name("\x7F\u0080\u0085\uFEFF\uFFFF\u2028\U0001F600");
  std::string text;
  ASSERT_TRUE(bia::encode_yaml(sub, text).ok());
  test::v1::Sub again;
  ASSERT_TRUE(bia::decode_yaml(text, again).ok()) << text;
  EXPECT_EQ(again.name(), sub.name());
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

TEST(Yaml, ReadsNullForAValueAsTheValueNull) {
  EXPECT_EQ(read("value: ~\nvalues: {a: }\nlist: [~]"),
            R"({"value":null,"list":[null],"values":{"a":null}})");
  EXPECT_EQ(read("value: {kind: null}\nlist: {values: [~, {kind: ~}, {kind: {}}]}"),
            R"({"value":null,"list":[null,null,null]})");
  EXPECT_EQ(read("object: {fields: {a: ~}}"), R"({"object":{"a":null}})");
  EXPECT_EQ(read("object: ~\nlist: ~\nvalues: ~"), "{}");
  google::protobuf::Value value;
  ASSERT_TRUE(bia::decode_yaml("~", value).ok());
  EXPECT_EQ(value.kind_case(), google::protobuf::Value::kNullValue);
}

TEST(Yaml, ReadsWholeNumbersInEachBase) {
  const auto whole = [](std::string_view text) {
    test::v1::Scalars scalars;
    const bool read = bia::decode_yaml(fmt::format("i64: {}", text), scalars).ok();
    return read ? std::to_string(scalars.i64()) : "refused";
  };
  const std::pair<const char*, const char*> numbers[] = {
      {"0X10", "16"},       {"0B101", "5"},       {"0O17", "15"},
      {"017", "15"},        {"-0x10", "-16"},     {"+5", "5"},
      {"0", "0"},           {"-0", "0"},          {"0e5", "0"},
      {"1e3", "1000"},      {"-1.0", "-1"},       {"09", "9"},
      {"+0b1", "1"},        {"0x_1_0", "16"},     {"-0x8000000000000000", "-9223372036854775808"},
      {"+-5", "refused"},   {"--5", "refused"},   {"-+5", "refused"},
      {"0x-5", "refused"},  {"0x+5", "refused"},  {"0-5", "refused"},
      {"0b-1", "refused"},  {"0o9", "refused"},   {"0b12", "refused"},
      {"0a5", "refused"},   {"0x", "refused"},    {"0x1p3", "refused"},
      {"+-1e3", "refused"}, {"-.5e1", "refused"}, {"1e400", "refused"},
      {"0xinf", "refused"}};
  for (const auto& [text, number] : numbers) EXPECT_EQ(whole(text), number) << text;
  EXPECT_THAT(read<test::v1::Scalars>("u64: -1.0"), HasSubstr("strconv.ParseUint"));
}

TEST(Yaml, ReadsBytesInEachBase) {
  EXPECT_EQ(read<test::v1::Scalars>("data: [0x68, 0X69]"), R"({"data":"aGk="})");
  for (const char* item : {"12abc", "256", "-1", "0x100", "1.5", "~", "[1]", "''"}) {
    EXPECT_THAT(read<test::v1::Scalars>(fmt::format("data: [{}]", item)),
                HasSubstr("bytes are numbers from 0 to 255"))
        << item;
  }
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

// yaml.v3: "field … already set in type …", "mapping key … already defined at line …".
TEST(Yaml, RefusesAKeyTwice) {
  using Bind = demo::v1::BindRequest;
  EXPECT_EQ(read<Bind>("name: a\nage: 1\nname: b\n"), "yaml: line 3: the key name is there twice");
  EXPECT_EQ(read<Bind>("optfield: a\nopt_field: b\n"),
            "yaml: line 2: the key opt_field is there twice");
  EXPECT_EQ(read<Bind>("name:\nname: b\n"), "yaml: line 2: the key name is there twice");
  EXPECT_EQ(read<Bind>("sub: {name: a, name: b}\n"), "yaml: line 1: the key name is there twice");
  EXPECT_EQ(read<Bind>("kv: {a: x, b: y, a: z}\n"), "yaml: line 1: the key a is there twice");
  EXPECT_EQ(read<Bind>("st: {a: 1, a: 2}\n"), "yaml: the key a is there twice");
  // Unknown ones are passed over, as there.
  EXPECT_EQ(read<Bind>("name: a\nx: 1\nx: 2\n"), R"({"name":"a"})");
}

TEST(Yaml, HasLimits) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{child: ";
    return text + "{}" + std::string(size_t(depth), '}');
  };
  test::v1::Sub just;
  EXPECT_TRUE(bia::decode_yaml(nested(bia::kYamlDecodeDepthMax), just).ok());
  EXPECT_THAT(read<test::v1::Sub>(nested(bia::kYamlDecodeDepthMax + 1)), HasSubstr("than 32"));
  test::v1::Sub deep;
  test::v1::Sub* inner = &deep;
  for (int i = 0; i <= bia::kYamlEncodeDepthMax; ++i) inner = inner->mutable_child();
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

/// On a stack as a handler has it; the frames of ASan need a larger one.
void on_fiber(std::function<void()> body) {
  bia::fiber::SchedulerOptions options;
#ifdef __SANITIZE_ADDRESS__
  options.stack_bytes *= 16;
#endif
  auto scheduler = bia::fiber::Scheduler::create(options);
  ASSERT_TRUE(scheduler.ok());
  ASSERT_TRUE((*scheduler)->spawn(std::move(body)).ok());
  (*scheduler)->run(bia::fiber::Scheduler::Until::kNoFibers);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Yaml, RefusesDeepNestingWithinAHandlersStack) {
  on_fiber([] {
    for (std::string_view part : {"[", "- ", "{a: ", "? ", "{child: "})
      EXPECT_THAT(read<test::v1::Sub>(repeated(part, 450)), HasSubstr("nests deeper than 64"));
    // Aliases nest deeper than the text, or without an end.
    std::string chain = "n0: &n0 {}\n";
    for (int i = 1; i < 200; ++i) chain += fmt::format("n{0}: &n{0} {{child: *n{1}}}\n", i, i - 1);
    EXPECT_THAT(read<test::v1::Sub>(chain + "child: *n199"), HasSubstr("nests deeper than 32"));
    EXPECT_THAT(read<test::v1::Sub>("&a {child: *a}"), HasSubstr("nests deeper than 32"));
    EXPECT_THAT(read("nested: &a {deeper: {k: *a}}"), HasSubstr("nests deeper than 32"));
    EXPECT_THAT(read("value: &a {kind: {structvalue: {fields: {k: *a}}}}"),
                HasSubstr("nests deeper than 32"));
    EXPECT_THAT(read("value: &a [*a]"), HasSubstr("nests deeper than 64"));
  });
}

TEST(Yaml, NestsToItsLimitsWithinAHandlersStack) {
  on_fiber([] {
    const std::string nested = repeated("{child: ", bia::kYamlDecodeDepthMax) + "{n: 1}" +
                               repeated("}", bia::kYamlDecodeDepthMax);
    test::v1::Sub sub;
    EXPECT_TRUE(bia::decode_yaml(nested, sub).ok());
    // A message 28 deep, and a list below it to 64.
    const std::string both = "value: " + repeated("{kind: {listvalue: {values: [", 9) +
                             repeated("[", 27) + repeated("]", 27) + repeated("]}}}", 9);
    test::v1::Kinds kinds;
    const bia::Result<void> done = bia::decode_yaml(both, kinds);
    EXPECT_TRUE(done.ok()) << done.error().message();
    test::v1::Sub deep;
    test::v1::Sub* inner = &deep;
    for (int i = 0; i < bia::kYamlEncodeDepthMax; ++i) inner = inner->mutable_child();
    std::string out;
    EXPECT_TRUE(bia::encode_yaml(deep, out).ok());
  });
}

/// Ten times as many of `leaf` with each of `levels`, each below `before` and `after`.
std::string bomb_of(std::string_view leaf, int levels, std::string_view before,
                    std::string_view after) {
  std::string text = fmt::format("a0: &a0 {}\n", leaf);
  for (int i = 1; i <= levels; ++i) {
    text += fmt::format("a{0}: &a{0} {1}", i, before);
    for (int j = 0; j < 10; ++j) text += fmt::format("{}k{}: *a{}", j ? ", " : "", j, i - 1);
    text += fmt::format("{}\n", after);
  }
  return text;
}

TEST(Yaml, ChargesWhatAliasesMake) {
  // Messages of nothing, entries of null, and nulls in a list.
  const std::string empty = bomb_of("{}", 6, "{deeper: {", "}}");
  EXPECT_THAT(read(empty + "nested: *a6"), HasSubstr("aliases"));
  EXPECT_THAT(read(bomb_of("~", 6, "{deeper: {", "}}") + "nested: *a6"), HasSubstr("aliases"));
  const std::string nulls = "x: &x [" + repeated("~,", 1000) + "]\n";
  const auto entries = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += fmt::format("{}: *x, ", i);
    return text;
  };
  EXPECT_THAT(read(nulls + "values: {" + entries(300) + "}"), HasSubstr("aliases"));
  EXPECT_THAT(read(nulls + "list: [" + repeated("*x ,", 300) + "]"), HasSubstr("aliases"));
  // Texts, and keys that are passed over.
  EXPECT_THAT(
      read("x: &x " + repeated("0", 100'000) + "\nwrapped: [" + repeated("*x ,", 200) + "]"),
      HasSubstr("aliases"));
  EXPECT_THAT(
      read("x: &x {" + repeated("nope: 1,", 20'000) + "}\nby_number: {" + entries(900) + "}"),
      HasSubstr("aliases"));
  // A plain body may have many.
  EXPECT_THAT(read("subs: [" + repeated("{},", 100'000) + "]"), StartsWith("{\"subs\":[{},"));
}

TEST(Yaml, TakesOverTheKeysOfOtherMapsAsGoDoes) {
  using Bind = demo::v1::BindRequest;
  EXPECT_EQ(read<Bind>("base: &b {name: x, age: 3, kv: {a: '1'}}\n<<: *b\nname: own\n"),
            R"({"name":"own","age":3,"kv":{"a":"1"}})");
  EXPECT_EQ(read<Bind>("<<: [{name: first, big: 7}, {name: second, age: 3}]\n"),
            R"({"name":"first","age":3,"big":"7"})");
  EXPECT_EQ(read<Bind>("kv: {<<: {a: '1'}}\n"), R"({"kv":{"a":"1"}})");
  EXPECT_EQ(read<Bind>("kv: {<<: {a: '1'}, a: '3'}\n"), R"({"kv":{"a":"3"}})");
  EXPECT_EQ(read<Bind>("st: {<<: {q: 1}}\n"), R"({"st":{"q":1}})");
  EXPECT_EQ(read<Bind>("sub: {<<: {n: 8}, name: s}\n"), R"({"sub":{"name":"s","n":8}})");
  EXPECT_EQ(read<Bind>("\"<<\": {name: x}\n"), "{}") << "in quotes it is a name";
  EXPECT_EQ(read<Bind>("optfield: o\n<<: {optField: other}\n"), R"({"optField":"o"})")
      << "by another of the field's names";
  EXPECT_EQ(read<Bind>("pick: {a: x}\n<<: {b: 1, a: y}\n"), R"({"a":"x"})");
  EXPECT_EQ(read<Bind>("name: x\n<<: 3\n"), "yaml: line 2: << takes a map, or a list of maps");
  EXPECT_EQ(read<Bind>("name: x\n<<: {}\n<<: {}\n"), "yaml: line 3: the key << is there twice");
  EXPECT_THAT(read<Bind>("&a {<<: *a}"), HasSubstr("nests deeper than"));
}

TEST(Yaml, RefusesMergesThatRepeatALot) {
  std::string bomb = "a0: &a0 {name: x}\n";
  for (int i = 1; i < 20; ++i)
    bomb += fmt::format("a{0}: &a{0} {{<<: [*a{1}, *a{1}, *a{1}]}}\n", i, i - 1);
  EXPECT_THAT(read<demo::v1::BindRequest>(bomb + "<<: *a19\n"),
              HasSubstr("<< bring more than 100000 keys"));
}

}  // namespace
