#pragma once
#include <string>
#include <string_view>

#include "zelus/metrics/metric.h"

namespace zelus::summary {

/// JavaScript's String(value): "0.1", "1e+21", "Infinity".
std::string js_number(double value);
/// JavaScript's value.toFixed(digits): ties away from zero.
std::string js_to_fixed(double value, int digits);

/// A value as k6's summaries show it: rates as percent, times and data with units, else at most six
/// decimals. `time_unit`: "", "s", "ms" or "us" (option summaryTimeUnit).
std::string humanize(double value, metrics::MetricType type, metrics::Contains contains,
                     std::string_view time_unit);

/// Order of two names as JavaScript's localeCompare with the root locale: for ASCII as ICU's root
/// collation has it, other characters after it by code point.
int collate(std::string_view a, std::string_view b);
/// Characters that take up room on a terminal: no colour sequences, no combining marks.
size_t display_width(std::string_view text);

}  // namespace zelus::summary
