#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "zelus/templates/value.h"

namespace zelus::templates {

/// sprig's toInt64 and toFloat64: 0 for what is no number.
int64_t to_int64(const Value& value);
double to_float64(const Value& value);
/// sprig's toStrings: nil ones left out.
std::vector<std::string> to_strings(const Value& value);
/// Go's strings.Split; `count` below 0: all.
std::vector<std::string> split_text(std::string_view text, std::string_view separator,
                                    int64_t count = -1);

}  // namespace zelus::templates
