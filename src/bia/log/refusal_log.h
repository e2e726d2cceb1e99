#pragma once
#include <string_view>

#include "bia/base/time.h"
#include "bia/http/refusal.h"

namespace bia {

/// Lines a second of each thread; what is refused beyond them is counted in the next one. Who sends
/// nonsense must not fill the log.
inline constexpr int kRefusalLinesMax = 10;

/// A log line for each refusal of a server ("HTTP", "gRPC"): whose it was and why, nothing of what
/// it sent.
http::RefusalHook refusal_log(std::string_view server);

/// How many lines a second may have. Of one thread.
class LineBudget {
 public:
  /// False where the line is to be left out.
  bool take(TimePoint at);
  /// Left out since the last one that was not; then 0.
  uint64_t left_out();

 private:
  TimePoint begin_{};
  int used_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace bia
