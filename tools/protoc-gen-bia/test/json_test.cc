// Generated JSON, WireTable's JSON and protobuf's own, side by side on the same cases.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "bia/codec/wire_table.h"
#include "test/v1/kinds.bia.h"

namespace {
using namespace test::v1;
namespace pb = google::protobuf;

template <typename M>
std::string generated(const M& message) {
  std::string json;
  bia::codec::JsonWriter out(json);
  bia_json_write(out, message);
  return json;
}

template <typename M>
std::string read_generated(std::string_view json, M& message) {
  bia::codec::JsonReader in(json);
  bia_json_read(in, message);
  auto done = in.finish();
  return done.ok() ? "" : done.error().message();
}

const bia::codec::WireTable& kinds_table() {
  static auto table = bia::codec::WireTable::create(Kinds::descriptor());
  EXPECT_TRUE(table.ok());
  return **table;
}

std::string by_table(const pb::Message& message) {
  std::string json;
  auto done = kinds_table().wire_to_json(message.SerializeAsString(), json);
  return done.ok() ? json : "error: " + done.error().message();
}

/// What each case's text must be read as: all three readers agree, and the two writers write the
/// same bytes.
class Accepted : public testing::TestWithParam<const char*> {};

TEST_P(Accepted, BySide) {
  Kinds by_generated;
  Kinds by_protobuf;
  ASSERT_EQ(read_generated(GetParam(), by_generated), "");
  ASSERT_TRUE(pb::util::JsonStringToMessage(GetParam(), &by_protobuf).ok()) << GetParam();
  pb::util::MessageDifferencer differ;
  pb::util::DefaultFieldComparator same;
  same.set_treat_nan_as_equal(true);
  differ.set_field_comparator(&same);
  std::string difference;
  differ.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differ.Compare(by_protobuf, by_generated)) << difference;

  std::string wire;
  auto encoded = kinds_table().json_to_wire(GetParam(), wire);
  ASSERT_TRUE(encoded.ok()) << encoded.error().message();
  Kinds from_wire;
  ASSERT_TRUE(from_wire.ParseFromString(wire));
  difference.clear();
  EXPECT_TRUE(differ.Compare(by_generated, from_wire)) << difference;

  EXPECT_EQ(generated(by_generated), by_table(by_generated));
  Kinds again;
  EXPECT_EQ(read_generated(generated(by_generated), again), "");
  // An absent Value is printed as null, which reads back as the value null: in Go too.
  if (!by_generated.has_value()) again.clear_value();
  difference.clear();
  EXPECT_TRUE(differ.Compare(by_generated, again)) << difference;
}

INSTANTIATE_TEST_SUITE_P(
    Json, Accepted,
    testing::Values(
        "{}",
        R"({"scalars":{"d":1.5,"f":-2.25,"i32":-1,"i64":"-9223372036854775808","u32":4294967295,"u64":"18446744073709551615"}})",
        R"({"scalars":{"s32":-2147483648,"s64":9007199254740993,"fx32":1,"fx64":"2","sfx32":-3,"sfx64":"-4","flag":true}})",
        R"({"scalars":{"text":"a\"\\\/\b\f\n\r\té\uD83D\uDE00","data":"+/8=","color":"RED","snakeCaseName":"x","other-Name":"y"}})",
        R"({"scalars":{"data":"-_8","color":2,"snake_case_name":"x","renamed":"y"}})",
        R"({"scalars":{"d":"NaN","f":"Infinity"}})",
        R"({"scalars":{"d":"-Infinity","f":1e30,"i32":1e2,"i64":1.0,"u32":"7","u64":2.5e1}})",
        R"({"scalars":{"d":1e-7,"f":1.1}})", R"({"scalars":{"d":1e21,"f":16777216}})",
        R"({"scalars":{"d":123456789.123,"f":0.1}})", R"({"scalars":{"d":5e-324,"f":1e-45}})",
        R"({"scalars":{"d":1e-400,"f":3.4028235e+38}})",
        R"({"scalars":null,"sub":{},"nested":{"class":"3","deeper":{"a":{"deeper":{"b":{}}}}},"inner":"INNER_NEGATIVE"})",
        R"({"numbers":[1,-2,0],"longs":["1",2],"texts":["","a"],"blobs":["","AQ=="],"colors":["RED",2,"COLOR_NONE",9],"doubles":[0,1.5]})",
        R"({"subs":[{},{"n":1,"child":{"child":{}}}],"flags":[true,false],"floats":[0.1,3]})",
        R"({"labels":{"b":"2","a":"1","":""},"byNumber":{"-1":{},"10":{"n":1}}})",
        R"({"byFlag":{"true":"1","false":2},"byLong":{"18446744073709551615":"RED","2":0},"blobMap":{"x":"AQID"},"doubleMap":{"d":1e300}})",
        R"({"word":""})", R"({"amount":"0"})", R"({"part":{}})", R"({"nothing":null})",
        R"({"paint":"COLOR_NONE"})", R"({"nickname":"","rank":0,"extra":{}})",
        R"({"at":"1970-01-01T00:00:00Z","lasted":"0s"})",
        R"({"at":"2024-02-29T23:59:59.123456789Z","lasted":"-1.5s"})",
        R"({"at":"0001-01-01T00:00:00Z","lasted":"315576000000s"})",
        R"({"at":"9999-12-31T23:59:59.999Z","lasted":"1.000000001s"})", R"({"mask":"a,bC.dE"})",
        R"({"object":{"a":[1,"x",null,{"b":true}]},"value":null,"list":[[],{}],"empty":{}})",
        R"({"value":3})", R"({"value":"x"})", R"({"value":[null]})", R"({"value":{"x":{}}})",
        R"({"nullValue":null})",
        R"({"boolWrapper":false,"bytesWrapper":"","doubleWrapper":0,"floatWrapper":1.5,"int32Wrapper":0,"int64Wrapper":"5"})",
        R"({"stringWrapper":"","uint32Wrapper":1,"uint64Wrapper":"2"})",
        R"({"boolWrapper":null,"stringWrapper":null})",
        R"({"times":["1970-01-01T00:00:01Z"],"values":{"a":null,"b":[]},"wrapped":["","x"]})"));

