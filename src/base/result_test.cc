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
  EXPECT_EQ(Error(Code::kDeadlineExceeded, "", "").http_status(), 504);
  EXPECT_EQ(code_name(Code::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(code_name(static_cast<Code>(99)), "CODE(99)");
}

}  // namespace
}  // namespace bia
