#include "net/dns.h"

#include <algorithm>
#include <utility>

#include "bia/fiber/scheduler.h"
#include "net/dns_query.h"
#include "net/look_up.h"

namespace bia::net {

Dns::Dns(DnsOptions options) : options_(std::move(options)) {}
Dns::~Dns() = default;

Dns& Dns::here() {
  static thread_local Dns dns;
  return dns;
}

bool Dns::find_kept(const std::string& name, std::vector<Endpoint>& endpoints) const {
  const auto known = entries_.find(name);
  if (known == entries_.end() || known->second.until <= now()) return false;
  endpoints = known->second.endpoints;
  return true;
}

void Dns::keep(const DnsQuery& query) {
  const Duration ttl = std::min<Duration>(
      options_.ttl_max, std::chrono::seconds(std::min<int64_t>(query.ttl_seconds, 1 << 30)));
  if (query.status != ARES_SUCCESS || !query.complete || ttl <= Duration::zero()) return;
  const TimePoint at = now();
  if (entries_.size() >= options_.names_max)
    std::erase_if(entries_, [at](const auto& one) { return one.second.until <= at; });
  if (entries_.size() >= options_.names_max) entries_.clear();
  entries_.insert_or_assign(query.name, Entry{query.endpoints, at + ttl});
}

Result<std::shared_ptr<DnsQuery>> Dns::ask(const std::string& name) {
  if (const auto known = asking_.find(name); known != asking_.end()) return known->second;
  auto query = std::make_shared<DnsQuery>(name);
  query->driver = BIA_TRY(fiber::Scheduler::current().spawn([this, query] {
    query->run(options_);
    keep(*query);
    forget(*query);
  }));
  asking_.emplace(name, query);
  ++queries_;
  return query;
}

void Dns::forget(const DnsQuery& query) {
  const auto known = asking_.find(query.name);
  if (known != asking_.end() && known->second.get() == &query) asking_.erase(known);
}

void Dns::give_up(DnsQuery& query) {
  forget(query);
  query.driver.cancel();
}

Result<std::vector<Endpoint>> Dns::look_up(const std::string& name, uint16_t port,
                                           Deadline deadline, Freshness freshness) {
  fiber::WaitQueue changed;
  LookUp asked(*this, deadline, changed);
  BIA_TRY(asked.start(name, freshness));
  BIA_TRY(asked.wait(freshness == Freshness::kNew ? LookUp::Want::kAll : LookUp::Want::kMost));
  auto endpoints = asked.endpoints(port);
  if (endpoints.empty()) return asked.error();
  return endpoints;
}

}  // namespace bia::net
