#include "bia/middleware/bbr.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "bia/middleware/per_thread.h"

namespace bia {
namespace {

int64_t cpu_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// CPUs that this process may use at once. Read once: a file, and quotas of a container do not
/// move.
double cpus_allowed() {
  static const double allowed = [] {
    cpu_set_t set;
    double cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    if (FILE* file = fopen("/sys/fs/cgroup/cpu.max", "re")) {
      double quota = 0;
      double period = 0;
      if (fscanf(file, "%lf %lf", &quota, &period) == 2 && period > 0)
        cpus = std::min(cpus, quota / period);
      fclose(file);
    }
    return std::max(cpus, 0.01);
  }();
  return allowed;
}

}  // namespace

int CpuLoad::read(TimePoint at) {
  constexpr Duration kEvery = std::chrono::milliseconds(500);
  constexpr double kDecay = 0.95;
  if (last_ != TimePoint() && at - last_ < kEvery) return int(smooth_);
  const int64_t thread = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  const int64_t process = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  if (last_ != TimePoint()) {
    const double wall = double((at - last_).count());
    const double load = std::max(double(thread - thread_ns_) / wall,
                                 double(process - process_ns_) / wall / cpus_allowed());
    // One step for each half second that has passed.
    for (double steps = std::min(wall / double(kEvery.count()), 100.0); steps >= 1; --steps)
      smooth_ = smooth_ * kDecay + std::min(load * 1000, 1000.0) * (1 - kDecay);
  }
  last_ = at;
  thread_ns_ = thread;
  process_ns_ = process;
  return int(smooth_);
}

Bbr::Bbr(const RateLimitOptions& options)
    : bucket_time_(std::max<Duration>(options.window / std::max(options.buckets, 1), Duration(1))),
      cpu_threshold_(options.cpu_threshold),
      buckets_(size_t(std::max(options.buckets, 1))) {}

int64_t Bbr::in_flight_max(TimePoint at) {
  const int64_t now_number = number_of(at);
  if (max_number_ == now_number) return max_;
  int64_t passed = 1;
  double latency_ms = 0;
  for (const Bucket& bucket : buckets_) {
    // Finished buckets of the window.
    if (bucket.number < 0 || bucket.number >= now_number ||
        bucket.number <= now_number - int64_t(buckets_.size()) || bucket.passed == 0)
      continue;
    passed = std::max(passed, bucket.passed);
    const double mean = double(bucket.nanoseconds) / double(bucket.passed) / 1e6;
    latency_ms = latency_ms == 0 ? mean : std::min(latency_ms, mean);
  }
  latency_ms = std::max(latency_ms, 1.0);
  const double per_second = 1e9 / double(bucket_time_.count());
  max_ = int64_t(double(passed) * latency_ms * per_second / 1000.0);
  max_number_ = now_number;
  return max_;
}

bool Bbr::admit(TimePoint at, int cpu) {
  constexpr Duration kCooling = std::chrono::seconds(1);
  const bool overloaded = cpu >= cpu_threshold_;
  const bool cooling = dropped_before_ && at - last_drop_ <= kCooling;
  if (!overloaded && !cooling) dropped_before_ = false;
  if ((overloaded || cooling) && in_flight_ > 1 && in_flight_ > in_flight_max(at)) {
    if (!dropped_before_) last_drop_ = at;
    if (overloaded) last_drop_ = at;
    dropped_before_ = true;
    return false;
  }
  ++in_flight_;
  return true;
}

void Bbr::done(TimePoint at, Duration took) {
  --in_flight_;
  const int64_t number = number_of(at);
  Bucket& bucket = buckets_[size_t(number) % buckets_.size()];
  if (bucket.number != number) bucket = Bucket{number, 0, 0};
  ++bucket.passed;
  bucket.nanoseconds += took.count();
}

namespace {

struct ThreadLimiter {
  explicit ThreadLimiter(const RateLimitOptions& options) : bbr(options) {}
  Bbr bbr;
  CpuLoad cpu;
};

Error refusal() {
  return Error::from_http(429, "RATELIMIT", "service unavailable due to rate limit exceeded");
}

class RateLimit final : public Middleware {
 public:
  explicit RateLimit(const RateLimitOptions& options) : options_(options) {}

  Result<Reply> handle(Context& context, Request request, Next next) override {
    ThreadLimiter& mine =
        limiters_.get([this] { return std::make_unique<ThreadLimiter>(options_); });
    const TimePoint started = context.started_at();
    if (!mine.bbr.admit(started, mine.cpu.read(started))) {
      return refusal();
    }
    InFlight call{mine.bbr, context,
                  request.message() != nullptr && next.reply_message() != nullptr};
    return next();
  }

 private:
  struct InFlight {
    Bbr& bbr;
    Context& context;
    bool unary;
    ~InFlight() {
      if (unary) {
        bbr.done(context.ended_at(), context.ended_at() - context.started_at());
      } else {
        bbr.leave();
      }
    }
  };
  RateLimitOptions options_;
  PerThread<ThreadLimiter> limiters_;
};

class OwnLimit final : public Middleware {
 public:
  explicit OwnLimit(std::function<std::shared_ptr<RateLimiter>()> make) : make_(std::move(make)) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    const auto& limiter =
        limiters_.get([&] { return std::make_unique<std::shared_ptr<RateLimiter>>(make_()); });
    if (!limiter) return Error(Code::kInternal, "RATELIMIT", "rate_limit_middleware was made none");
    if (!limiter->admit(context)) return refusal();
    Result<Reply> reply = [&] {
      try {
        return next();
      } catch (...) {
        const Error error = Error::from_http(500, "UNKNOWN", "");
        limiter->done(context, &error);
        throw;
      }
    }();
    limiter->done(context, reply.ok() ? nullptr : &reply.error());
    return reply;
  }

 private:
  std::function<std::shared_ptr<RateLimiter>()> make_;
  PerThread<std::shared_ptr<RateLimiter>> limiters_;
};

}  // namespace

RateLimiter::~RateLimiter() = default;
void RateLimiter::done(Context&, const Error*) {}

std::unique_ptr<Middleware> rate_limit_middleware_of(
    std::function<std::shared_ptr<RateLimiter>()> make) {
  return std::make_unique<OwnLimit>(std::move(make));
}

std::unique_ptr<Middleware> rate_limit_middleware(RateLimitOptions options) {
  return std::make_unique<RateLimit>(options);
}

}  // namespace bia
