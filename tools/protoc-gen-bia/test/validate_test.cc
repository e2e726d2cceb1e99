// The checks that the plugin writes, each rule kept and broken.
#include "bia/bia/validate.h"

#include <cmath>

#include "broken_rules.h"
#include "peers.h"
#include "test/v1/rules.bia.h"

namespace {
using namespace test::v1;
using bia::test_support::violations_text;

Ruled good() {
  Ruled message;
  message.set_short_("abc");
  message.set_exact("äöü");
  message.set_word("a\"b-z");
  message.set_one_of("x");
  message.set_small(1);
  message.set_negative(-5);
  message.set_listed(UINT64_MAX);
  message.set_outside(3);
  message.set_yes(true);
  message.mutable_part()->set_part_name("p");
  message.add_tags("t");
  message.set_right(0);
  return message;
}

std::string broken(void (*change)(Ruled&)) {
  Ruled message = good();
  change(message);
  return violations_text(message);
}

TEST(Validate, AcceptsWhatIsGood) { EXPECT_EQ(violations_text(good()), ""); }

TEST(Validate, Strings) {
  EXPECT_EQ(broken([](Ruled& m) { m.set_short_("a"); }),
            "short: value length must be between 2 and 4 runes, inclusive");
  EXPECT_EQ(broken([](Ruled& m) { m.set_exact("abcd"); }), "exact: value length must be 3 runes");
  EXPECT_EQ(broken([](Ruled& m) { m.set_mail("x"); }), "mail: value must be a valid email address");
  EXPECT_EQ(broken([](Ruled& m) { m.set_mail("x@y.z"); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.set_host("-"); }),
            "host: value must be a valid hostname, or ip address");
  EXPECT_EQ(broken([](Ruled& m) { m.set_host("::1"); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.set_id("1"); }), "id: value must be a valid UUID");
  EXPECT_EQ(broken([](Ruled& m) { m.set_word("--"); }), R"(word: value does not have prefix "a\"b")"
                                                        "\nword: value does not have suffix \"z\"\n"
                                                        "word: value contains substring \"--\"");
  EXPECT_EQ(broken([](Ruled& m) { m.set_one_of("z"); }), "oneOf: value must be in list [x y]");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_wrapped()->set_value("a"); }),
            "wrapped: value length must be at least 2 runes");
  EXPECT_EQ(broken([](Ruled& m) { m.set_data("abc"); }),
            "data: value length must be at most 2 bytes");
}

TEST(Validate, Numbers) {
  EXPECT_EQ(broken([](Ruled& m) { m.set_small(10); }), "small: value must be inside range [1, 10)");
  EXPECT_EQ(broken([](Ruled& m) { m.set_negative(-4); }),
            "negative: value must be less than or equal to -5");
  EXPECT_EQ(broken([](Ruled& m) { m.set_listed(2); }),
            "listed: value must be in list [1 18446744073709551615]");
  EXPECT_EQ(broken([](Ruled& m) { m.set_outside(2); }),
            "outside: value must be outside range [1.5, 2.5]");
  EXPECT_EQ(broken([](Ruled& m) { m.set_outside(1.4); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.set_not_seven(7); }),
            "notSeven: value must not be in list [7]");
  EXPECT_EQ(broken([](Ruled& m) { m.set_yes(false); }), "yes: value must equal true");
  EXPECT_EQ(broken([](Ruled& m) { m.set_maybe(5); }), "maybe: value must be greater than 5");
  EXPECT_EQ(broken([](Ruled& m) { m.set_shade(static_cast<Shade>(9)); }),
            "shade: value must be one of the defined enum values");
  EXPECT_EQ(broken([](Ruled& m) { m.set_real(1e308); }), "");
  for (auto* change : {+[](Ruled& m) { m.set_real(HUGE_VAL); }, +[](Ruled& m) { m.set_real(NAN); }})
    EXPECT_EQ(broken(change), "real: value must be inside range (-Inf, +Inf)");
  EXPECT_EQ(broken([](Ruled& m) { m.set_shade(DARK); }), "shade: value must not be in list [DARK]");
}

TEST(Validate, Messages) {
  EXPECT_EQ(broken([](Ruled& m) { m.clear_part(); }), "part: value is required");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_part()->mutable_next()->mutable_next(); }),
            "part.next.partName: value length must be at least 1 runes\n"
            "part.next.next.partName: value length must be at least 1 runes");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_skipped(); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.clear_pick(); }), "pick: value is required");
  EXPECT_EQ(broken([](Ruled& m) { m.set_left(""); }),
            "left: value length must be at least 1 runes");
}

TEST(Validate, ListsAndMaps) {
  EXPECT_EQ(broken([](Ruled& m) { m.clear_tags(); }),
            "tags: value must contain at least 1 item(s)");
  EXPECT_EQ(broken([](Ruled& m) { m.add_tags("t"), m.add_tags(""); }),
            "tags[1]: repeated value must contain unique items\n"
            "tags[2]: value length must be at least 1 runes");
  EXPECT_EQ(broken([](Ruled& m) { m.add_reals(NAN), m.add_reals(1), m.add_reals(NAN); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.add_reals(0.0), m.add_reals(NAN), m.add_reals(-0.0); }),
            "reals[2]: repeated value must contain unique items");
  EXPECT_EQ(broken([](Ruled& m) {
              for (int i = 0; i < 3; ++i) m.add_parts()->set_part_name(i == 1 ? "" : "p");
            }),
            "parts: value must contain no more than 2 item(s)\n"
            "parts[1].partName: value length must be at least 1 runes");
  EXPECT_EQ(broken([](Ruled& m) { (*m.mutable_counts())["abc"] = 0; }),
            "counts[abc]: value length must be at most 2 runes\n"
            "counts[abc]: value must be greater than 0");
  EXPECT_EQ(broken([](Ruled& m) { (*m.mutable_by_number())[7]; }),
            "byNumber[7].partName: value length must be at least 1 runes");
}

TEST(Validate, Times) {
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_wait()->set_seconds(60); }),
            "wait: value must be inside range [0s, 1m0s)");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_wait()->set_nanos(-1); }),
            "wait: value must be inside range [0s, 1m0s)");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_past()->set_seconds(1); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_past()->set_seconds(253402300799); }),
            "past: value must be less than now");
  // Beyond the 292 years of 64 bits of nanoseconds.
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_long_()->set_seconds(1); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_long_()->set_seconds(315575999999); }), "");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_long_()->set_seconds(315576000000); }),
            "long: value must be inside range [-9223372037s, 315576000000s)");
  EXPECT_EQ(broken([](Ruled& m) { m.mutable_long_()->set_seconds(-9223372038); }),
            "long: value must be inside range [-9223372037s, 315576000000s)");
}

}  // namespace
