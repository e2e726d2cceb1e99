#include "bia/cel/formats.h"

#include <gtest/gtest.h>

namespace bia::rules {
namespace {

using namespace std::string_view_literals;

TEST(Formats, NothingStandsBehindAnAddress) {
  const auto v4 = "1.2.3.4\0evil"sv;
  const auto v6 = "::1\0evil"sv;
  EXPECT_TRUE(is_ipv4("1.2.3.4") && is_ipv6("::1"));
  EXPECT_FALSE(is_ipv4(v4));
  EXPECT_FALSE(is_ipv4("1.2.3.4\0"sv));
  EXPECT_FALSE(is_ipv6(v6));
  for (int version : {0, 4, 6}) {
    EXPECT_FALSE(is_ip(v4, version)) << version;
    EXPECT_FALSE(is_ip(v6, version)) << version;
    EXPECT_FALSE(is_ip("::1\0evil%eth0"sv, version)) << version;
    EXPECT_FALSE(is_ip_prefix("1.2.3.4\0evil/32"sv, version, false)) << version;
    EXPECT_FALSE(is_ip_prefix("::1\0evil/128"sv, version, false)) << version;
  }
}

TEST(Formats, NothingStandsBehindTheAddressOfAHostOrUri) {
  EXPECT_TRUE(is_host_and_port("1.2.3.4:80") && is_host_and_port("[::1]:80"));
  EXPECT_FALSE(is_host_and_port("1.2.3.4\0evil:80"sv));
  EXPECT_FALSE(is_host_and_port("1.2.3.4\0evil"sv, false));
  EXPECT_FALSE(is_host_and_port("[::1\0evil]:80"sv));
  EXPECT_FALSE(is_host_and_port("[::1\0evil%eth0]"sv, false));
  EXPECT_TRUE(is_uri("http://[::1]/") && is_uri("http://[::1%25eth0]/"));
  for (auto text : {"http://[::1\0evil]/"sv, "http://[::1\0evil%25eth0]/"sv, "http://1.2.3.4\0/"sv})
    EXPECT_FALSE(is_uri(text) || is_uri_reference(text)) << text;
}

TEST(Formats, PrefixesOfAddresses) {
  EXPECT_TRUE(is_ip_prefix("10.0.0.0/8", 4, true) && is_ip_prefix("2001:db8::/32", 6, true));
  EXPECT_TRUE(is_ip_prefix("10.0.0.1/8", 0, false));
  for (std::string_view text :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0", "/8", "::1/129"})
    EXPECT_FALSE(is_ip_prefix(text, 0, true)) << text;
}

}  // namespace
}  // namespace bia::rules
