#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "zelus/output/output.h"

namespace zelus::output {

/// k6: -o json[=FILE]; one JSON object a line, as parity/k6.md 8.1. Never loses a line.
Result<std::unique_ptr<Output>> create_json(std::string_view argument, const Context& context);

/// Quoted as easyjson does: '<', '>', '&' and the line separators as \u escapes too.
void append_go_json_string(std::string& out, std::string_view text);

}  // namespace zelus::output
