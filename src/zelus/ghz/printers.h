#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "zelus/ghz/report.h"

namespace zelus::ghz {

/// Byte for byte what ghz 0.121 prints, but that status and error rows are sorted (ghz: random
/// order).
std::string summary_text(const Report& report);
enum class Json { kCompact, kPretty };
std::string json_text(const Report& report, Json layout);
std::string csv_text(const Report& report);
/// One page that works offline; what came from outside is escaped.
std::string html_text(const Report& report);

/// One line of InfluxDB's line protocol for the run; one for each call.
std::string influx_summary_text(const Report& report);
std::string influx_details_text(const Report& report);
std::string prometheus_text(const Report& report);

/// "123 ns", "1.23 ms", "1.23 s".
std::string duration_text(int64_t ns);
/// As Go's encoding/json writes a float64.
std::string go_json_float(double value);
/// `codec::append_go_float` as a text.
std::string go_float(double value);

}  // namespace zelus::ghz
