#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zelus/templates/node.h"

namespace zelus::templates {

/// Reads a constant of a template: "1", "0x1F", "1_000", "1.5e3", "'a'". The error's text where it
/// is none.
std::string read_constant(std::string_view text, Number& number);

/// Go's strconv.ParseInt(text, base, 64); base 0: by prefix. nullopt where it is none or too big.
std::optional<int64_t> parse_int(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);

}  // namespace zelus::templates
