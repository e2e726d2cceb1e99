#pragma once
#include <cstdint>
#include <vector>

#include "bia/base/time.h"
#include "bia/bia/rate_limit.h"

namespace bia {

/// The limiter of one thread, after aegis' ratelimit/bbr: the product of the most calls that a
/// bucket of the window passed and the least mean latency of a bucket is what fits in flight.
class Bbr {
 public:
  explicit Bbr(const RateLimitOptions& options);

  /// `cpu` of 1000. True: the call is in flight until `done`.
  bool admit(TimePoint at, int cpu);
  void done(TimePoint at, Duration took);
  /// Of a call that does not count.
  void leave() { --in_flight_; }
  int64_t in_flight() const { return in_flight_; }
  int64_t in_flight_max(TimePoint at);

 private:
  struct Bucket {
    int64_t number = -1;  ///< of the time since the epoch; -1: empty
    int64_t passed = 0;
    int64_t nanoseconds = 0;
  };
  int64_t number_of(TimePoint at) const { return at.time_since_epoch() / bucket_time_; }

  Duration bucket_time_;
  int cpu_threshold_;
  std::vector<Bucket> buckets_;
  int64_t in_flight_ = 0;
  bool dropped_before_ = false;
  TimePoint last_drop_;
  int64_t max_number_ = -1;
  int64_t max_ = 0;
};

/// How busy the calling thread and the process are, of 1000: the greater of the thread's CPU time
/// and the process' share of what it may use (affinity, cgroup quota), smoothed as in aegis (0.95)
/// and read at most twice a second.
class CpuLoad {
 public:
  int read(TimePoint at);

 private:
  TimePoint last_;
  int64_t thread_ns_ = 0;
  int64_t process_ns_ = 0;
  double smooth_ = 0;
};

}  // namespace bia
