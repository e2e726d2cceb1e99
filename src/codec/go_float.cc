#include "codec/go_float.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>

namespace bia::codec {
namespace {

template <typename Real>
void append(std::string& out, Real value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char text[64];
  auto end = std::to_chars(text, std::end(text), value, std::chars_format::scientific).ptr;
  const std::string_view scientific(text, static_cast<size_t>(end - text));
  // "1.5e-07", "1e+06".
  const char* digits = text + scientific.find('e') + 1;
  int exponent = 0;
  std::from_chars(*digits == '+' ? digits + 1 : digits, end, exponent);
  if (exponent >= -4 && exponent < 6)
    end = std::to_chars(text, std::end(text), value, std::chars_format::fixed).ptr;
  out.append(text, end);
}

}  // namespace

void append_go_float(std::string& out, double value) { append(out, value); }
void append_go_float(std::string& out, float value) { append(out, value); }

}  // namespace bia::codec
