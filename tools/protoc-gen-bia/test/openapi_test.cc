// The OpenAPI document of a running service: what its options make of it.
#include <gmock/gmock.h>

#include "bia/service/openapi_served.h"
#include "test/v1/files.bia.h"
#include "test/v1/library.bia.h"

namespace {
using testing::HasSubstr;
using testing::Not;

std::string document_of(bia::Service& service, const bia::ServerBindingOptions& options) {
  auto text = bia::openapi_of_served({&service.service_info()}, options, "T", "1");
  return text.ok() ? *text : text.error().message();
}

TEST(OpenApiOfServed, HasTheEnvelope) {
  test::v1::FilesService service;
  bia::ServerBindingOptions options;
  options.envelope = {.reply = R"({"code":0,"msg":"ok","list":[1,$reply],"none":[]})",
                      .error = R"({"code":$code,"why":$reason,"more":$metadata,"data":$reply})",
                      .error_status = 400};
  std::string text = document_of(service, options);
  EXPECT_THAT(
      text,
      HasSubstr(
          R"({"type":"object","required":["code","msg","list","none"],"properties":{"code":{"const":0},"msg":{"const":"ok"},"list":{"type":"array","prefixItems":[{"const":1},{"$ref":"#/components/schemas/test.v1.FileReply"}]},"none":{"type":"array","maxItems":0}}})"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"("bia.Error":{"type":"object","required":["code","why","more","data"],"properties":{"code":{"type":"integer","format":"int32"},"why":{"type":"string"},"more":{"type":"object","additionalProperties":{"type":"string"}},"data":{"type":"null"}}})"));
  EXPECT_THAT(text, HasSubstr(R"("400":{"description":"An error.","content":{"application/json":)"
                              R"({"schema":{"$ref":"#/components/schemas/bia.Error"}}}})"));
  EXPECT_THAT(text, Not(HasSubstr(R"("default":)")));
  EXPECT_THAT(text, HasSubstr(R"("content":{"*/*":{"schema":{}}})")) << "raw bytes have none";
  options.envelope.error_status = 200;
  text = document_of(service, options);
  EXPECT_THAT(text, Not(HasSubstr("An error.")));
  EXPECT_THAT(text, HasSubstr(R"({"schema":{"anyOf":[{"type":"object","required":["code")"));
  EXPECT_THAT(text, HasSubstr(R"(,{"$ref":"#/components/schemas/bia.Error"}]}})"));
}

TEST(OpenApiOfServed, HasTheNamesOfJsonByOperation) {
  test::v1::LibraryService service;
  bia::ServerBindingOptions options;
  EXPECT_THAT(document_of(service, options), Not(HasSubstr("-proto_names")));
  options.operations["/test.v1.Library/CreateBook"] = {
      .json = bia::HttpJsonOptions{.proto_names = true, .enum_numbers = true}};
  const std::string text = document_of(service, options);
  EXPECT_THAT(text, HasSubstr(R"("200":{"description":"OK","content":{"application/json":)"
                              R"({"schema":{"$ref":"#/components/schemas/test.v1.Book-proto_)"
                              R"(names-enum_numbers"}}}})"));
  EXPECT_THAT(text, HasSubstr(R"("test.v1.Sub-proto_names-enum_numbers":{"type":"object")"));
  EXPECT_THAT(text, HasSubstr(R"({"schema":{"$ref":"#/components/schemas/test.v1.Book"}})"))
      << "of the others";
}

TEST(OpenApiOfServed, HasThePathPrefixAndTheCodecsOfAnOperation) {
  test::v1::FilesService service;
  bia::ServerBindingOptions options;
  options.path_prefix = "/api";
  options.operations["/test.v1.Files/Form"] = {.codecs = {"proto", "multipart", "xml"}};
  const std::string text = document_of(service, options);
  EXPECT_THAT(text, HasSubstr(R"("paths":{"/api/)"));
  EXPECT_THAT(text, HasSubstr(R"("/api/forms":{"post":)"));
  EXPECT_THAT(text, HasSubstr(R"("requestBody":{"content":{"application/proto":{"schema":{}},)"
                              R"("multipart/form-data":{"schema":{}},"application/xml":)"
                              R"({"schema":{}}},"required":true})"));
  EXPECT_THAT(text, HasSubstr(R"("content":{"application/proto":{"schema":{}},)"
                              R"("application/xml":{"schema":{}}}},"default":{"description":)"
                              R"("An error.","content":{"application/proto":{"schema":{}},)"
                              R"("application/json":{"schema":{"$ref":)"));
}

}  // namespace
