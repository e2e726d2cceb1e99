#include "bia/service/openapi_document.h"

#include <gmock/gmock.h>

namespace bia {
namespace {
using testing::HasSubstr;
using testing::Not;

OpenApiOperation operation(std::string_view path, std::string_view method, std::string_view json) {
  OpenApiOperation one;
  one.path = path;
  one.method = method;
  one.json = json;
  one.reply = R"({"$ref":"#/components/schemas/a.Reply"})";
  one.about = "OK";
  one.message_reply = true;
  return one;
}

constexpr OpenApiProperty kFields[] = {
    {"userName", "user_name", R"({"type":"string"})", true},
    {"part", "part", R"({"$ref":"#/components/schemas/a.Part"})"}};
constexpr OpenApiSchema kReply = {"a.Reply", R"({"type":"object"})", kFields, {}};
constexpr OpenApiSchema kPart = {
    "a.Part", R"({"type":"string","enum":["A"]})", {}, R"({"type":"integer","enum":[0]})"};

TEST(OpenApiDocument, HasOneItemForPathsThatDifferInNames) {
  OpenApiDocument document;
  document.add_operation(
      operation("/v1/{a}/{b}", "get",
                R"({"parameters":[{"name":"a","in":"path","x":1},{"name":"b","in":"path"}]})"));
  document.add_operation(operation(
      "/v1/{b}/{a}", "delete",
      R"({"description":"{\"name\":\"b\",\"in\":\"path\"","parameters":[{"name":"b","in":"path"},{"name":"a","in":"path"},{"name":"a","in":"query"}]})"));
  document.add_operation(operation("/v1/{c}/{d}", "get", R"({"never":1})"));
  document.add_operation(operation("/v1/{c}", "get", R"({"one":1})"));
  const std::string text = document.text("T", "1");
  EXPECT_THAT(text, HasSubstr(R"("paths":{"/v1/{c}":{"get":{"one":1,)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"("/v1/{a}/{b}":{"delete":{"description":"{\"name\":\"b\",\"in\":\"path\"","parameters":[{"name":"a","in":"path"},{"name":"b","in":"path"},{"name":"a","in":"query"}],)"));
  EXPECT_THAT(text, Not(HasSubstr("never")));
  EXPECT_THAT(text, Not(HasSubstr("/v1/{b}/{a}")));
}

TEST(OpenApiDocument, HasTheFormsOfMessagesThatAreServed) {
  OpenApiDocument document;
  document.add_schema(kReply);
  document.add_schema(kPart);
  document.add_operation(operation("/x", "get", "{}"),
                         {.omit_unset = true, .proto_names = true, .enum_numbers = true});
  const std::string text = document.text("T", "1");
  EXPECT_THAT(
      text,
      HasSubstr(
          R"({"a.Part-omit_unset-proto_names-enum_numbers":{"type":"integer","enum":[0]},"a.Reply-omit_unset-proto_names-enum_numbers":{"type":"object","properties":{"user_name":{"type":"string"},"part":{"$ref":"#/components/schemas/a.Part-omit_unset-proto_names-enum_numbers"}}}})"))
      << text;
}

TEST(OpenApiDocument, HasBothFormsWhereBothAreServed) {
  OpenApiDocument document;
  document.add_schema(kReply);
  document.add_schema(kPart);
  OpenApiOperation one = operation("/x", "post", "{}");
  one.body = R"({"$ref":"#/components/schemas/a.Reply"})";
  document.add_operation(one, {.enum_numbers = true});
  const std::string text = document.text("T", "1");
  EXPECT_THAT(
      text,
      HasSubstr(
          R"("a.Reply":{"type":"object","properties":{"userName":{"type":"string"},"part":{"$ref":"#/components/schemas/a.Part"}},"required":["userName"]},)"));
  EXPECT_THAT(text, HasSubstr(R"("a.Reply-enum_numbers":{)"));
  EXPECT_THAT(text, HasSubstr(R"("a.Part":{"type":"string")"));
  EXPECT_THAT(text, HasSubstr(R"("a.Part-enum_numbers":{"type":"integer")"));
}

TEST(OpenApiDocument, SaysOfARawOrPlainReplyThatOptionsDoNotReachIt) {
  OpenApiDocument document;
  document.add_schema(kReply);
  OpenApiOperation one = operation("/list", "get", "{}");
  one.message_reply = false;
  document.add_operation(one, {.proto_names = true});
  one = operation("/raw", "get", "{}");
  one.raw_reply = true;
  document.add_operation(one, {.envelope = {"<", ">"}, .error_status = "200"});
  const std::string text = document.text("T", "1");
  EXPECT_THAT(text, HasSubstr(R"({"schema":{"$ref":"#/components/schemas/a.Reply"}})"));
  EXPECT_THAT(text, HasSubstr(R"("content":{"*/*":{"schema":{}}}})"));
  EXPECT_THAT(text, Not(HasSubstr("<")));
}

}  // namespace
}  // namespace bia
