#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/time.h"
#include "bia/http/http2_limits.h"
#include "bia/http/refusal.h"
#include "http/http2/http2_protocol.h"

namespace bia::http {

/// What peers do to make a server work, or hold memory, for next to nothing. Each has its limit in
/// Http2Limits; a connection above it ends with ENHANCE_YOUR_CALM and is counted.
enum class Http2Abuse : uint8_t {
  kRapidReset,    ///< streams opened and reset at once (CVE-2023-44487)
  kContinuation,  ///< header blocks in many or endless parts (CVE-2024-27316)
  kSettings,      ///< SETTINGS, each of which wants an answer (CVE-2019-9515)
  kPing,          ///< PING likewise (CVE-2019-9512)
  kEmptyData,     ///< DATA without data or an end (CVE-2019-9518)
  kZeroWindow,    ///< answers asked for and not taken (CVE-2019-9511, 9517)
  kSlowFrame,     ///< frames and header blocks that do not end
};
inline constexpr size_t kHttp2AbuseKinds = 7;
/// What a GOAWAY for pings says: gRPC's clients ping half as often after it (gRPC's A8).
inline constexpr std::string_view kTooManyPings = "too_many_pings";
/// "rapid_reset", a label in /metrics.
std::string_view http2_abuse_name(Http2Abuse abuse);

/// What a server's peers did wrong: connections that ended for it, and streams that were reset.
/// Shared by its threads: not on any good request's path.
struct Http2AbuseCounters {
  std::array<std::atomic<uint64_t>, kHttp2AbuseKinds> ended{};
  void add(Http2Abuse abuse) {
    ended[static_cast<size_t>(abuse)].fetch_add(1, std::memory_order_relaxed);
  }
  std::array<std::atomic<uint64_t>, kHttp2ErrorKinds> errors{};
  std::atomic<uint64_t> streams_malformed{0};
  std::atomic<uint64_t> streams_above_max{0};
  std::atomic<uint64_t> streams_stalled{0};
  RefusalHook on_refusal;  ///< set before the first connection
  void add(Http2Error error) {
    errors[static_cast<size_t>(error)].fetch_add(1, std::memory_order_relaxed);
  }
  /// Connections, by abuse and by error ("PROTOCOL_ERROR").
  std::vector<std::pair<std::string_view, uint64_t>> by_name() const;
  std::vector<std::pair<std::string_view, uint64_t>> streams() const;
  uint64_t get(Http2Abuse abuse) const {
    return ended[static_cast<size_t>(abuse)].load(std::memory_order_relaxed);
  }
};

/// A leaky bucket.
class Http2Bucket {
 public:
  /// False above the rate.
  bool take(const Http2Rate& rate, TimePoint at) {
    if (used_ >= rate.burst) refill(rate, at);
    if (used_ >= rate.burst) return false;
    if (used_++ == 0) since_ = at;
    return true;
  }
  void clear() { used_ = 0; }
  bool empty() const { return used_ == 0; }

 private:
  void refill(const Http2Rate& rate, TimePoint at);
  uint32_t used_ = 0;
  TimePoint since_{};
};

}  // namespace bia::http
