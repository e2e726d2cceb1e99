#include "bia/base/result.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

Result<int> half(int value) {
  if (value % 2) return Error(Code::kInvalidArgument, "ODD", "odd").with_hint("give an even one");
  return value / 2;
}

Result<int> quarter(int value) {
  int once = BIA_TRY(half(value));
  return BIA_TRY(half(once));
}

TEST(Result, TryPassesTheErrorUp) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().reason(), "ODD");
  EXPECT_EQ(quarter(6).error().text(), "odd (give an even one)");
}

TEST(Error, IsOnePointerWideAndCopiesDeeply) {
  EXPECT_EQ(sizeof(Error), sizeof(void*));
  Error error(Code::kNotFound, "USER_NOT_FOUND", "no user 7");
  Error copy = std::move(Error(error)).with_metadata("id", "7");
  EXPECT_EQ(copy.metadata().size(), 1u);
  EXPECT_TRUE(error.metadata().empty());
}

TEST(Error, KeepsAnHttpStatusOfItsOwn) {
  EXPECT_EQ(Error::from_http(418, "TEAPOT", "short and stout").http_status(), 418);
  EXPECT_EQ(Error::from_http(418, "TEAPOT", "").code(), Code::kUnknown);
  EXPECT_EQ(Error::from_http(200, "ODD", "").code(), Code::kUnknown);
  EXPECT_EQ(Error::from_http(200, "ODD", "").http_status(), 200);
  EXPECT_EQ(Error(Code::kDeadlineExceeded, "", "").http_status(), 504);
}

// Kratos 2.7.2's transport/http/status, both ways.
TEST(Error, MapsCodesAsKratosDoes) {
  const std::pair<int, Code> to_grpc[] = {{200, Code::kOk},
                                          {400, Code::kInvalidArgument},
                                          {401, Code::kUnauthenticated},
                                          {403, Code::kPermissionDenied},
                                          {404, Code::kNotFound},
                                          {409, Code::kAborted},
                                          {429, Code::kResourceExhausted},
                                          {499, Code::kCancelled},
                                          {500, Code::kInternal},
                                          {501, Code::kUnimplemented},
                                          {503, Code::kUnavailable},
                                          {504, Code::kDeadlineExceeded},
                                          {418, Code::kUnknown},
                                          {422, Code::kUnknown},
                                          {10001, Code::kUnknown}};
  for (const auto& [status, code] : to_grpc) EXPECT_EQ(code_of_http_status(status), code) << status;
  const std::pair<Code, int> to_http[] = {{Code::kOk, 200},
                                          {Code::kCancelled, 499},
                                          {Code::kUnknown, 500},
                                          {Code::kInvalidArgument, 400},
                                          {Code::kDeadlineExceeded, 504},
                                          {Code::kNotFound, 404},
                                          {Code::kAlreadyExists, 409},
                                          {Code::kPermissionDenied, 403},
                                          {Code::kResourceExhausted, 429},
                                          {Code::kFailedPrecondition, 400},
                                          {Code::kAborted, 409},
                                          {Code::kOutOfRange, 400},
                                          {Code::kUnimplemented, 501},
                                          {Code::kInternal, 500},
                                          {Code::kUnavailable, 503},
                                          {Code::kDataLoss, 500},
                                          {Code::kUnauthenticated, 401}};
  for (const auto& [code, status] : to_http) EXPECT_EQ(http_status_of(code), status) << status;
}

TEST(Code, HasANameForEach) {
  EXPECT_EQ(code_name(Code::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(code_name(static_cast<Code>(99)), "CODE(99)");
}

}  // namespace
}  // namespace bia
