#include "bia/registry/backoff.h"

#include <algorithm>
#include <random>

namespace bia {

double random_share() {
  // By the clock: std::random_device has 5 KB on the stack.
  static thread_local std::minstd_rand generator{unsigned(now().time_since_epoch().count())};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

Duration Backoff::next() {
  constexpr int kDoublingsMax = 20;  // Far above any `longest_`, and no overflow.
  const Duration whole =
      std::min(kFirst * (int64_t{1} << std::min(failures_++, kDoublingsMax)), longest_);
  return whole / 2 + std::chrono::duration_cast<Duration>(whole / 2 * random_share());
}

}  // namespace bia
