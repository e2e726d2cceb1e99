#include "bia/bia/validate.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

TEST(Rules, KnowWhatIsWhat) {
  using namespace rules;
  EXPECT_EQ(runes("a\xc3\xa9\xe2\x82\xac"), 3u);
  const std::string mixed = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";  // 4 of 10 bytes
  std::string many;
  for (size_t i = 0; i < 50; ++i, many += mixed) {
    EXPECT_EQ(runes(many), 4 * i);
    EXPECT_EQ(runes(many + "xyz"), 4 * i + 3);
  }
  for (const char* yes : {"a@b.c", "first.last+tag@example.com", "x@localhost"})
    EXPECT_TRUE(is_email(yes)) << yes;
  for (const char* no : {"", "a", "@b", "a@", ".a@b", "a..b@c", "a b@c", "a@-b", "a@b..c"})
    EXPECT_FALSE(is_email(no)) << no;
  for (const char* yes : {"a", "a-b.c", "example.com."}) EXPECT_TRUE(is_hostname(yes)) << yes;
  for (const char* no : {"", ".", "-a", "a-", "a..b", "a_b", ".a", "a b"})
    EXPECT_FALSE(is_hostname(no)) << no;
  EXPECT_TRUE(is_ipv4("127.0.0.1") && is_ipv6("::1") && is_ipv6("2001:db8::7"));
  EXPECT_FALSE(is_ipv4("127.0.0.256") || is_ipv4("::1") || is_ipv6("1.2.3.4") || is_ipv6("g::"));
  EXPECT_TRUE(is_uuid("123e4567-E89b-12d3-a456-426614174000"));
  EXPECT_FALSE(is_uuid("123e4567-e89b-12d3-a456-42661417400"));
  EXPECT_FALSE(is_uuid("123e4567ae89b-12d3-a456-426614174000"));
  EXPECT_EQ(nanos(1, 5), 1'000'000'005);
  EXPECT_GT(nanos(INT64_MAX, 0), 0);
}

TEST(Violations, SayWhereAsGoDoes) {
  Violations violations;
  violations.add({"HelloRequest", "Name", "name"}, "value length must be at most 10 runes");
  {
    Violations::Inside inside(violations, {"HelloRequest", "Items", "items", 2});
    violations.add({"Item", "Tags", "tags", -1, "k"}, "value is required");
  }
  const Error error = violations.error();
  EXPECT_EQ(error.http_status(), 400);
  EXPECT_EQ(error.reason(), "VALIDATOR");
  EXPECT_EQ(
      error.message(),
      "invalid HelloRequest.Name: value length must be at most 10 runes; "
      "invalid HelloRequest.Items[2]: embedded message failed validation | caused by: invalid "
      "Item.Tags[k]: value is required");
  ASSERT_EQ(error.metadata().size(), 2u);
  EXPECT_EQ(error.metadata()[1].first, "items[2].tags[k]");
}

TEST(Violations, AreBounded) {
  Violations violations;
  for (size_t i = 0; i < kViolationsMax + 5; ++i) violations.add({"T", "F", "f"}, "x");
  EXPECT_EQ(violations.list().size(), kViolationsMax);
}

}  // namespace
}  // namespace bia
