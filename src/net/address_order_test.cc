#include "net/address_order.h"

#include <gtest/gtest.h>

#include <string>

namespace bia::net {
namespace {

using Texts = std::vector<std::string>;

Endpoint at(const std::string& address) {
  return *Endpoint::parse(address.find(':') == std::string::npos ? address + ":80"
                                                                 : "[" + address + "]:80");
}

Texts ordered(const Texts& addresses, SourceFor source) {
  std::vector<Endpoint> endpoints;
  for (const std::string& each : addresses) endpoints.push_back(at(each));
  Texts out;
  for (const Endpoint& each : in_order(endpoints, source)) out.push_back(each.host());
  return out;
}

std::optional<Endpoint> dual_stack(const Endpoint& to) {
  if (to.host() == "::1" || to.host().starts_with("127.")) return to;
  return at(to.host().find(':') == std::string::npos ? "192.0.2.100" : "2001:db8::100");
}

std::optional<Endpoint> only_v4(const Endpoint& to) {
  return to.host().find(':') == std::string::npos ? dual_stack(to) : std::nullopt;
}

std::optional<Endpoint> private_v6(const Endpoint& to) {
  return to.host().find(':') == std::string::npos ? dual_stack(to) : at("fd00::2");
}

TEST(AddressOrder, FamiliesTakeTurnsIpv6First) {
  EXPECT_EQ(
      ordered({"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"}, dual_stack),
      (Texts{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}));
  EXPECT_EQ(ordered({"127.0.0.1", "::1"}, dual_stack), (Texts{"::1", "127.0.0.1"}));
}

TEST(AddressOrder, WhatHasNoRouteComesLast) {
  EXPECT_EQ(ordered({"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"}, only_v4),
            (Texts{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"}));
}

TEST(AddressOrder, APrivateAddressIsNoGoodSourceForAGlobalOne) {
  EXPECT_EQ(ordered({"2001:db8::1", "192.0.2.1"}, private_v6), (Texts{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(ordered({"192.0.2.1", "fd00::1"}, private_v6), (Texts{"192.0.2.1", "fd00::1"}));
}

TEST(AddressOrder, KeepsTheAnswersOrderWithinAFamily) {
  EXPECT_EQ(ordered({"192.0.2.9", "192.0.2.1"}, dual_stack), (Texts{"192.0.2.9", "192.0.2.1"}));
  EXPECT_EQ(ordered({}, dual_stack), Texts{});
}

TEST(AddressOrder, AsksTheSystemForRoutes) {
  ASSERT_TRUE(source_for(at("127.0.0.1")).has_value());
  EXPECT_EQ(source_for(at("127.0.0.1"))->host(), "127.0.0.1");
}

}  // namespace
}  // namespace bia::net
