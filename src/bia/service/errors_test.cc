#include "bia/bia/errors.h"

#include <gtest/gtest.h>

namespace bia::errors {
namespace {

struct Kind {
  int status;
  Error (*make)(std::string_view, std::string);
  bool (*is)(const Error&);
};
constexpr Kind kKinds[] = {{400, bad_request, is_bad_request},
                           {401, unauthorized, is_unauthorized},
                           {403, forbidden, is_forbidden},
                           {404, not_found, is_not_found},
                           {409, conflict, is_conflict},
                           {429, too_many_requests, is_too_many_requests},
                           {499, client_closed, is_client_closed},
                           {500, internal_server, is_internal_server},
                           {503, service_unavailable, is_service_unavailable},
                           {504, gateway_timeout, is_gateway_timeout}};

TEST(Errors, EachOfKratosIsItselfAndNoOther) {
  for (const Kind& kind : kKinds) {
    const Error error = kind.make("WHY", "text");
    EXPECT_EQ(error.http_status(), kind.status);
    EXPECT_EQ(error.reason(), "WHY");
    EXPECT_EQ(error.message(), "text");
    EXPECT_TRUE(is(error, kind.status, "WHY"));
    EXPECT_FALSE(is(error, kind.status, "OTHER"));
    for (const Kind& other : kKinds) EXPECT_EQ(other.is(error), other.status == kind.status);
  }
}

}  // namespace
}  // namespace bia::errors
