#include "bia/service/error_body.h"

#include <gtest/gtest.h>

#include "bia/bia/service.h"
#include "http/routing/error_body.h"

namespace bia {
namespace {

/// An error has one body, whether a route of a service or the HTTP server itself writes it.
TEST(ErrorBody, IsTheSameOfEveryLayer) {
  const Error errors[] = {
      Error(Code::kNotFound, "USER_NOT_FOUND", "user bob missing").with_metadata("id", "7"),
      Error::from_http(422, "", ""),
      Error::from_http(10001, "ODD", "a\n\"b\"\t\x01").with_metadata("k\\", "\xff\xc3\xa9"),
  };
  for (const Error& error : errors) {
    std::string of_http, of_service, by_format;
    http::append_error_json(of_http, error);
    append_error_json(error, of_service);
    EXPECT_EQ(append_error(error, Format::kJson, by_format), "application/json");
    EXPECT_EQ(of_http, of_service);
    EXPECT_EQ(of_http, by_format);
  }
}

TEST(ErrorBody, HasTheStatusOfItsAnswerInEveryFormat) {
  const Error error = Error::from_http(10001, "ODD", "odd");
  std::string form, yaml, proto;
  append_error(error, Format::kForm, form);
  EXPECT_EQ(form, "code=500&message=odd&metadata%5Bcode%5D=10001&reason=ODD");
  append_error(error, Format::kYaml, yaml);
  EXPECT_EQ(yaml,
            "status:\n    code: 500\n    reason: ODD\n    message: odd\n    metadata:\n"
            "        code: \"10001\"\n");
  append_error(error, Format::kProto, proto);
  EXPECT_EQ(proto,
            "\x08\xf4\x03\x12\x03ODD\x1a\x03odd\"\x0d\x0a\x04"
            "code\x12\x05"
            "10001");
}

}  // namespace
}  // namespace bia
