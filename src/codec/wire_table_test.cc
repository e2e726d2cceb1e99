#include "bia/codec/wire_table.h"

#include <gtest/gtest.h>

#include "bia/codec/proto_source.h"

namespace bia::codec {
namespace {

class WireTableTest : public testing::Test {
 protected:
  static const ProtoSource& source() {
    static auto parsed =
        ProtoSource::from_files({"google/protobuf/descriptor.proto", "google/protobuf/struct.proto",
                                 "google/protobuf/type.proto", "google/protobuf/wrappers.proto",
                                 "google/protobuf/timestamp.proto"},
                                {"/nonexistent"});
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    return **parsed;
  }
  static std::shared_ptr<const WireTable> table(std::string_view name) {
    auto made = WireTable::create(source().find_message(name));
    EXPECT_TRUE(made.ok());
    return *made;
  }
  /// JSON to wire and back.
  static std::string round(std::string_view type, std::string_view json,
                           Unpopulated unpopulated = Unpopulated::kOmit) {
    auto made = table(type);
    std::string wire;
    std::string text;
    if (Result<void> done = made->json_to_wire(json, wire); !done.ok())
      return done.error().message();
    if (Result<void> done = made->wire_to_json(wire, text, {FieldNames::kJson, unpopulated});
        !done.ok())
      return done.error().message();
    return text;
  }
};

TEST_F(WireTableTest, RoundsFieldsListsAndEnums) {
  EXPECT_EQ(
      round(
          "google.protobuf.Field",
          R"({"kind":"TYPE_INT64","name":"x","number":3,"packed":true,"options":[{"name":"o"}]})"),
      R"({"kind":"TYPE_INT64","number":3,"name":"x","packed":true,"options":[{"name":"o"}]})");
  EXPECT_EQ(round("google.protobuf.Field", R"({"kind":6})"), R"({"kind":"TYPE_FIXED64"})");
  EXPECT_EQ(round("google.protobuf.Field", R"({"kind":77})"), R"({"kind":77})");
}

TEST_F(WireTableTest, EmitsUnpopulated) {
  EXPECT_EQ(
      round("google.protobuf.Field", "{}", Unpopulated::kEmit),
      R"({"kind":"TYPE_UNKNOWN","cardinality":"CARDINALITY_UNKNOWN","number":0,"name":"","typeUrl":"","oneofIndex":0,"packed":false,)"
      R"("options":[],"jsonName":"","defaultValue":""})");
}

TEST_F(WireTableTest, RoundsStructs) {
  EXPECT_EQ(round("google.protobuf.Struct", R"({"b":[1,2.5,"x",null,true,{"c":{}}],"a":{}})"),
            R"({"a":{},"b":[1,2.5,"x",null,true,{"c":{}}]})");
  EXPECT_EQ(round("google.protobuf.Value", "null"), "null");
}

TEST_F(WireTableTest, RoundsWrappersAndTimes) {
  EXPECT_EQ(round("google.protobuf.Int64Value", "\"-9223372036854775808\""),
            "\"-9223372036854775808\"");
  EXPECT_EQ(round("google.protobuf.DoubleValue", "\"-Infinity\""), "\"-Infinity\"");
  EXPECT_EQ(round("google.protobuf.Timestamp", "\"2024-01-02T03:04:05.67+01:00\""),
            "\"2024-01-02T02:04:05.670Z\"");
}

TEST_F(WireTableTest, TakesNumbersToTheEdgesOfTheirTypes) {
  for (const char* edge : {"3.4028235e+38", "-3.4028235e+38", "1e-45", "\"NaN\"", "-0"})
    EXPECT_EQ(round("google.protobuf.FloatValue", edge), edge);
  EXPECT_EQ(round("google.protobuf.FloatValue", "\"3.4028235e38\""), "3.4028235e+38");
  EXPECT_EQ(round("google.protobuf.FloatValue", "1e-46"), "0");
  // Nearest to the text, which is above the middle of two floats; the nearest double is that
  // middle.
  EXPECT_EQ(round("google.protobuf.FloatValue", "1.000000059604644775390625001"), "1.0000001");
  EXPECT_EQ(round("google.protobuf.FloatValue", "3.5e38"),
            "(line 1:1): invalid value for float field value: 3.5e38");
  EXPECT_EQ(round("google.protobuf.FloatValue", "\"1e400\""),
            "(line 1:1): invalid value for float field value: \"1e400\"");
  EXPECT_EQ(round("google.protobuf.DoubleValue", "1.7976931348623157e+308"),
            "1.7976931348623157e+308");
  EXPECT_EQ(round("google.protobuf.DoubleValue", "1e-400"), "0");
  EXPECT_EQ(round("google.protobuf.DoubleValue", "1e400"),
            "(line 1:1): invalid value for double field value: 1e400");
  EXPECT_EQ(round("google.protobuf.Value", "1e-400"), "0");
  EXPECT_EQ(round("google.protobuf.Struct", R"({"a":[1,-1e400]})"),
            "(line 1:9): invalid google.protobuf.Value: -1e400");
}

TEST_F(WireTableTest, SaysWhatIsWrongAsGoDoes) {
  EXPECT_EQ(round("google.protobuf.Field", R"({"x":1})"), R"((line 1:2): unknown field "x")");
  EXPECT_EQ(round("google.protobuf.Field", R"({"number":"x"})"),
            R"((line 1:11): invalid value for int32 field number: "x")");
  EXPECT_EQ(round("google.protobuf.Field", R"({"number":1.5})"),
            R"((line 1:11): invalid value for int32 field number: 1.5)");
  EXPECT_EQ(round("google.protobuf.Field", R"({"name":1})"),
            R"((line 1:9): invalid value for string field name: 1)");
  EXPECT_EQ(round("google.protobuf.Field", R"({"name":"a","name":"b"})"),
            R"((line 1:13): duplicate field "name")");
  EXPECT_EQ(round("google.protobuf.Field", "{bad"), "syntax error (line 1:2): invalid value bad");
  EXPECT_EQ(round("google.protobuf.Field", "[]"), "syntax error (line 1:1): unexpected token [");
  EXPECT_EQ(round("google.protobuf.Timestamp", "\"x\""),
            "(line 1:1): invalid google.protobuf.Timestamp value \"x\"");
}

TEST_F(WireTableTest, RefusesBadWire) {
  std::string json;
  EXPECT_FALSE(table("google.protobuf.Field")->wire_to_json("\x22\x05x", json).ok());
  EXPECT_FALSE(table("google.protobuf.Field")->wire_to_json("\x08", json).ok());
  std::string deep = "{}";
  for (int i = 0; i < 200; ++i) deep = "{\"a\":" + deep + "}";
  EXPECT_NE(round("google.protobuf.Struct", deep).find("recursion"), std::string::npos);
}

TEST(ProtoSource, CollectsErrorsWithPlaces) {
  auto missing = ProtoSource::from_files({"/nonexistent/x.proto"}, {});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find("x.proto"), std::string::npos);
}

TEST(ProtoSource, FindsEmbeddedImports) {
  auto source =
      ProtoSource::from_files({"grpc/health/v1/health.proto", "google/api/annotations.proto",
                               "google/api/httpbody.proto", "google/api/field_behavior.proto",
                               "google/rpc/error_details.proto", "google/type/date.proto"},
                              {});
  ASSERT_TRUE(source.ok()) << source.error().text();
  EXPECT_NE((*source)->find_method("/grpc.health.v1.Health/Check"), nullptr);
  EXPECT_NE((*source)->find_method("grpc.health.v1.Health.Watch"), nullptr);
  EXPECT_EQ((*source)->find_method("grpc.health.v1.Health/Nope"), nullptr);
  EXPECT_EQ((*source)->services().size(), 1u);
}

TEST(ProtoSource, ReadsDescriptorSets) {
  EXPECT_FALSE(ProtoSource::from_descriptor_set("garbage").ok());
}

}  // namespace
}  // namespace bia::codec
