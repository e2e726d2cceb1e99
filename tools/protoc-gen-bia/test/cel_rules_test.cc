// Rules in CEL, kept and broken, on the messages alone and on a service's requests.
#include <gtest/gtest.h>

#include <cmath>

#include "bia/bia/cel_rule.h"
#include "bia/bia/validate.h"
#include "broken_rules.h"
#include "peers.h"
#include "test/v1/cel_rules.bia.h"

namespace {
using namespace test::v1;
using bia::test_support::broken_rules;

std::string values(void (*change)(Values&)) {
  Values message;
  (*message.mutable_counts())["a"] = 1;
  change(message);
  return broken_rules(message);
}

TEST(CelRules, OfAMessage) {
  Booking message;
  EXPECT_EQ(broken_rules(message), "");
  message.mutable_start()->set_seconds(100);
  message.mutable_end()->set_seconds(200);
  EXPECT_EQ(broken_rules(message), "");
  message.mutable_end()->set_seconds(100);
  EXPECT_EQ(broken_rules(message), "the end must come after the start [booking.order]");
  message.mutable_end()->set_seconds(100 + 721 * 3600);
  EXPECT_EQ(broken_rules(message), "a booking of 721 hours is too long [booking.length]");
  message.clear_end();
  message.add_guests();
  EXPECT_EQ(broken_rules(message),
            "\"this.guests.size() <= int(this.beds)\" returned false [this.guests.size() <= "
            "int(this.beds)]");
}

TEST(CelRules, AllViolationsAreTold) {
  Booking message;
  message.set_beds(3);
  for (const char* name : {"Al", "Al ", "Al"}) message.add_guests()->set_name(name);
  message.mutable_guests(2)->set_age(17);
  message.set_code("Xx");
  EXPECT_EQ(broken_rules(message),
            "beds: beds come in pairs [beds.even]\n"
            "guests: two guests have one name [guests.names]\n"
            "guests[1].name: must not begin or end with a blank [name.trimmed]\n"
            "guests[2].age: must be 18 or more [age.adult]\n"
            "code: \"this.matches('^[A-Z]*$')\" returned false [this.matches('^[A-Z]*$')]\n"
            "code: no X [code.first]");
}

TEST(CelRules, OfScalars) {
  EXPECT_EQ(values([](Values&) {}), "");
  EXPECT_EQ(values([](Values& m) { m.set_flag(true), m.set_whole(9), m.set_real(0.5); }), "");
  EXPECT_EQ(values([](Values& m) { m.set_flag(false), m.set_whole(10); }),
            "flag: \"this\" returned false [flag]\n"
            "whole: \"100 / this > 10\" returned false [whole]");
  EXPECT_EQ(values([](Values& m) { m.set_real(std::nan("")); }),
            "real: \"!this.isNan() && this < 1\" returned false [real]");
  EXPECT_EQ(values([](Values& m) { m.set_single(0.5), m.set_data("\x01z"); }), "");
  EXPECT_EQ(values([](Values& m) { m.set_data("z"); }),
            "data: \"this.startsWith(b'\\\\x01')\" returned false [data]");
  EXPECT_EQ(values([](Values& m) { m.set_size(SIZE_LARGE); }), "");
  EXPECT_EQ(values([](Values& m) { m.set_size(SIZE_SMALL); }),
            "size: \"this == test.v1.Size.SIZE_LARGE\" returned false [size]");
}

TEST(CelRules, OfWellKnownTypes) {
  EXPECT_EQ(values([](Values& m) { m.mutable_boxed()->set_value(1); }),
            "boxed: \"this > 1\" returned false [boxed]");
  EXPECT_EQ(values([](Values& m) { m.mutable_wait()->set_seconds(60); }),
            "wait: \"this < duration('1m')\" returned false [wait]");
  EXPECT_EQ(values([](Values& m) { m.mutable_when()->set_seconds(1); }),
            "when: \"this < now && this.getFullYear() > 2000\" returned false [when]");
  EXPECT_EQ(values([](Values& m) {
              Guest guest;
              guest.set_name("Bo");
              m.mutable_any()->PackFrom(guest);
            }),
            "any: a guest called Al [any]");
  EXPECT_EQ(values([](Values& m) { m.mutable_any()->set_type_url("x/not.There"); }),
            "runtime error: error evaluating any: an Any holds a \"not.There\", which is not known "
            "here");
  auto json = [](Values& m, const char* deep) {
    auto& fields = *m.mutable_json()->mutable_fields();
    fields["n"].set_number_value(1);
    fields["list"].mutable_list_value()->add_values();
    auto* second = fields["list"].mutable_list_value()->add_values();
    (*second->mutable_struct_value()->mutable_fields())["deep"].set_string_value(deep);
  };
  Values good;
  (*good.mutable_counts())["a"] = 1;
  json(good, "x");
  EXPECT_EQ(broken_rules(good), "");
  good.clear_json();
  json(good, "y");
  EXPECT_EQ(broken_rules(good), "json: json [json]");
}

TEST(CelRules, OfElements) {
  EXPECT_EQ(values([](Values& m) { m.add_words("a"), m.add_words("a b"); }),
            "words[1]: no blanks [words.item]");
  EXPECT_EQ(values([](Values& m) { (*m.mutable_counts())["B"] = 0; }),
            "counts[B]: lower case [counts.key]\n"
            "counts[B]: positive [counts.value]");
  EXPECT_EQ(values([](Values& m) { m.clear_counts(); }), "counts: has an a [counts.sum]");
  EXPECT_EQ(values([](Values& m) { (*m.mutable_counts())["c"] = 7; }),
            "counts: has an a [counts.sum]");
  EXPECT_EQ(values([](Values& m) { m.add_boxes()->set_value(5), m.add_boxes(); }),
            "boxes[0]: small [boxes.item]");
  EXPECT_EQ(values([](Values& m) { (*m.mutable_guests())[30].set_age(20); }),
            "guests: by age [guests]");
  EXPECT_EQ(values([](Values& m) {
              m.mutable_guest()->set_name("Bob");
              m.mutable_guest()->set_age(40);
            }),
            "guest: no Bob [guest]");
}

TEST(CelRules, Predefined) {
  EXPECT_EQ(values([](Values& m) { m.set_host("a.example.com"), m.set_pair(4); }), "");
  EXPECT_EQ(values([](Values& m) { m.set_host("a.org"); }),
            "host: must be below .example.com [string.domain]");
  EXPECT_EQ(values([](Values& m) { m.mutable_boxed_host()->set_value("a.com"); }),
            "boxedHost: must be below .org [string.domain]");
  EXPECT_EQ(values([](Values& m) { m.set_pair(7); }),
            "pair: must be even [int32.even]\n"
            "pair: must be below half of the most [int32.below_half]");
  EXPECT_EQ(values([](Values& m) { m.mutable_pause()->set_seconds(9); }), "");
  EXPECT_EQ(values([](Values& m) {
              m.mutable_pause()->set_seconds(10), m.mutable_pause()->set_nanos(5'000'000);
            }),
            "pause: must be less than 10s [duration.lt]\n"
            "pause: must be whole seconds [duration.whole_seconds]");
  EXPECT_EQ(values([](Values& m) { m.add_sorted(2), m.add_sorted(4); }), "");
  EXPECT_EQ(values([](Values& m) { m.add_sorted(4), m.add_sorted(3); }),
            "sorted: must be sorted [repeated.sorted]\n"
            "sorted[1]: must be even [int32.even]");
}

TEST(CelRules, AnErrorOfARuleEndsTheValidation) {
  EXPECT_EQ(values([](Values& m) {
              m.set_flag(false);
              m.set_whole(0);
            }),
            "flag: \"this\" returned false [flag]");
  Values message;
  (*message.mutable_counts())["a"] = 1;
  message.set_flag(false);
  message.set_whole(0);
  bia::Violations violations;
  bia_validate(message, violations);
  const bia::Error error = violations.error();
  EXPECT_EQ(error.http_status(), 400);
  EXPECT_EQ(error.reason(), "VALIDATOR");
  EXPECT_EQ(error.message(), "runtime error: error evaluating whole: division by zero");
  EXPECT_TRUE(error.metadata().empty());
}

TEST(CelRules, AreCompiledAtStart) { EXPECT_TRUE(bia::rules::compile_cel_rules().ok()); }

TEST(CelRules, ThatCannotBeCompiledAreTold) {
  const bia::rules::CelRule rule({.place = "a.proto:3:1: M",
                                  .id = "m.x",
                                  .message = "",
                                  .expression = "this.nope",
                                  .type = "test.v1.Guest"});
  bia::Violations violations;
  const Guest guest;
  rule.check(violations, {"Guest", "Guest", ""}, bia::rules::This::message(guest));
  EXPECT_EQ(violations.error().message(),
            "runtime error: a.proto:3:1: M: the rule \"m.x\", column 6: test.v1.Guest has no field "
            "\"nope\"");
}

class CelService final : public CelCheckedService {
 public:
  bia::Result<Booking> Book(bia::Context&, const Booking& request) override { return request; }
};

TEST(CelRules, RefuseRequests) {
  CelService service;
  bia::test_support::serve(service, {}, [](bia::test_support::Peers& peers) {
    EXPECT_EQ(peers.send("POST", "/book", R"({"beds": 2})", "application/json").status, 200);
    const auto response =
        peers.send("POST", "/book", R"({"beds": 3, "code": "X"})", "application/json");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body,
              R"({"code":400,"reason":"VALIDATOR","message":"beds: beds come in pairs )"
              R"([beds.even]; code: no X [code.first]","metadata":{"beds":"beds come in pairs",)"
              R"("code":"no X"}})");
    Booking request;
    request.set_beds(2);
    bia::grpc::Channel channel(peers.grpc_address);
    EXPECT_TRUE(CelCheckedClient(channel).Book(request).ok());
    request.set_beds(3);
    const auto over_grpc = CelCheckedClient(channel).Book(request);
    ASSERT_FALSE(over_grpc.ok());
    EXPECT_EQ(over_grpc.error().code(), bia::Code::kInvalidArgument);
    EXPECT_EQ(over_grpc.error().reason(), "VALIDATOR");
    EXPECT_EQ(over_grpc.error().message(), "beds: beds come in pairs [beds.even]");
  });
}

}  // namespace
