#pragma once
#include <rapidjson/document.h>

#include <string>
#include <string_view>

namespace zelus::summary {

/// JSON.stringify(value, null, indent): numbers as JavaScript writes them, no escapes beyond those
/// needed. `indent` 0 writes one line.
std::string json_stringify(const rapidjson::Value& value, size_t indent);
/// A string with its quotes.
std::string json_quote(std::string_view text);

}  // namespace zelus::summary
