#include "zelus/metrics/go_float.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "codec/go_float.h"
#include "codec/real_text.h"

namespace zelus::metrics {
namespace {

bia::Error float_error(std::string_view text, std::string_view why) {
  return bia::Error(bia::Code::kInvalidArgument, "BAD_NUMBER",
                    fmt::format("strconv.ParseFloat: parsing {}: {}", go_quote(text), why));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_lower(std::string_view text, std::string_view lowered) {
  if (text.size() != lowered.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lowered[i]) return false;
  }
  return true;
}

}  // namespace

bia::Result<double> parse_go_float(std::string_view text) {
  std::string_view rest = text;
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  double sign = negative ? -1 : 1;
  if (equals_lower(rest, "inf") || equals_lower(rest, "infinity"))
    return sign * std::numeric_limits<double>::infinity();
  if (equals_lower(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  std::chars_format format = std::chars_format::general;
  bool hex = rest.size() > 2 && rest[0] == '0' && lower(rest[1]) == 'x';
  if (hex) {
    // Go wants an exponent here, from_chars does not.
    if (rest.find_first_of("pP") == std::string_view::npos)
      return float_error(text, "invalid syntax");
    rest.remove_prefix(2);
    format = std::chars_format::hex;
  }
  // from_chars takes "inf", "nan(…)" and a second sign, Go does not.
  if (rest.empty() || !(rest[0] == '.' || (rest[0] >= '0' && rest[0] <= '9') ||
                        (hex && lower(rest[0]) >= 'a' && lower(rest[0]) <= 'f'))) {
    return float_error(text, "invalid syntax");
  }
  double value = 0;
  auto [end, error] = bia::codec::real_from_chars(rest, value, format);
  if (error == std::errc::invalid_argument || end != rest.data() + rest.size())
    return float_error(text, "invalid syntax");
  if (error != std::errc()) return float_error(text, "value out of range");
  return sign * value;
}

namespace {

/// Whole numbers and those of at most six decimals, below a million: what samples are, durations in
/// milliseconds of whole nanoseconds among them. Their at most twelve digits read back the same,
/// and no two numbers of so few digits are one double: so they are the shortest, which takes the
/// general way five times as long to find.
bool append_short(std::string& out, double value) {
  double size = std::fabs(value);
  if (!(size >= 1e-4 && size < 1e6)) return false;
  auto millionths = static_cast<uint64_t>(size * 1e6 + 0.5);
  if (static_cast<double>(millionths) / 1e6 != size || millionths >= 1'000'000'000'000)
    return false;
  char text[24];
  char* end = text;
  if (value < 0) *end++ = '-';
  end = std::to_chars(end, text + sizeof(text), millionths / 1'000'000).ptr;
  auto fraction = static_cast<uint32_t>(millionths % 1'000'000);
  if (fraction != 0) {
    *end = '.';
    for (int i = 6; i > 0; --i, fraction /= 10) end[i] = static_cast<char>('0' + fraction % 10);
    end += 7;
    while (end[-1] == '0') --end;
  }
  out.append(text, static_cast<size_t>(end - text));
  return true;
}

}  // namespace

void append_go_g(std::string& out, double value) {
  if (!append_short(out, value)) bia::codec::append_go_float(out, value);
}

std::string format_go_g(double value) {
  std::string out;
  append_go_g(out, value);
  return out;
}

}  // namespace zelus::metrics
