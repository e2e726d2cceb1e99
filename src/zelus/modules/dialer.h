#pragma once
#include <map>
#include <string>
#include <vector>

#include "bia/net/resolver.h"
#include "zelus/modules/source/script.h"
#include "zelus/options/addresses.h"

namespace zelus::modules {

/// Names that one thread's users have looked up, for as long as option `dns` says.
class NameCache {
 public:
  using LookUp = Result<std::vector<bia::net::Endpoint>> (*)(std::string_view, uint16_t,
                                                             bia::Deadline, bia::net::Freshness);
  explicit NameCache(const options::AddressRules& rules, LookUp resolve = bia::net::resolve)
      : rules_(rules), resolve_(resolve) {}
  /// One address of the name, as `select` and `policy` say. Suspends.
  Result<options::Ip> look_up(std::string_view host, bia::Deadline deadline);

 private:
  struct Entry {
    std::vector<options::Ip> ips;
    TimePoint until;
    size_t next = 0;
  };
  void apply_policy(std::vector<options::Ip>& ips) const;
  const options::AddressRules& rules_;
  LookUp resolve_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Where the connections of one user go: options `hosts`, `blockHostnames`, `blacklistIPs`, `dns`
/// and `localIPs`.
class Dialer final : public bia::net::Resolver {
 public:
  /// `user` counts from 1.
  Dialer(const options::AddressRules& rules, NameCache& names, uint64_t user);
  /// Errors besides those of look-ups: kPermissionDenied HOST_BLOCKED, IP_BLACKLISTED with k6's
  /// texts.
  Result<std::vector<bia::net::Endpoint>> resolve(std::string_view host, uint16_t port,
                                                  bia::Deadline deadline) override;
  const bia::net::Endpoint* source() const override { return source_ ? &*source_ : nullptr; }

 private:
  const options::AddressRules& rules_;
  NameCache& names_;
  std::optional<bia::net::Endpoint> source_;
};

}  // namespace zelus::modules
