#include "zelus/options/addresses.h"

#include <gmock/gmock.h>

namespace zelus::options {
namespace {

Ip ip(const char* text) { return *Ip::parse(text); }

TEST(IpNet, HoldsWhatItsPrefixSays) {
  IpNet net = *IpNet::parse("10.1.2.3/15");
  EXPECT_EQ(net.text(), "10.0.0.0/15");
  EXPECT_TRUE(net.contains(ip("10.1.255.255")));
  EXPECT_FALSE(net.contains(ip("10.2.0.0")));
  EXPECT_FALSE(net.contains(ip("::a01:203")));
  EXPECT_TRUE(IpNet::parse("0.0.0.0/0")->contains(ip("255.255.255.255")));
  EXPECT_TRUE(IpNet::parse("fe80::/10")->contains(ip("febf::1")));
  EXPECT_FALSE(IpNet::parse("fe80::/10")->contains(ip("fec0::1")));
  for (const char* bad : {"1.2.3", "1.2.3.4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/+1", "x/8", "/8",
                          "1.2.3.4/", "::1/129"}) {
    EXPECT_EQ(IpNet::parse(bad).error().message(),
              std::string("failed to parse CIDR '") + bad + "': invalid CIDR address: " + bad);
  }
}

TEST(IpPool, UsersTakeTurns) {
  IpPool pool = *IpPool::parse("127.0.0.9,127.0.0.254-127.0.1.1,10.0.0.0/30,fe80::1");
  std::vector<std::string> got;
  for (uint64_t user = 0; user < 9; ++user) got.push_back(pool.at(user).text());
  EXPECT_THAT(
      got, testing::ElementsAre("127.0.0.9", "127.0.0.254", "127.0.0.255", "127.0.1.0", "127.0.1.1",
                                "10.0.0.1", "10.0.0.2", "fe80::1", "127.0.0.9"));
  EXPECT_EQ(IpPool::parse("::/0")->at(5).text(), "::5");
  EXPECT_EQ(IpPool::parse("10.0.0.7/31")->at(0).text(), "10.0.0.6");
}

TEST(IpPool, RefusesWithK6sTexts) {
  auto error = [](const char* text) { return IpPool::parse(text).error().message(); };
  EXPECT_EQ(error("abc"), "abc is not a valid IP, IP range or CIDR");
  EXPECT_EQ(error(""), " is not a valid IP, IP range or CIDR");
  EXPECT_EQ(error("127.0.0.2-127.0.0.1"), "negative IP range: 127.0.0.2-127.0.0.1");
  EXPECT_EQ(error("127.0.0.2-::1"), "mixed IP range format: 127.0.0.2-::1");
  EXPECT_EQ(error("127.0.0.2-x"), "wrong IP range format: 127.0.0.2-x");
  EXPECT_EQ(error("10.0.0.0/33"),
            "parseCIDR() failed parsing 10.0.0.0/33: invalid CIDR address: 10.0.0.0/33");
}

TEST(AddressRules, LongestPatternWinsAndPortsComeFirst) {
  Options options;
  options.hosts = StringMap{{"*.b.test", "1.0.0.1"},
                            {"*", "1.0.0.2:7"},
                            {"A.b.test", "1.0.0.3"},
                            {"a.b.test:81", "[::1]:82"}};
  AddressRules rules = *AddressRules::of(options);
  auto at = [&](const char* name, uint16_t port) {
    const AddressRules::Host* host = rules.host_for(name, port);
    return host == nullptr ? std::string() : host->ip.text() + "#" + std::to_string(host->port);
  };
  EXPECT_EQ(at("x.B.test", 80), "1.0.0.2#7") << "* fits x.b.test:80, and ports are asked first";
  EXPECT_EQ(at("a.b.test", 81), "::1#82");
  options.hosts->erase("*");
  rules = *AddressRules::of(options);
  EXPECT_EQ(at("x.B.test", 80), "1.0.0.1#0");
  EXPECT_EQ(at("a.b.test", 80), "1.0.0.3#0");
  EXPECT_EQ(at("b.test", 80), "");
}

TEST(AddressRules, BlocksNamesAndNets) {
  Options options;
  options.block_hostnames = StringList{"Bad.test", "*.evil.test"};
  options.blacklist_ips = StringList{"10.0.0.0/8"};
  AddressRules rules = *AddressRules::of(options);
  EXPECT_EQ(*rules.blocking("bad.TEST"), "bad.test");
  EXPECT_EQ(*rules.blocking("A.evil.test"), "*.evil.test");
  EXPECT_EQ(rules.blocking("evil.test"), nullptr);
  EXPECT_EQ(rules.blocking("very.bad.test"), nullptr);
  EXPECT_NE(rules.blacklisting(ip("10.9.9.9")), nullptr);
  EXPECT_EQ(rules.blacklisting(ip("11.0.0.0")), nullptr);
}

TEST(AddressRules, RefusesWhatIsNoAddress) {
  for (const char* bad : {"nope", "1.2.3.4:0", "1.2.3.4:99999", "", ":80", "1.2.3.4:x"}) {
    Options options;
    options.hosts = StringMap{{"a", bad}};
    EXPECT_THAT(AddressRules::of(options).error().message(), testing::HasSubstr("option `hosts`"))
        << bad;
  }
  for (const char* bad : {"a*b", "", "a:b", "a:0", "a b"})
    EXPECT_FALSE(check_host_pattern(bad).ok()) << bad;
  for (const char* good : {"a", "*", "*.a", "a:80", "*:443"})
    EXPECT_TRUE(check_host_pattern(good).ok()) << good;
}

TEST(AddressRules, ReadsDns) {
  Options options;
  options.dns = {.ttl = "inf", .select = "roundRobin", .policy = "onlyIPv6"};
  AddressRules rules = *AddressRules::of(options);
  EXPECT_EQ(rules.ttl, Duration::max());
  EXPECT_EQ(rules.select, AddressRules::Select::kRoundRobin);
  EXPECT_EQ(rules.policy, AddressRules::Policy::kOnlyV6);
  options.dns = {.ttl = "1500", .select = "first", .policy = {}};
  rules = *AddressRules::of(options);
  EXPECT_EQ(rules.ttl, std::chrono::milliseconds(1500));
  EXPECT_EQ(rules.policy, AddressRules::Policy::kPreferV4);
}

}  // namespace
}  // namespace zelus::options
