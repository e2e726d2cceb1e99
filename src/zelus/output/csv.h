#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "zelus/output/output.h"

namespace zelus::output {

/// k6: -o csv[=FILE | fileName=..,saveInterval=..,timeFormat=..] and K6_CSV_…, parity/k6.md 8.2.
/// Never loses a line. Errors: k6's texts, and Go's where the file cannot be opened.
Result<std::unique_ptr<Output>> create_csv(std::string_view argument, const Context& context);

/// One field as Go's encoding/csv writes it.
void append_csv_field(std::string& out, std::string_view field);

}  // namespace zelus::output