/// protobuf's own writer says the same, up to its way with maps' order, doubles' digits and absent
/// messages, which protojson writes as null.
TEST(Json, PrintsAsProtobufPrints) {
  Scalars scalars;
  scalars.set_text("\x01\x1f\x7f é\xF0\x9F\x98\x80<>&'/");
  scalars.set_d(1.25);
  scalars.set_i64(-5);
  scalars.set_u64(UINT64_MAX);
  scalars.set_data(std::string("\0\xff", 2));
  scalars.set_color(GREEN);
  std::string theirs;
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  ASSERT_TRUE(pb::util::MessageToJsonString(scalars, &theirs, options).ok());
  Scalars ours_back;
  Scalars theirs_back;
  ASSERT_EQ(read_generated(generated(scalars), ours_back), "");
  ASSERT_EQ(read_generated(theirs, theirs_back), "");
  EXPECT_TRUE(pb::util::MessageDifferencer::Equals(ours_back, theirs_back));
  EXPECT_EQ(generated(scalars),
            "{\"text\":\"\\u0001\\u001f\x7f "
            "é\xF0\x9F\x98\x80<>&'/\",\"d\":1.25,\"f\":0,\"i32\":0,\"i64\":\"-5\",\"u32\":0,"
            "\"u64\":\"18446744073709551615\",\"s32\":0,\"s64\":\"0\",\"fx32\":0,\"fx64\":\"0\","
            "\"sfx32\":0,\"sfx64\":\"0\",\"flag\":false,"
            "\"data\":\"AP8=\",\"color\":\"GREEN\",\"snakeCaseName\":\"\",\"other-Name\":\"\"}");
}

TEST(Json, PrintsEveryFieldOfAnEmptyMessage) {
  EXPECT_EQ(
      generated(Kinds()),
      R"({"scalars":null,"sub":null,"nested":null,"inner":"INNER_ZERO","numbers":[],"longs":[],"texts":[],"blobs":[],"colors":[],"subs":[],)"
      R"("doubles":[],"flags":[],"floats":[],"labels":{},"byNumber":{},"byFlag":{},"byLong":{},"blobMap":{},"doubleMap":{},"at":null,)"
      R"("lasted":null,"mask":null,"object":null,"value":null,"list":null,"empty":null,"any":null,"nullValue":null,"boolWrapper":null,)"
      R"("bytesWrapper":null,"doubleWrapper":null,"floatWrapper":null,"int32Wrapper":null,"int64Wrapper":null,"stringWrapper":null,)"
      R"("uint32Wrapper":null,"uint64Wrapper":null,"times":[],"values":{},"wrapped":[]})");
  EXPECT_EQ(generated(Nothing()), "{}");
}

TEST(Json, SortsMapsByKey) {
  Kinds kinds;
  (*kinds.mutable_by_number())[10];
  (*kinds.mutable_by_number())[-2];
  (*kinds.mutable_by_number())[9].set_n(1);
  std::string json = generated(kinds);
  EXPECT_NE(json.find(R"("byNumber":{"-2":{"name":"","n":0,"child":null},"9":{)"),
            std::string::npos);
  EXPECT_EQ(json, by_table(kinds));
}

TEST(Json, HoldsAny) {
  Kinds kinds;
  Sub sub;
  sub.set_name("x");
  kinds.mutable_any()->PackFrom(sub);
  std::string json = generated(kinds);
  EXPECT_NE(json.find(R"("any":{"@type":"type.googleapis.com/test.v1.Sub","name":"x")"),
            std::string::npos)
      << json;
  Kinds back;
  EXPECT_EQ(read_generated(json, back), "");
  EXPECT_TRUE(back.any().Is<Sub>());
}

