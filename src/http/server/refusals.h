#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message/owned_counter.h"

namespace bia::http {

/// Requests of one thread that the server itself refused, by the reason that their callers were
/// told.
class RefusalCounters {
 public:
  static constexpr std::array<std::string_view, 20> kReasons = {
      "BAD_REQUEST_LINE",  "REQUEST_LINE_TOO_LONG", "BAD_METHOD",
      "BAD_TARGET",        "BAD_VERSION",           "BAD_HEADER",
      "HEADERS_TOO_LARGE", "TOO_MANY_HEADERS",      "BAD_HOST",
      "BAD_EXPECT",        "BAD_CONTENT_LENGTH",    "BAD_TRANSFER_ENCODING",
      "AMBIGUOUS_LENGTH",  "BODY_TOO_LARGE",        "BAD_CHUNK",
      "BAD_TRAILER",       "TRAILERS_TOO_LARGE",    "REQUEST_TIMEOUT",
      "BODY_TIMEOUT",      "WRITE_TIMEOUT"};

  void add(std::string_view reason) {
    size_t i = 0;
    while (i < kReasons.size() && kReasons[i] != reason) ++i;
    counters_[i].add();
  }
  /// Adds to `sums`, which has all reasons or is empty; the last is "OTHER".
  void add_to(std::vector<std::pair<std::string_view, uint64_t>>& sums) const {
    if (sums.empty()) {
      for (std::string_view reason : kReasons) sums.emplace_back(reason, 0);
      sums.emplace_back("OTHER", 0);
    }
    for (size_t i = 0; i < counters_.size(); ++i) sums[i].second += counters_[i].get();
  }

 private:
  std::array<OwnedCounter, kReasons.size() + 1> counters_;
};

}  // namespace bia::http
