#include "bia/app/server_tls.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

using Lifetime = net::TlsServer::Lifetime;

TEST(Expiries, AreToldOfOnce) {
  Expiries stale;
  std::vector<Lifetime> staples = {
      {"a.pem", "a.der", 1000}, {"b.pem", "b.der", 2000}, {"c.pem", "c.der"}};
  auto line = stale.next(staples, 999);
  EXPECT_TRUE(line.warnings.empty());
  EXPECT_EQ(line.next, 1000);
  line = stale.next(staples, 1000);
  ASSERT_EQ(line.warnings.size(), 1u);
  EXPECT_EQ(line.warnings[0],
            "the OCSP response of a.pem, a.der, ran out at 1970-01-01T00:16:40Z and is not sent; "
            "renew it");
  EXPECT_EQ(line.next, 2000);
  EXPECT_TRUE(stale.next(staples, 1500).warnings.empty()) << "once";
  EXPECT_EQ(stale.next(staples, 2000).warnings.size(), 1u) << "the other";
  EXPECT_EQ(stale.next(staples, 2001).next, INT64_MAX) << "one that never runs out";
}

TEST(Expiries, ARenewedOneIsAnother) {
  Expiries stale;
  EXPECT_EQ(stale.next({{"a.pem", "a.der", 1000}}, 1001).warnings.size(), 1u);
  EXPECT_TRUE(stale.next({{"a.pem", "a.der", 3000}}, 1001).warnings.empty());
  EXPECT_EQ(stale.next({{"a.pem", "a.der", 3000}}, 3000).warnings.size(), 1u);
  EXPECT_EQ(stale.next({{"a.pem", "a.der", 1000}}, 3000).warnings.size(), 1u)
      << "the old one again";
}

TEST(Expiries, CertificatesHaveTheirOwnWords) {
  Expiries stale;
  const auto line = stale.next({{"a.pem", "", 1000}, {"a.pem", "a.der", 1000}}, 1000);
  ASSERT_EQ(line.warnings.size(), 2u);
  EXPECT_EQ(line.warnings[0],
            "the certificate a.pem ran out at 1970-01-01T00:16:40Z: clients refuse it; renew it");
}

}  // namespace
}  // namespace bia