struct Refusal {
  const char* json;
  const char* message;        ///< of generated code
  const char* table_message;  ///< of WireTable; null: the same
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithGosText) {
  Kinds kinds;
  EXPECT_EQ(read_generated(GetParam().json, kinds), GetParam().message);
  std::string wire;
  auto done = kinds_table().json_to_wire(GetParam().json, wire);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message(),
            GetParam().table_message ? GetParam().table_message : GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Json, Refused,
    testing::Values(
        Refusal{"", "syntax error (line 1:1): unexpected EOF", nullptr},
        Refusal{"[]", "syntax error (line 1:1): unexpected token [", nullptr},
        Refusal{"{bad", "syntax error (line 1:2): invalid value bad", nullptr},
        Refusal{"{", "syntax error (line 1:2): unexpected EOF", nullptr},
        Refusal{"{}x", "syntax error (line 1:3): invalid value x", nullptr},
        Refusal{"{} {}", "syntax error (line 1:4): unexpected token {", nullptr},
        Refusal{R"({"sub":{"n":1,}})", "syntax error (line 1:15): unexpected token }", nullptr},
        Refusal{R"({"sub" {}})",
                R"(syntax error (line 1:8): unexpected character {, missing ":" after field name)",
                nullptr},
        Refusal{R"({"sub":{"name":"a" "n":1}})",
                R"(syntax error (line 1:20): unexpected token "n")", nullptr},
        Refusal{"{\n \"sub\": {\"n\": \"x\"}}", R"((line 2:15): invalid value for int32 type: "x")",
                R"((line 2:15): invalid value for int32 field n: "x")"},
        Refusal{R"({"sub":{"n":2147483648}})",
                "(line 1:13): invalid value for int32 type: 2147483648",
                "(line 1:13): invalid value for int32 field n: 2147483648"},
        Refusal{R"({"sub":{"n":1.5}})", "(line 1:13): invalid value for int32 type: 1.5",
                "(line 1:13): invalid value for int32 field n: 1.5"},
        Refusal{R"({"sub":{"n":01}})", "syntax error (line 1:13): invalid value 01", nullptr},
        Refusal{R"({"sub":{"n":true}})", "(line 1:13): invalid value for int32 type: true",
                "(line 1:13): invalid value for int32 field n: true"},
        Refusal{R"({"sub":{"name":1}})", "(line 1:16): invalid value for string type: 1",
                "(line 1:16): invalid value for string field name: 1"},
        Refusal{R"({"sub":{"name":"a","name":"b"}})", R"((line 1:20): duplicate field "name")",
                nullptr},
        Refusal{R"({"scalars":{"snakeCaseName":"a","snake_case_name":"b"}})",
                R"((line 1:33): duplicate field "snake_case_name")", nullptr},
        Refusal{R"({"word":"a","amount":1})",
                R"((line 1:13): error parsing "amount", oneof test.v1.Kinds.choice is already set)",
                nullptr},
        Refusal{R"({"inner":"NOPE"})", R"((line 1:10): invalid value for enum type: "NOPE")",
                R"((line 1:10): invalid value for enum field inner: "NOPE")"},
        Refusal{R"({"at":"yesterday"})",
                R"((line 1:7): invalid google.protobuf.Timestamp value "yesterday")", nullptr},
        Refusal{R"({"at":"2023-02-29T00:00:00Z"})",
                R"((line 1:7): invalid google.protobuf.Timestamp value "2023-02-29T00:00:00Z")",
                nullptr},
        Refusal{R"({"lasted":"1"})", R"((line 1:11): invalid google.protobuf.Duration value "1")",
                nullptr},
        Refusal{R"({"sub":{"name":"\x"}})",
                R"(syntax error (line 1:16): invalid escape code "\x" in string)", nullptr},
        Refusal{R"({"sub":{"name":"\ud800"}})",
                R"(syntax error (line 1:16): invalid escape code "\ud800" in string)", nullptr},
        Refusal{"{\"sub\":{\"name\":\"\xff\"}}",
                "syntax error (line 1:16): invalid UTF-8 in string", nullptr},
        Refusal{R"({"numbers":[1,null]})", "(line 1:15): invalid value for int32 type: null",
                "(line 1:15): invalid value for int32 field numbers: null"},
        Refusal{R"({"sub":{"n":nul}})", "syntax error (line 1:13): invalid value nul", nullptr}));

TEST(Json, RefusesDeepNesting) {
  std::string deep = "1";
  for (int i = 0; i < 5000; ++i) deep = "[" + deep + "]";
  Kinds kinds;
  EXPECT_NE(read_generated("{\"value\":" + deep + "}", kinds).find("recursion"), std::string::npos);
  EXPECT_NE(read_generated("{\"unknown\":" + deep + "}", kinds).find("recursion"),
            std::string::npos);
}

}  // namespace
