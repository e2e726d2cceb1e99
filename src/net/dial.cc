#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "bia/fiber/sync.h"
#include "bia/net/resolver.h"
#include "bia/net/socket.h"
#include "net/dns.h"
#include "net/look_up.h"

namespace bia::net {
namespace {

bool same(const Endpoint& a, const Endpoint& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

/// As RFC 8305 section 5 recommends.
constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);

/// Outlives the call: an attempt that is cancelled ends a little later.
struct Outcome {
  fiber::WaitQueue changed;
  std::optional<Connected> won;
  std::optional<Error> first_error;
  size_t failed = 0;
};

/// Attempts side by side; the first that connects ends the others.
class Race {
 public:
  Race(std::shared_ptr<Outcome> outcome, Deadline deadline, const Endpoint* from)
      : outcome_(std::move(outcome)), deadline_(deadline) {
    if (from != nullptr) from_ = *from;
  }
  ~Race() {
    for (fiber::Fiber& each : attempts_) each.cancel();
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  /// `ordered` has all of them: those that were not tried yet are, in its order.
  void take(const std::vector<Endpoint>& ordered);
  /// `late` brings more meanwhile; null: nothing does. Suspends.
  Result<Connected> run(const LookUp* late, uint16_t port);

 private:
  bool running() const { return attempts_.size() > outcome_->failed; }
  bool waiting() const { return attempts_.size() < endpoints_.size(); }
  Result<void> start_next();

  std::shared_ptr<Outcome> outcome_;
  Deadline deadline_;
  std::optional<Endpoint> from_;
  std::vector<Endpoint> endpoints_;  ///< those that are tried, and then the others
  std::vector<fiber::Fiber> attempts_;
  Deadline next_at_;
  size_t failed_before_ = 0;  ///< when the last attempt began
};

void Race::take(const std::vector<Endpoint>& ordered) {
  endpoints_.erase(endpoints_.begin() + static_cast<ptrdiff_t>(attempts_.size()), endpoints_.end());
  const auto tried = endpoints_;
  for (const Endpoint& each : ordered) {
    const bool known = std::any_of(tried.begin(), tried.end(),
                                   [&](const Endpoint& other) { return same(other, each); });
    if (!known) endpoints_.push_back(each);
  }
}

Result<void> Race::start_next() {
  const auto attempt = [outcome = outcome_, to = endpoints_[attempts_.size()], deadline = deadline_,
                        from = from_] {
    auto socket = Socket::connect(to, deadline, from ? &*from : nullptr);
    if (socket && !outcome->won) {
      outcome->won = Connected{std::move(*socket), to};
    } else if (!socket) {
      ++outcome->failed;
      if (!outcome->first_error) outcome->first_error = std::move(socket).error();
    }
    outcome->changed.wake_all();
  };
  failed_before_ = outcome_->failed;
  next_at_ = Deadline::after(kAttemptDelay);
  attempts_.push_back(BIA_TRY(fiber::Scheduler::current().spawn(attempt)));
  return {};
}

Result<Connected> Race::run(const LookUp* late, uint16_t port) {
  while (!outcome_->won) {
    if (late != nullptr) take(late->endpoints(port));
    const bool due = !running() || outcome_->failed > failed_before_ || next_at_.expired();
    if (waiting() && due) {
      BIA_TRY(start_next());
      continue;
    }
    Deadline until = waiting() ? next_at_ : Deadline::never();
    if (!running()) {
      // All have failed. What is still to come may yet be another family.
      until = late != nullptr ? late->given_up_at() : Deadline(now());
      if (until.expired()) return *std::move(outcome_->first_error);
    }
    auto changed = outcome_->changed.wait(std::min(deadline_, until));
    if (!changed && !until.expired()) return std::move(changed).error();
  }
  return *std::move(outcome_->won);
}

}  // namespace

Result<Connected> connect_any(const std::vector<Endpoint>& endpoints, Deadline deadline,
                              const Endpoint* from) {
  if (endpoints.empty()) return Error(Code::kUnavailable, "NO_SUCH_HOST", "no addresses");
  if (endpoints.size() == 1)
    return Connected{BIA_TRY(Socket::connect(endpoints[0], deadline, from)), endpoints[0]};
  Race race(std::make_shared<Outcome>(), deadline, from);
  race.take(endpoints);
  return race.run(nullptr, 0);
}

Result<Connected> dial(std::string_view host, uint16_t port, Deadline deadline,
                       Duration& looking_up) {
  const TimePoint begin = now();
  std::string name;
  const auto address = numeric(host, port, name);
  looking_up = now() - begin;
  if (!address) return address.error();
  if (!address->empty()) return connect_any(*address, deadline);
  return dial_name(Dns::here(), name, port, deadline, looking_up);
}

Result<Connected> dial(Resolver* resolver, std::string_view host, uint16_t port, Deadline deadline,
                       Duration& looking_up) {
  if (resolver == nullptr) return dial(host, port, deadline, looking_up);
  const TimePoint begin = now();
  const auto endpoints = resolver->resolve(host, port, deadline);
  looking_up = now() - begin;
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) {
    return Error(Code::kUnavailable, "NO_SUCH_HOST",
                 "lookup " + std::string(host) + ": no addresses");
  }
  return connect_any(*endpoints, deadline, resolver->source());
}

Result<Connected> dial_name(Dns& dns, const std::string& name, uint16_t port, Deadline deadline,
                            Duration& looking_up) {
  const TimePoint begin = now();
  auto outcome = std::make_shared<Outcome>();
  LookUp asked(dns, deadline, outcome->changed);
  BIA_TRY(asked.start(name, Freshness::kKept));
  auto waited = asked.wait(LookUp::Want::kBegin);
  looking_up = now() - begin;
  BIA_TRY(std::move(waited));
  const auto endpoints = asked.endpoints(port);
  if (endpoints.empty()) return asked.error();
  if (asked.whole()) return connect_any(endpoints, deadline);
  Race race(std::move(outcome), deadline, nullptr);
  return race.run(&asked, port);
}

}  // namespace bia::net
