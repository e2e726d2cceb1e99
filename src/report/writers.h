#pragma once
#include <string>

#include "report/result.h"

namespace report {

/// result.json: everything that was measured. Times in the unit that the key names.
std::string to_json(const BenchResult& result);
/// result.md: in the shape of the report that began it all: commands, summaries, figures, a table
/// for HTTP and one for gRPC.
std::string to_markdown(const BenchResult& result);
/// report.html: one file that works offline, charts drawn from the same JSON.
std::string to_html(const BenchResult& result);
/// What the terminal shows at the end.
std::string to_terminal(const BenchResult& result);

/// "12.3 MB" (10^6), for people.
std::string megabytes(uint64_t bytes);
/// 1234567 -> "1,234,567".
std::string grouped(uint64_t number);

}  // namespace report
