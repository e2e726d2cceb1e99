#pragma once
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "bia/base/time.h"
#include "bia/bia/middleware.h"

namespace bia {

/// Kratos' (aegis') BBR limiter. Every thread has one of its own, so the request path shares
/// nothing.
struct RateLimitOptions {
  Duration window = std::chrono::seconds(10);
  int buckets = 100;
  /// Of 1000: the thread's CPU, or the process' share of its quota, above which calls may be
  /// refused.
  int cpu_threshold = 800;
};

/// Refuses calls with 429 RATELIMIT while the thread has no CPU to spare and more calls in flight
/// than its best throughput times its best latency. Calls that stream are admitted alike, but do
/// not count: how long they last says nothing.
std::unique_ptr<Middleware> rate_limit_middleware(RateLimitOptions options = {});

/// A limiter of one's own, in place of BBR.
class RateLimiter {
 public:
  virtual ~RateLimiter();
  /// False: the call is refused with 429 RATELIMIT. May suspend.
  virtual bool admit(Context& context) = 0;
  /// Once an admitted call has ended; `error` is null after a success.
  virtual void done(Context& context, const Error* error);
};
/// For the one below, of whatever is called without arguments: `{}` is options alone.
std::unique_ptr<Middleware> rate_limit_middleware_of(
    std::function<std::shared_ptr<RateLimiter>()> make);

/// Asks the limiter that `make` returns, which is called once for each thread at its first call:
/// one a thread needs no locks and limits each thread; one that is returned to all of them serves
/// them at once. It lives as long as its threads.
///
///     app.use(bia::rate_limit_middleware([] { return std::make_shared<TokenBucket>(1000); }));
template <typename F>
  requires std::is_invocable_r_v<std::shared_ptr<RateLimiter>, F&>
std::unique_ptr<Middleware> rate_limit_middleware(F make) {
  return rate_limit_middleware_of(std::move(make));
}

}  // namespace bia
