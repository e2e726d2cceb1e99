#include "bia/client/repeated_call.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/http/redirect.h"
#include "bia/registry/backoff.h"

namespace bia {
namespace {

/// kCopy: of several, of which all but the first to be answered are cancelled.
enum class Sending : uint8_t { kAlone, kCopy };

Result<void> send_once(ServicePool& pool, const RepeatedCall& call, Sending sending,
                       Deadline deadline, Answer& answer) {
  auto pick = pool.pick({.deadline = deadline, .ready = call.ready()});
  if (!pick.ok()) return std::move(pick).error();
  answer.peer = pick->address();
  Result<void> sent = call.send(*pick, deadline, answer);
  // A copy that another was quicker than is no failure of its node's.
  if (sending == Sending::kCopy && !sent.ok() && fiber::cancelled()) {
    pick->release();
  } else {
    pick->done(sent.ok() ? nullptr : &sent.error());
  }
  return sent;
}

}  // namespace

Result<void> GrpcRepeated::send(ServicePool::Pick& pick, Deadline deadline, Answer& answer) const {
  grpc::CallOptions options;
  options.deadline = deadline;
  options.metadata = &metadata_;
  options.ready = ready_;
  answer.grpc.clear();
  pick.channel().unary(path_, request_, options, answer.grpc);
  if (answer.grpc.status.code == Code::kOk) return {};
  return error_of(answer.grpc.status);
}

HttpRepeated::HttpRepeated(const HttpPlan& plan, const OutgoingCall::Fields& headers,
                           const ServiceClientOptions& options)
    : method_(plan.method),
      target_(plan.target),
      body_(plan.body),
      deadline_header_(options.deadline_header),
      decode_error_(options.http.decode_error),
      repeatable_(options.retry.unsafe == RetryOptions::Unsafe::kRepeat ||
                  (plan.method != "POST" && plan.method != "PATCH")) {
  for (const auto& [name, value] : headers) headers_.add(name, value);
}

Result<void> HttpRepeated::send(ServicePool::Pick& pick, Deadline deadline, Answer& answer) const {
  http::ClientRequest request;
  request.method = method_;
  request.scheme = pick.http_scheme();
  request.host = pick.host();
  request.port = pick.port();
  request.target = target_;
  request.headers = &headers_;
  request.body = body_;
  http::Headers with_deadline;
  if (!deadline_header_.empty() && !deadline.is_never()) {
    using std::chrono::milliseconds;
    with_deadline = headers_;
    with_deadline.set(deadline_header_, format_go_duration(std::max<Duration>(
                                            std::chrono::floor<milliseconds>(deadline.remaining()),
                                            milliseconds(1))));
    request.headers = &with_deadline;
  }
  http::Timings timings;
  answer.http.clear();
  BIA_TRY(http::send_following(pick.client(), request, answer.http, timings, deadline));
  if (answer.http.status >= 200 && answer.http.status <= 299) return {};
  return decode_error_ ? decode_error_(answer.http) : error_of(answer.http);
}

void RetryBudget::count(bool succeeded) {
  tokens_ = succeeded ? std::min(tokens_ + kPerSuccess, kTokensMax) : std::max(tokens_ - 1, 0.0);
}

/// A breaker's refusal is meant to spare the nodes.
bool Sender::may_repeat(const Result<void>& sent) const {
  const auto& codes = options_.retry.codes;
  return !sent.ok() && sent.error().reason() != "CIRCUITBREAKER" &&
         std::find(codes.begin(), codes.end(), sent.error().code()) != codes.end();
}

Result<void> Sender::send(const std::shared_ptr<const RepeatedCall>& call, Deadline deadline,
                          Answer& answer) {
  RetryBudget& budget = budgets_.get([] { return std::make_unique<RetryBudget>(); });
  const int attempts = call->repeatable() ? options_.retry.attempts : 1;
  Duration backoff = options_.retry.backoff;
  for (int attempt = 1;; ++attempt) {
    const bool hedged = options_.hedge.copies > 1 && call->repeatable();
    Result<void> sent = hedged ? send_hedged(call, deadline, budget, answer)
                               : send_once(pool_, *call, Sending::kAlone, deadline, answer);
    const bool again = may_repeat(sent);
    if (!hedged) budget.count(!again);
    if (!again || attempt >= attempts || !budget.allows()) return sent;
    const Duration pause =
        std::chrono::duration_cast<Duration>(backoff * (0.8 + 0.4 * random_share()));
    if (pause >= deadline.remaining() || !fiber::sleep_for(pause)) return sent;
    backoff = std::min(backoff * 2, options_.retry.backoff_max);
  }
}

/// Shared by the caller and the copies: a cancelled caller cannot wait for them.
struct Sender::Hedge {
  struct Copy {
    Answer answer;
    std::optional<Result<void>> result;
    bool seen = false;
  };
  explicit Hedge(size_t count) : copies(count) {}
  std::vector<Copy> copies;
  fiber::Parker caller;
};

Result<void> Sender::send_hedged(const std::shared_ptr<const RepeatedCall>& call, Deadline deadline,
                                 RetryBudget& budget, Answer& answer) {
  auto hedge = std::make_shared<Hedge>(size_t(options_.hedge.copies));
  std::vector<fiber::Fiber> fibers;
  struct CancelAll {
    std::vector<fiber::Fiber>& fibers;
    ~CancelAll() {
      for (fiber::Fiber& each : fibers) each.cancel();
    }
  } const cancel_all{fibers};
  size_t ended = 0;
  Result<void> last = Error(Code::kInternal, "HEDGE", "no copy of the call was sent");
  bool start = true;
  for (;;) {
    if (start) {
      auto& copy = hedge->copies[fibers.size()];
      fibers.push_back(
          BIA_TRY(fiber::Scheduler::current().spawn([hedge, call, deadline, &copy, pool = &pool_] {
            copy.result = send_once(*pool, *call, Sending::kCopy, deadline, copy.answer);
            hedge->caller.unpark();
          })));
    }
    const bool more = fibers.size() < hedge->copies.size() && budget.allows();
    const Deadline next = more ? Deadline::after(options_.hedge.delay) : Deadline::never();
    Result<void> parked = hedge->caller.park(std::min(next, deadline));
    start = more && !parked.ok() && parked.error().code() == Code::kDeadlineExceeded;
    for (auto& copy : hedge->copies) {
      if (!copy.result || copy.seen) continue;
      copy.seen = true;
      ++ended;
      last = std::move(*copy.result);
      answer = std::move(copy.answer);
      const bool again = may_repeat(last);
      budget.count(!again);
      if (!again) return last;
      start = fibers.size() < hedge->copies.size() && budget.allows();
    }
    if (ended == fibers.size() && !start) return last;
    if (deadline.expired() || (!parked.ok() && parked.error().code() == Code::kCancelled)) {
      if (!parked.ok()) return parked;
      return Error(Code::kDeadlineExceeded, "", "context deadline exceeded");
    }
  }
}

}  // namespace bia
