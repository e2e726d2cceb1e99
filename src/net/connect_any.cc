#include <algorithm>
#include <memory>
#include <optional>

#include "bia/fiber/sync.h"
#include "bia/net/socket.h"

namespace bia::net {
namespace {

/// As RFC 8305 section 5 recommends.
constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);

/// Outlives the call: an attempt that is cancelled ends a little later.
struct Race {
  fiber::WaitQueue changed;
  std::optional<Connected> won;
  std::optional<Error> first_error;
  size_t failed = 0;
};

void attempt(const std::shared_ptr<Race>& race, const Endpoint& endpoint, size_t index,
             Deadline deadline, const std::optional<Endpoint>& from) {
  auto socket = Socket::connect(endpoint, deadline, from ? &*from : nullptr);
  if (socket && !race->won) {
    race->won = Connected{std::move(*socket), index};
  } else if (!socket) {
    ++race->failed;
    if (!race->first_error) race->first_error = std::move(socket).error();
  }
  race->changed.wake_all();
}

}  // namespace

Result<Connected> connect_any(const std::vector<Endpoint>& endpoints, Deadline deadline,
                              const Endpoint* from) {
  if (endpoints.empty()) return Error(Code::kUnavailable, "NO_SUCH_HOST", "no addresses");
  if (endpoints.size() == 1) {
    return Connected{BIA_TRY(Socket::connect(endpoints[0], deadline, from)), 0};
  }
  auto race = std::make_shared<Race>();
  const std::optional<Endpoint> source = from ? std::optional<Endpoint>(*from) : std::nullopt;
  std::vector<fiber::Fiber> attempts;
  Result<void> outcome;
  while (!race->won && race->failed < endpoints.size()) {
    if (attempts.size() < endpoints.size() && attempts.size() == race->failed) {
      // None is under way: the next one, at once.
    } else {
      const bool more = attempts.size() < endpoints.size();
      const size_t failed = race->failed;
      outcome =
          race->changed.wait(more ? std::min(deadline, Deadline::after(kAttemptDelay)) : deadline);
      const bool due = !outcome && outcome.error().code() == Code::kDeadlineExceeded &&
                       !deadline.expired() && more;
      if (!outcome && !due) break;
      if (outcome && (race->won || race->failed == failed || !more)) continue;
    }
    const size_t index = attempts.size();
    auto started = fiber::Scheduler::current().spawn(
        [race, endpoint = endpoints[index], index, deadline, source] {
          attempt(race, endpoint, index, deadline, source);
        });
    if (!started) {
      outcome = std::move(started).error();
      break;
    }
    attempts.push_back(std::move(*started));
  }
  for (fiber::Fiber& each : attempts) each.cancel();
  if (race->won) return std::move(*race->won);
  if (race->failed == endpoints.size()) return *std::move(race->first_error);
  return std::move(outcome).error();
}

}  // namespace bia::net
