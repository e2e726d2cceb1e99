#include "zelus/modules/dialer.h"

#include "net/dns.h"
#include "net/name_server_test_support.h"

namespace zelus::modules {
namespace {

using bia::net::kSoon;
using Policy = options::AddressRules::Policy;

bia::net::Dns* asked = nullptr;

Result<std::vector<bia::net::Endpoint>> look_up(std::string_view host, uint16_t port,
                                                bia::Deadline deadline,
                                                bia::net::Freshness freshness) {
  return asked->look_up(std::string(host), port, deadline, freshness);
}

TEST(NameCache, PoliciesKnowAFamilyThatComesLate) {
  bia::net::in_scheduler([] {
    bia::net::NameServer server(300);
    bia::net::Dns dns({.servers = server.address()});
    asked = &dns;
    const auto find = [](const char* name, Policy policy) {
      options::AddressRules rules;
      rules.policy = policy;
      NameCache names(rules, look_up);
      const auto ip = names.look_up(name, bia::Deadline::after(kSoon));
      return ip.ok() ? ip->text() : ip.error().message();
    };
    for (const char* name : {"late4.example", "late6.example"}) {
      for (Policy policy : {Policy::kOnlyV4, Policy::kPreferV4})
        EXPECT_EQ(find(name, policy), "127.0.0.1") << name;
      for (Policy policy : {Policy::kOnlyV6, Policy::kPreferV6})
        EXPECT_EQ(find(name, policy), "::1") << name;
    }
    EXPECT_EQ(find("v4only.example", Policy::kPreferV6), "127.0.0.1");
    EXPECT_EQ(find("v4only.example", Policy::kOnlyV6), "lookup v4only.example: no such host");
    asked = nullptr;
  });
}

}  // namespace
}  // namespace zelus::modules
