#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "zelus/options/go_quote.h"

namespace zelus::metrics {

/// Go's strconv.ParseFloat(text, 64). Errors: kInvalidArgument with Go's text (`strconv.ParseFloat:
/// parsing "x": invalid syntax`).
bia::Result<double> parse_go_float(std::string_view text);
/// Go's %g with the fewest digits that read back the same: "99.9", "1e+06", "0.001".
std::string format_go_g(double value);
void append_go_g(std::string& out, double value);
using options::go_quote;

}  // namespace zelus::metrics
