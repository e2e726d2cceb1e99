#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/net/socket.h"

namespace bia::net {

struct DnsQuery;

struct DnsOptions {
  /// "127.0.0.1:5353,…"; empty: those of /etc/resolv.conf.
  std::string servers = {};
  /// Instead of /etc/resolv.conf.
  std::string config = {};
  /// Answers are kept as long as they say, and no longer than this; zero: not at all.
  Duration ttl_max = std::chrono::minutes(5);
  /// Names that are kept; above it those that have run out are forgotten, and then all.
  size_t names_max = 1000;
};

/// Looks names up by c-ares: /etc/hosts, then A and AAAA at the same time. A family that stays
/// silent (some servers never answer AAAA) is not waited for without end once the other has brought
/// an address that can be reached: AAAA has 50 ms after A (RFC 8305 section 3), A has 1 s after
/// AAAA, and with `Freshness::kNew` either has 2 s, so that the list is whole; all no more than
/// half of what the caller has left. Those who connect (`dial`) begin with AAAA at once, and take
/// in what comes meanwhile. Those who ask for the same name at once share one query; answers of
/// both families are kept for their TTL, half answers and failures are not. Belongs to its thread.
class Dns {
 public:
  explicit Dns(DnsOptions options = {});
  ~Dns();
  /// The calling thread's.
  static Dns& here();

  /// In the order of `in_order`. Suspends, never beyond `deadline`. Errors: those of
  /// `net::resolve`.
  Result<std::vector<Endpoint>> look_up(const std::string& name, uint16_t port, Deadline deadline,
                                        Freshness freshness = Freshness::kKept);
  /// Questions that were not answered from what is kept.
  uint64_t queries() const { return queries_; }

 private:
  friend class LookUp;
  struct Entry {
    std::vector<Endpoint> endpoints;
    TimePoint until;
  };
  /// False where nothing is kept.
  bool find_kept(const std::string& name, std::vector<Endpoint>& endpoints) const;
  Result<std::shared_ptr<DnsQuery>> ask(const std::string& name);
  void keep(const DnsQuery& query);
  void forget(const DnsQuery& query);
  void give_up(DnsQuery& query);

  DnsOptions options_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::shared_ptr<DnsQuery>, std::less<>> asking_;
  uint64_t queries_ = 0;
};

/// `dial` of a name, by `dns`.
Result<Connected> dial_name(Dns& dns, const std::string& name, uint16_t port, Deadline deadline,
                            Duration& looking_up);

}  // namespace bia::net
