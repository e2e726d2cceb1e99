// The rules of protoc-gen-validate at their limits; the texts are those that 1.3.3 gave for the
// same messages, but for the causes that it adds of Go's.
#include <gtest/gtest.h>

#include "broken_rules.h"
#include "test/limits/v1/rule_limits.bia.h"

namespace {
using namespace test::limits::v1;

template <typename M>
std::string broken(void (*change)(M&)) {
  M message;
  change(message);
  return bia::test_support::violations_text(message);
}

void set(google::protobuf::Timestamp* moment, int64_t seconds, int32_t nanos = 0) {
  moment->set_seconds(seconds);
  moment->set_nanos(nanos);
}
void set(google::protobuf::Duration* moment, int64_t seconds, int32_t nanos = 0) {
  moment->set_seconds(seconds);
  moment->set_nanos(nanos);
}
constexpr int64_t kThen = 1704164645;

TEST(ValidateTexts, Timestamps) {
  using M = Times;
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_equal(), kThen, 500'000'000); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_equal(), kThen, 500'000'001); }),
            "equal: value must equal 2024-01-02 03:04:05.5 +0000 UTC");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_lt(), kThen - 1, 999'999'999); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_lt(), kThen); }),
            "lt: value must be less than 2024-01-02 03:04:05 +0000 UTC");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_lte(), kThen, 1); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_lte(), kThen, 2); }),
            "lte: value must be less than or equal to 2024-01-02 03:04:05.000000001 +0000 UTC");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_gt(), -62135596800, 1); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_gt(), -62135596800); }),
            "gt: value must be greater than 0001-01-01 00:00:00 +0000 UTC");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_gte(), kThen); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_gte(), kThen - 1, 999'999'999); }),
            "gte: value must be greater than or equal to 2024-01-02 03:04:05 +0000 UTC");
}

TEST(ValidateTexts, RangesOfTimestamps) {
  using M = Times;
  for (auto* good :
       {+[](M& m) { set(m.mutable_inside(), 10, 1); }, +[](M& m) { set(m.mutable_inside(), 20); },
        +[](M& m) { set(m.mutable_outside(), 9, 999'999'999); },
        +[](M& m) { set(m.mutable_outside(), 20); }})
    EXPECT_EQ(broken<M>(good), "");
  for (auto* bad :
       {+[](M& m) { set(m.mutable_inside(), 10); }, +[](M& m) { set(m.mutable_inside(), 20, 1); },
        +[](M& m) { set(m.mutable_inside(), 253402300799); }})
    EXPECT_EQ(broken<M>(bad),
              "inside: value must be inside range (1970-01-01 00:00:10 +0000 UTC, "
              "1970-01-01 00:00:20 +0000 UTC]");
  for (auto* bad : {+[](M& m) { set(m.mutable_outside(), 10); },
                    +[](M& m) { set(m.mutable_outside(), 19, 999'999'999); }})
    EXPECT_EQ(broken<M>(bad),
              "outside: value must be outside range [1970-01-01 00:00:10 +0000 UTC, "
              "1970-01-01 00:00:20 +0000 UTC)");
  for (auto* bad : {+[](M& m) { set(m.mutable_lt(), 1, -1); },
                    +[](M& m) { set(m.mutable_lt(), 1, 1'000'000'000); },
                    +[](M& m) { set(m.mutable_lt(), 253402300800); },
                    +[](M& m) { set(m.mutable_lt(), -62135596801); }})
    EXPECT_EQ(broken<M>(bad), "lt: value is not a valid timestamp");
}

TEST(ValidateTexts, TimestampsNearNow) {
  using M = Times;
  const auto now = [] { return bia::rules::now_nanos() / 1'000'000'000; };
  static int64_t base = 0;
  base = now();
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_lately(), base - 1800); }), "");
  for (auto* bad : {+[](M& m) { set(m.mutable_lately(), base + 1800); },
                    +[](M& m) { set(m.mutable_lately(), base - 7200); }})
    EXPECT_EQ(broken<M>(bad), "lately: value must be less than now within 1h0m0s");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_soon(), base + 60); }), "");
  for (auto* bad : {+[](M& m) { set(m.mutable_soon(), base - 1); },
                    +[](M& m) { set(m.mutable_soon(), base + 1800); }})
    EXPECT_EQ(broken<M>(bad), "soon: value must be greater than now within 1m30.005s");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_about_now(), base + 1800); }), "");
  for (auto* bad : {+[](M& m) { set(m.mutable_about_now(), base - 7200); },
                    +[](M& m) { set(m.mutable_about_now(), base + 7200); }})
    EXPECT_EQ(broken<M>(bad), "aboutNow: value must be within 1h0m0s of now");
}

