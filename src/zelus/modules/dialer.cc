#include "zelus/modules/dialer.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace zelus::modules {

using options::AddressRules;
using options::Ip;

namespace {

/// Names beyond these are forgotten together: a script that makes up names does not fill memory.
constexpr size_t kNamesMax = 10'000;

bia::net::Endpoint endpoint_of(const Ip& ip, uint16_t port) {
  return *bia::net::Endpoint::parse(ip.v6 ? fmt::format("[{}]:{}", ip.text(), port)
                                          : fmt::format("{}:{}", ip.text(), port));
}

std::string_view without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

void NameCache::apply_policy(std::vector<Ip>& ips) const {
  using Policy = AddressRules::Policy;
  if (rules_.policy == Policy::kAny) return;
  bool v6 = rules_.policy == Policy::kPreferV6 || rules_.policy == Policy::kOnlyV6;
  bool only = rules_.policy == Policy::kOnlyV4 || rules_.policy == Policy::kOnlyV6;
  bool has_wanted = std::any_of(ips.begin(), ips.end(), [v6](const Ip& ip) { return ip.v6 == v6; });
  if (only || has_wanted) std::erase_if(ips, [v6](const Ip& ip) { return ip.v6 != v6; });
}

Result<Ip> NameCache::look_up(std::string_view host, bia::Deadline deadline) {
  auto found = entries_.find(host);
  if (found == entries_.end() || found->second.until <= bia::now()) {
    std::string name(host);
    // How long it is kept is `dns`' ttl, and its policy is of both families.
    auto endpoints = BIA_TRY(resolve_(name, 0, deadline, bia::net::Freshness::kNew));
    Entry entry;
    for (const bia::net::Endpoint& endpoint : endpoints) {
      auto ip = Ip::parse(endpoint.host());
      if (ip && std::find(entry.ips.begin(), entry.ips.end(), *ip) == entry.ips.end())
        entry.ips.push_back(*ip);
    }
    apply_policy(entry.ips);
    if (entry.ips.empty())
      return Error(Code::kUnavailable, "NO_SUCH_HOST",
                   fmt::format("lookup {}: no such host", name));
    entry.until = rules_.ttl == Duration::max() ? TimePoint::max() : bia::now() + rules_.ttl;
    if (entries_.size() >= kNamesMax) entries_.clear();
    // Looking up suspended: another user may have put the name in meanwhile.
    found = entries_.insert_or_assign(std::move(name), std::move(entry)).first;
  }
  Entry& entry = found->second;
  switch (rules_.select) {
    case AddressRules::Select::kFirst:
      return entry.ips.front();
    case AddressRules::Select::kRoundRobin:
      return entry.ips[entry.next++ % entry.ips.size()];
    case AddressRules::Select::kRandom:
      break;
  }
  thread_local std::minstd_rand random{std::random_device{}()};
  return entry.ips[random() % entry.ips.size()];
}

Dialer::Dialer(const AddressRules& rules, NameCache& names, uint64_t user)
    : rules_(rules), names_(names) {
  if (rules.sources) source_ = endpoint_of(rules.sources->at(user == 0 ? 0 : user - 1), 0);
}

Result<std::vector<bia::net::Endpoint>> Dialer::resolve(std::string_view host, uint16_t port,
                                                        bia::Deadline deadline) {
  host = without_brackets(host);
  std::optional<Ip> ip = Ip::parse(host);
  if (!ip) {
    if (const std::string* pattern = rules_.blocking(host))
      return Error(Code::kPermissionDenied, "HOST_BLOCKED",
                   fmt::format("hostname ({}) is in a blocked pattern ({})", host, *pattern));
  }
  if (const AddressRules::Host* known = rules_.host_for(host, port)) {
    ip = known->ip;
    if (known->port != 0) port = known->port;
  }
  if (!ip) ip = BIA_TRY(names_.look_up(host, deadline));
  if (const options::IpNet* net = rules_.blacklisting(*ip))
    return Error(Code::kPermissionDenied, "IP_BLACKLISTED",
                 fmt::format("IP ({}) is in a blacklisted range ({})", ip->text(), net->text()));
  return std::vector<bia::net::Endpoint>{endpoint_of(*ip, port)};
}

}  // namespace zelus::modules
