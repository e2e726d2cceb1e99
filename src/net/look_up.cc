#include "net/look_up.h"

#include <netinet/in.h>

#include <algorithm>
#include <tuple>

#include "net/dns.h"
#include "net/dns_query.h"

namespace bia::net {
namespace {

/// What AAAA gets when A has answered (RFC 8305 section 3).
constexpr Duration kResolutionDelay = std::chrono::milliseconds(50);
/// What A gets when AAAA has answered: A that is slow is common, A that is never answered is not.
constexpr Duration kLateDelay = std::chrono::seconds(1);
/// What either gets where the list is to be whole.
constexpr Duration kWholeDelay = std::chrono::seconds(2);

Endpoint with_port(const Endpoint& endpoint, uint16_t port) {
  sockaddr_storage address{};
  std::copy_n(static_cast<const char*>(endpoint.data()), endpoint.size(),
              reinterpret_cast<char*>(&address));
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  }
  return Endpoint::from_sockaddr(&address, endpoint.size());
}

}  // namespace

LookUp::~LookUp() {
  if (!query_) return;
  std::erase(query_->parts, this);
  if (query_->parts.empty() && !query_->done) dns_.give_up(*query_);
}

Result<void> LookUp::start(const std::string& name, Freshness freshness) {
  if (freshness == Freshness::kKept && dns_.find_kept(name, kept_)) return {};
  query_ = BIA_TRY(dns_.ask(name));
  query_->parts.push_back(this);
  return {};
}

bool LookUp::whole() const { return !query_ || query_->done; }

std::vector<Endpoint> LookUp::endpoints(uint16_t port) const {
  std::vector<Endpoint> found = query_ ? query_->endpoints : kept_;
  for (Endpoint& each : found) each = with_port(each, port);
  return found;
}

Error LookUp::error() const { return query_->error(); }

Deadline LookUp::enough_at(Want want) const {
  if (query_->endpoints.empty()) return Deadline::never();
  // Half of the asker's time is left to connect in.
  const auto after = [this](TimePoint at, Duration longest) {
    return Deadline(at + std::min(longest, (deadline_.at() - at) / 2));
  };
  if (want == Want::kAll) return after(query_->first_at, kWholeDelay);
  const auto& [v4, v6] = std::tie(query_->v4, query_->v6);
  if (v6.reachable && want == Want::kBegin) return Deadline(v6.at);
  if (v4.reachable) return after(v4.at, kResolutionDelay);
  return v6.reachable ? after(v6.at, kLateDelay) : Deadline::never();
}

Result<void> LookUp::wait(Want want) {
  while (!whole()) {
    const Deadline enough = enough_at(want);
    if (enough.expired()) return {};
    auto waited = changed_.wait(std::min(deadline_, enough));
    if (!waited && !enough.expired()) return waited;
  }
  return {};
}

Deadline LookUp::given_up_at() const {
  return whole() ? Deadline(now()) : Deadline(query_->first_at + kLateDelay);
}

}  // namespace bia::net