TEST(ValidateTexts, Durations) {
  using M = Times;
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_in(), 60, 5); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_in(), 0); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_in(), 60, 4); }),
            "in: value must be in list [seconds:1 seconds:60 nanos:5 ]");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_not_in(), -1, -499'999'999); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_not_in(), -1, -500'000'000); }),
            "notIn: value must not be in list [seconds:-1 nanos:-500000000]");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_same(), 3661, 1); }),
            "same: value must equal 1h1m1s");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_tiny(), 0, 1'499'999); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_tiny(), 0, 1'500'000); }),
            "tiny: value must be less than 1.5ms");
  EXPECT_EQ(broken<M>([](M& m) { set(m.add_all(), 1), set(m.add_all(), 0, 1500); }),
            "all[1]: value must be greater than 1.5µs");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_centuries(), 315576000000); }), "");
  EXPECT_EQ(broken<M>([](M& m) { set(m.mutable_centuries(), 315575999999); }),
            "centuries: value must be in list [seconds:315576000000]");
  for (auto* bad : {+[](M& m) { set(m.mutable_tiny(), -315576000001); },
                    +[](M& m) { set(m.mutable_tiny(), -1, 1); },
                    +[](M& m) { set(m.mutable_tiny(), 0, -1'000'000'000); }})
    EXPECT_EQ(broken<M>(bad), "tiny: value is not a valid duration");
}

TEST(ValidateTexts, Bytes) {
  using M = Bytes;
  EXPECT_EQ(broken<M>([](M& m) { m.set_equal({'a', 1, 0, '\xff'}); }), "");
  EXPECT_EQ(broken<M>([](M& m) { m.set_equal("a"); }), "equal: value must equal [97 1 0 255]");
  for (auto* good : {+[](M& m) { m.set_pattern("1x"); }, +[](M& m) { m.set_pattern("1\xff"); },
                     +[](M& m) { m.set_pattern("1é"); }})
    EXPECT_EQ(broken<M>(good), "");
  for (auto* bad : {+[](M& m) { m.set_pattern("1\xff\xff"); }, +[](M& m) { m.set_pattern("x"); }})
    EXPECT_EQ(broken<M>(bad), R"(pattern: value does not match regex pattern "^\\d.$")");
  EXPECT_EQ(broken<M>([](M& m) { m.set_in({'\0', '\xff'}); }), "");
  EXPECT_EQ(broken<M>([](M& m) { m.set_in(""); }), "in: value must be in list [[97 98] [0 255]]");
  EXPECT_EQ(broken<M>([](M& m) { m.set_not_in("a"); }), "");
  EXPECT_EQ(broken<M>([](M& m) { m.set_not_in(""); }),
            "notIn: value must not be in list [[97 98] []]");
  EXPECT_EQ(broken<M>([](M& m) { m.set_parts("a\x10"); }),
            "parts: value does not have suffix \"\\xFF\"\n"
            "parts: value does not contain \"\\x62\"");
  EXPECT_EQ(broken<M>([](M& m) { m.set_parts("b\xff"); }),
            "parts: value does not have prefix \"\\x61\\x10\"");
}

TEST(ValidateTexts, AddressesInBytes) {
  using M = Bytes;
  static const std::string four = "\x01\x02\x03\x04";
  static const std::string mapped = std::string(10, '\0') + "\xff\xff" + four;
  static const std::string six(16, '\x01');
  for (auto* good :
       {+[](M& m) { m.set_ip(four); }, +[](M& m) { m.set_ip(six); },
        +[](M& m) { m.set_ipv4(four); }, +[](M& m) { m.set_ipv4(mapped); },
        +[](M& m) { m.set_ipv6(six); }, +[](M& m) { m.set_ipv6(std::string(16, '\0')); }})
    EXPECT_EQ(broken<M>(good), "");
  for (auto* bad : {+[](M& m) { m.set_ip(""); }, +[](M& m) { m.set_ip("12345"); },
                    +[](M& m) { m.set_ip(six + "1"); }})
    EXPECT_EQ(broken<M>(bad), "ip: value must be a valid IP address");
  for (auto* bad : {+[](M& m) { m.set_ipv4(six); }, +[](M& m) { m.set_ipv4("123"); }})
    EXPECT_EQ(broken<M>(bad), "ipv4: value must be a valid IPv4 address");
  for (auto* bad : {+[](M& m) { m.set_ipv6(mapped); }, +[](M& m) { m.set_ipv6(four); }})
    EXPECT_EQ(broken<M>(bad), "ipv6: value must be a valid IPv6 address");
}

TEST(ValidateTexts, Headers) {
  using M = Texts;
  for (auto* good : {+[](M& m) { m.set_name(":path"); }, +[](M& m) { m.set_name("X-A`,"); },
                     +[](M& m) { m.set_value("a\tb é"); }, +[](M& m) { m.set_value(""); },
                     +[](M& m) { m.set_loose_name("a b\x01"); },
                     +[](M& m) { m.set_loose_value(""); }, +[](M& m) { m.set_anything("\n"); }})
    EXPECT_EQ(broken<M>(good), "");
  for (auto* bad : {+[](M& m) { m.set_name(""); }, +[](M& m) { m.set_name("a b"); },
                    +[](M& m) { m.set_name("a:"); }})
    EXPECT_EQ(broken<M>(bad),
              "name: value does not match regex pattern \"^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$\"");
  for (auto* bad : {+[](M& m) { m.set_value("\b"); }, +[](M& m) { m.set_value("\x7f"); },
                    +[](M& m) { m.set_value("\n"); }, +[](M& m) { m.set_value({'a', '\0'}); }})
    EXPECT_EQ(broken<M>(bad),
              R"(value: value does not match regex pattern "^[^\x00-\b\n-\x1f\x7f]*$")");
  for (auto* bad :
       {+[](M& m) { m.set_loose_name("a\r"); }, +[](M& m) { m.set_loose_name({'\0'}); }})
    EXPECT_EQ(broken<M>(bad), R"(looseName: value does not match regex pattern "^[^\x00\n\r]*$")");
  EXPECT_EQ(broken<M>([](M& m) { m.set_loose_value("\n"); }),
            R"(looseValue: value does not match regex pattern "^[^\x00\n\r]*$")");
}

TEST(ValidateTexts, Strings) {
  using M = Texts;
  EXPECT_EQ(broken<M>([](M& m) { m.set_parts(""); }),
            R"(parts: value does not have prefix "a\"b\t\x01\u00a0ü")"
            "\n"
            R"(parts: value does not have suffix "\\")"
            "\n"
            R"(parts: value does not contain substring "\x7f")");
  EXPECT_EQ(broken<M>([](M& m) { m.set_pattern("1"); }),
            R"(pattern: value does not match regex pattern "^\\d\"$")");
  EXPECT_EQ(broken<M>([](M& m) { m.set_uri("a:b"); }), "");
  EXPECT_EQ(broken<M>([](M& m) { m.set_uri("abc"); }), "uri: value must be absolute");
  EXPECT_EQ(broken<M>([](M& m) { m.set_uri("a b:%zz"); }), "uri: value must be a valid URI");
  EXPECT_EQ(broken<M>([](M& m) { m.set_order("b"); }),
            "order: value must be in list [x]\n"
            "order: value length must be at least 3 runes\n"
            "order: value must be a valid email address\n"
            "order: value does not match regex pattern \"^a\"");
  EXPECT_EQ(broken<M>([](M& m) { m.set_zero({'a', '\0', 'b'}); }), "");
  EXPECT_NE(broken<M>([](M& m) { m.set_zero("a"); }), "");
}

TEST(ValidateTexts, Others) {
  using M = Others;
  const auto broken_others = [](void (*change)(M&)) {
    static void (*now)(M&);
    now = change;
    return broken<M>([](M& m) {
      m.mutable_any_in()->set_type_url("b");
      m.mutable_wrapped()->set_value("ab");
      now(m);
    });
  };
  EXPECT_EQ(broken_others([](M&) {}), "");
  EXPECT_EQ(broken_others([](M& m) { m.clear_any_in(); }), "anyIn: value is required");
  EXPECT_EQ(broken_others([](M& m) { m.mutable_any_in()->set_type_url("B"); }),
            "anyIn: type URL must be in list [type.googleapis.com/test.v1.Part b]");
  EXPECT_EQ(broken_others([](M& m) {
              m.mutable_any_not()->set_type_url("type.googleapis.com/test.v1.Part");
            }),
            "anyNot: type URL must not be in list [type.googleapis.com/test.v1.Part]");
  EXPECT_EQ(broken_others([](M& m) { m.add_anys()->set_type_url("b"); }),
            "anys[0]: type URL must be in list [a]");
  EXPECT_EQ(broken_others([](M& m) { m.set_equal(NONE); }), "equal: value must equal DARK");
  EXPECT_EQ(broken_others([](M& m) { m.set_listed(static_cast<Shade>(2)); }),
            "listed: value must be in list [NONE DARK ]");
  EXPECT_EQ(broken_others([](M& m) { m.add_shades(DARK); }),
            "shades[0]: value must be in list [0]");
  EXPECT_EQ(broken_others([](M& m) { m.clear_wrapped(); }),
            "wrapped: value is required and must not be nil.");
  EXPECT_EQ(broken_others([](M& m) { m.set_real(1); }),
            "real: value must be in list [0.1 1e+21 1e+08]");
  EXPECT_EQ(broken_others([](M& m) { m.set_single(1e6F); }),
            "single: value must be inside range (1e-05, 1e+06)");
}

}  // namespace
