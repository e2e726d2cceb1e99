// The checks of protovalidate's rules, each kept and broken.
#include <gmock/gmock.h>

#include <cmath>

#include "bia/bia/validate.h"
#include "broken_rules.h"
#include "peers.h"
#include "test/v1/proto_rules.bia.h"

namespace {
using namespace test::v1;
using bia::test_support::broken_rules;

Texts good_texts() {
  Texts message;
  message.set_user_name("abc");
  message.set_needed("xy");
  message.set_right(0);
  return message;
}
std::string texts(void (*change)(Texts&)) {
  Texts message = good_texts();
  change(message);
  return broken_rules(message);
}

TEST(Protovalidate, Strings) {
  EXPECT_EQ(broken_rules(good_texts()), "");
  EXPECT_EQ(texts([](Texts& m) { m.set_user_name("a"); }),
            "userName: must be at least 2 characters [string.min_len]");
  EXPECT_EQ(texts([](Texts& m) { m.set_user_name("äöüßx"); }),
            "userName: must be at most 4 characters [string.max_len]");
  EXPECT_EQ(texts([](Texts& m) { m.set_exact("ab"); }), "exact: must be 3 characters [string.len]");
  EXPECT_EQ(texts([](Texts& m) { m.set_bytes_long("ä"), m.set_bytes_exact("abc"); }),
            "bytesExact: must be 2 bytes [string.len_bytes]");
  EXPECT_EQ(texts([](Texts& m) { m.set_bytes_long("ää"); }),
            "bytesLong: must be at most 3 bytes [string.max_bytes]");
  EXPECT_EQ(texts([](Texts& m) { m.set_word("--"); }),
            "word: does not have prefix `a\"` [string.prefix]\n"
            "word: does not have suffix `z` [string.suffix]\n"
            "word: contains substring `--` [string.not_contains]");
  EXPECT_EQ(texts([](Texts& m) { m.set_word("a\"z"); }),
            "word: does not contain substring `-` [string.contains]");
  EXPECT_EQ(texts([](Texts& m) { m.set_one_of("z"), m.set_none_of("x"), m.set_fixed("y"); }),
            "oneOf: must be in list [x, y] [string.in]\n"
            "noneOf: must not be in list [x, y] [string.not_in]\n"
            "fixed: must equal `x` [string.const]");
  EXPECT_EQ(texts([](Texts& m) { m.set_code("AB12"); }), "");
  EXPECT_EQ(texts([](Texts& m) { m.set_code("AB"); }),
            "code: does not match regex pattern `^[A-Z]{2}\\d+$` [string.pattern]");
}

TEST(Protovalidate, Presence) {
  EXPECT_EQ(broken_rules(Texts()),
            "pick: exactly one field is required in oneof [required]\n"
            "userName: must be at least 2 characters [string.min_len]\n"
            "needed: value is required [required]");
  EXPECT_EQ(texts([](Texts& m) { m.set_needed("x"); }),
            "needed: must be at least 2 characters [string.min_len]");
  EXPECT_EQ(texts([](Texts& m) { m.mutable_wrapped(); }),
            "wrapped: must be at least 2 characters [string.min_len]");
  EXPECT_EQ(texts([](Texts& m) { m.set_ignored("x"); }), "");
  EXPECT_EQ(texts([](Texts& m) { m.set_left(""); }),
            "left: must be at least 1 characters [string.min_len]");
  EXPECT_EQ(texts([](Texts& m) { m.set_fixed(""); }), "fixed: must equal `x` [string.const]");
}

TEST(Protovalidate, Formats) {
  const std::vector<
      std::pair<std::function<void(Formats&, const std::string&)>,
                std::tuple<const char*, std::vector<const char*>, std::vector<const char*>>>>
      cases = {
#define CASE(field, id, ...)                                                              \
  {                                                                                       \
    [](Formats& m, const std::string& text) { m.set_##field(text); }, { id, __VA_ARGS__ } \
  }
          CASE(email, "email", {"a@b", "a.b+c@example.com"}, {"a", "@b", "a@-b", "ä@b"}),
          CASE(hostname, "hostname", {"a", "a.b-c.", "1a"}, {"a.1", "-a", "a..b", "a_b"}),
          CASE(ip, "ip", {"1.2.3.4", "::1", "fe80::1%en0"}, {"1.2.3", "::g", "fe80::1%"}),
          CASE(ipv4, "ipv4", {"1.2.3.4"}, {"::1", "1.2.3.256"}),
          CASE(ipv6, "ipv6", {"::1"}, {"1.2.3.4"}),
          CASE(uri, "uri",
               {"http://a/b?c#d", "mailto:x@y", "http://[::1]:80/", "a:", "http://a:65536",
                "http://a:0123456789/", "http://%c3%96", "http://a/%c3x%96", "a://[::1%25%c3%96]"},
               {"/a", "http://a b", "1:a", "http://[::1", "http://a:x/", "http://a/%zz",
                "http://%c3x%96", "a://[::1%25%c3x%96]"}),
          CASE(address, "address", {"a.b", "1.2.3.4", "::1"}, {"-", "a b"}),
          CASE(uuid, "uuid", {"00000000-0000-0000-0000-00000000000a"}, {"0"}),
          CASE(tuuid, "tuuid", {"0000000000000000000000000000000a"}, {"0", "g"}),
          CASE(ip_with_prefixlen, "ip_with_prefixlen", {"1.2.3.4/24", "::1/64"},
               {"1.2.3.4", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/01"}),
          CASE(ipv4_prefix, "ipv4_prefix", {"1.2.3.0/24", "0.0.0.0/0"}, {"1.2.3.4/24", "::/0"}),
          CASE(ipv6_prefix, "ipv6_prefix", {"2001:db8::/32"}, {"2001:db8::1/32", "1.2.3.0/24"}),
          CASE(host_and_port, "host_and_port", {"a:1", "1.2.3.4:65535", "[::1]:0"},
               {"a", "a:", "a:65536", "::1:80", "[::1]", "a:01"}),
          CASE(ulid, "ulid", {"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
               {"81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "0"}),
          CASE(fqn, "protobuf_fqn", {"a.b_1"}, {".a", "a..b", "1a"}),
          CASE(dot_fqn, "protobuf_dot_fqn", {".a.b"}, {"a", "."}),
          CASE(header, "well_known_regex.header_name", {"X-A", ":path"}, {":", "a b", "ä"}),
          CASE(loose, "well_known_regex.header_name", {"a b", ":"}, {"a\nb"}),
#undef CASE
      };
  for (const auto& [set, expected] : cases) {
    const auto& [id, good, bad] = expected;
    for (const char* text : good) {
      Formats message;
      set(message, text);
      EXPECT_EQ(broken_rules(message), "") << text;
    }
    for (const char* text : bad) {
      Formats message;
      set(message, text);
      EXPECT_THAT(broken_rules(message), testing::EndsWith(std::string("[string.") + id + "]"))
          << text;
    }
    Formats message;
    set(message, "");
    EXPECT_THAT(broken_rules(message), testing::EndsWith(std::string("[string.") + id + "_empty]"));
  }
  Formats message;
  message.set_uri_ref("a/b?c");
  message.set_header_text("a\tb");
  EXPECT_EQ(broken_rules(message), "");
  message.set_uri_ref("a b");
  message.set_header_text("a\nb");
  EXPECT_EQ(broken_rules(message),
            "uriRef: must be a valid URI Reference [string.uri_ref]\n"
            "headerText: must be a valid HTTP header value [string.well_known_regex.header_value]");
}

std::string numbers(void (*change)(Numbers&)) {
  Numbers message;
  message.set_small(1);
  change(message);
  return broken_rules(message);
}

TEST(Protovalidate, Numbers) {
  EXPECT_EQ(numbers([](Numbers&) {}), "");
  EXPECT_EQ(broken_rules(Numbers()),
            "small: must be greater than or equal to 1 and less than 10 [int32.gte_lt]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_negative(0); }),
            "negative: must be less than or equal to -5 [sint64.lte]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_listed(2); }),
            "listed: must be in list [1, 18446744073709551615] [uint64.in]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_listed(UINT64_MAX); }), "");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_outside(2); }),
            "outside: must be greater than 2.5 or less than 1.5 [double.gt_lt_exclusive]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_outside(NAN); }),
            "outside: must be greater than 2.5 or less than 1.5 [double.gt_lt_exclusive]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_outside(3); }), "");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_finite(INFINITY); }),
            "finite: must be finite [float.finite]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_below(-HUGE_VALF); }), "");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_below(HUGE_VALF); }),
            "below: must be greater than or equal to -inf and less than inf [float.gte_lt]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_not_seven(7), m.set_yes(false), m.set_seven(8); }),
            "notSeven: must not be in list [7] [fixed32.not_in]\n"
            "yes: must equal true [bool.const]\nseven: must equal 7 [int64.const]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_shade(PROTO_DARK); }),
            "shade: must not be in list [1] [enum.not_in]");
  EXPECT_EQ(numbers([](Numbers& m) { m.set_shade(static_cast<ProtoShade>(9)); }),
            "shade: value must be one of the defined enum values [enum.defined_only]");
}

std::string others(void (*change)(Others&)) {
  Others message;
  message.mutable_part()->set_name("p");
  message.add_tags("t");
  message.mutable_wait();
  change(message);
  return broken_rules(message);
}

TEST(Protovalidate, MessagesListsAndMaps) {
  EXPECT_EQ(others([](Others&) {}), "");
  EXPECT_EQ(broken_rules(Others()),
            "one of wait, past must be set [message.oneof]\n"
            "part: value is required [required]\n"
            "tags: must contain at least 1 item(s) [repeated.min_items]");
  EXPECT_EQ(others([](Others& m) { m.mutable_part()->mutable_next(); }),
            "part.next.name: must be at least 1 characters [string.min_len]");
  EXPECT_EQ(others([](Others& m) { m.add_parts(), m.add_parts(), m.add_parts(); }),
            "parts: must contain no more than 2 item(s) [repeated.max_items]\n"
            "parts[0].name: must be at least 1 characters [string.min_len]\n"
            "parts[1].name: must be at least 1 characters [string.min_len]\n"
            "parts[2].name: must be at least 1 characters [string.min_len]");
  EXPECT_EQ(others([](Others& m) { m.add_tags("t"), m.add_tags(""); }),
            "tags: repeated value must contain unique items [repeated.unique]\n"
            "tags[2]: must be at least 1 characters [string.min_len]");
  EXPECT_EQ(others([](Others& m) { m.add_reals(1), m.add_reals(NAN), m.add_reals(NAN); }), "");
  EXPECT_EQ(others([](Others& m) { m.add_floats(NAN), m.add_floats(1); }), "");
  EXPECT_EQ(others([](Others& m) { m.add_reals(1), m.add_reals(NAN), m.add_reals(1); }),
            "reals: repeated value must contain unique items [repeated.unique]");
  EXPECT_EQ(others([](Others& m) { (*m.mutable_counts())["abc"] = 0; }),
            "counts[abc]: must be at most 2 characters [string.max_len]\n"
            "counts[abc]: must be greater than 0 [int32.gt]");
  EXPECT_EQ(others([](Others& m) { m.mutable_skipped(); }), "") << "ignored with what is in it";
  EXPECT_EQ(others([](Others& m) { m.add_sparse(0), m.add_sparse(3); }),
            "sparse[1]: must be greater than 5 [int32.gt]");
  // As protovalidate's conformance cases have it: a zero that was set is looked at, an element is
  // always there, a field of a message.oneof counts where it is set.
  EXPECT_EQ(others([](Others& m) { m.set_set_zero(0); }),
            "setZero: must be greater than 5 [int32.gt]");
  EXPECT_EQ(others([](Others& m) { m.add_item_needed(""); }), "");
  EitherOr one;
  EXPECT_EQ(broken_rules(one), "");
  one.set_text("x");
  EXPECT_EQ(broken_rules(one), "text: must be at least 2 characters [string.min_len]");
}

TEST(Protovalidate, BytesAndWellKnownTypes) {
  EXPECT_EQ(others([](Others& m) { m.set_data("abc"), m.mutable_mask()->add_paths("a.b"); }),
            "only one of data, mask can be set [message.oneof]\n"
            "data: must be at most 2 bytes [bytes.max_len]");
  EXPECT_EQ(others([](Others& m) { m.set_key("x"); }),
            "key: must match regex pattern `^..$` [bytes.pattern]\n"
            "key: does not have prefix 01 [bytes.prefix]");
  Others not_text;
  not_text.set_key("\x01\xff");
  bia::Violations violations;
  bia_validate(not_text, violations);
  EXPECT_EQ(violations.error().message(),
            "runtime error: value must be valid UTF-8 to apply regexp");
  EXPECT_EQ(others([](Others& m) { m.set_address("123"); }),
            "address: must be a valid IP address [bytes.ip]");
  EXPECT_EQ(others([](Others& m) { m.set_address(""); }),
            "address: value is empty, which is not a valid IP address [bytes.ip_empty]");
  EXPECT_EQ(others([](Others& m) { m.mutable_wait()->set_seconds(60); }),
            "wait: must be greater than or equal to 0s and less than 60s [duration.gte_lt]");
  EXPECT_EQ(others([](Others& m) {
              m.clear_wait();
              m.mutable_past()->set_seconds(32503680000);
            }),
            "past: must be less than now [timestamp.lt_now]");
  EXPECT_EQ(others([](Others& m) { m.mutable_since()->set_seconds(1); }),
            "since: must be greater than or equal to 2024-01-01T00:00:00Z [timestamp.gte]");
  // Beyond the 292 years of 64 bits of nanoseconds.
  EXPECT_EQ(others([](Others& m) { m.mutable_until()->set_seconds(32503680000); }), "");
  EXPECT_EQ(others([](Others& m) { m.mutable_until()->set_seconds(253402300799); }),
            "until: must be less than 9999-12-31T23:59:59Z [timestamp.lt]");
  EXPECT_EQ(others([](Others& m) { m.mutable_until()->set_seconds(1); }),
            "until: must be greater than now [timestamp.gt_now]");
  EXPECT_EQ(others([](Others& m) { m.mutable_age()->set_seconds(1); }), "");
  EXPECT_EQ(others([](Others& m) { m.mutable_age()->set_seconds(315576000000); }),
            "age: must be in list [315576000000.000000005s, 1s] [duration.in]");
  EXPECT_EQ(others([](Others& m) { m.mutable_mask()->add_paths("b"); }),
            "mask: must only contain paths in [a, b.c] [field_mask.in]");
  EXPECT_EQ(others([](Others& m) { m.mutable_any()->set_type_url("x"); }),
            "any: type URL must be in the allow list [any.in]");
}

}  // namespace
