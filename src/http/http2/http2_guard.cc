#include "http/http2/http2_guard.h"

#include <algorithm>

namespace bia::http {

std::string_view http2_abuse_name(Http2Abuse abuse) {
  static constexpr std::string_view kNames[kHttp2AbuseKinds] = {
      "rapid_reset", "continuation", "settings", "ping", "empty_data", "zero_window", "slow_frame"};
  return kNames[static_cast<size_t>(abuse)];
}

std::vector<std::pair<std::string_view, uint64_t>> Http2AbuseCounters::by_name() const {
  std::vector<std::pair<std::string_view, uint64_t>> all;
  for (size_t i = 0; i < kHttp2AbuseKinds; ++i) {
    const auto abuse = static_cast<Http2Abuse>(i);
    all.emplace_back(http2_abuse_name(abuse), get(abuse));
  }
  // NO_ERROR is no fault; ENHANCE_YOUR_CALM is an abuse and has its name.
  for (size_t i = 1; i < kHttp2ErrorKinds; ++i) {
    const uint64_t count = errors[i].load(std::memory_order_relaxed);
    if (count > 0) all.emplace_back(http2_error_name(static_cast<Http2Error>(i)), count);
  }
  return all;
}

std::vector<std::pair<std::string_view, uint64_t>> Http2AbuseCounters::streams() const {
  return {{"malformed", streams_malformed.load(std::memory_order_relaxed)},
          {"streams_max", streams_above_max.load(std::memory_order_relaxed)},
          {"zero_window", streams_stalled.load(std::memory_order_relaxed)}};
}

void Http2Bucket::refill(const Http2Rate& rate, TimePoint at) {
  if (rate.per_second == 0) return;
  const int64_t each = 1'000'000'000 / rate.per_second;
  const int64_t back = std::clamp<int64_t>((at - since_).count() / each, 0, used_);
  used_ -= static_cast<uint32_t>(back);
  since_ += Duration(back * each);
}

}  // namespace bia::http
