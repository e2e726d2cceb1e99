#pragma once
#include <string_view>

#include "bia/base/time.h"

namespace zelus::options {

using bia::Duration;
using bia::Result;

/// k6's durations of scripts and environment (parity/k6.md 3): a bare number is milliseconds,
/// "1d2h3m" has days, all else is Go's syntax. Errors: kInvalidArgument with k6's text.
Result<Duration> parse_duration(std::string_view text);
/// `milliseconds` as k6 converts numbers: to nanoseconds, truncated.
Duration duration_from_ms(double milliseconds);

/// strconv.ParseInt(text, 10, 64) with its error text.
Result<int64_t> parse_int(std::string_view text);
/// All of `text` as a floating-point number.
bool parse_float(std::string_view text, double& value);

}  // namespace zelus::options
