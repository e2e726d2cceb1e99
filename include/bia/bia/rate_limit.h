#pragma once
#include <memory>

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

}  // namespace bia
