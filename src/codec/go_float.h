#pragma once
#include <string>

namespace bia::codec {

/// Go's FormatFloat(value, 'g', -1): the fewest digits that read back the same, with an exponent
/// below 1e-4 and from 1e6 on, as fmt's %v. "NaN", "+Inf", "-Inf".
void append_go_float(std::string& out, double value);
void append_go_float(std::string& out, float value);

}  // namespace bia::codec
