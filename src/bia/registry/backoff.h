#pragma once
#include "bia/base/time.h"

namespace bia {

/// Pauses between tries: each up to twice the one before, and drawn from half to the whole of it,
/// so that many instances do not come at once. Belongs to its thread.
class Backoff {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(200);

  explicit Backoff(Duration longest) : longest_(longest) {}
  /// Of one more failure.
  Duration next();
  /// After a success.
  void reset() { failures_ = 0; }
  /// A watch that ended after `lasted`: one that held longer than the longest pause was a success.
  void watched(Duration lasted) {
    if (lasted > longest_) reset();
  }
  /// Since the last success.
  int failures() const { return failures_; }

 private:
  const Duration longest_;
  int failures_ = 0;
};

/// From 0 to 1. Nothing for secrets.
double random_share();

}  // namespace bia
