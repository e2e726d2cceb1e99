#include "cel/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "cel/evaluation.h"
#include "cel/function.h"

namespace bia::cel {
namespace {

bool append_real(std::string& out, const Value& value, char verb, int precision) {
  const double real = value.kind() == Kind::kDouble ? value.real()
                      : value.kind() == Kind::kInt  ? static_cast<double>(value.integer())
                                                    : static_cast<double>(value.natural());
  if (!value.is_number()) return false;
  if (std::isnan(real)) {
    out += "NaN";
  } else if (std::isinf(real)) {
    out += real < 0 ? "-Infinity" : "Infinity";
  } else if (verb == 'f') {
    fmt::format_to(std::back_inserter(out), "{:.{}f}", real, precision);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.{}e}", real, precision);
  }
  return true;
}

/// A whole number to some base; in hexadecimal also text.
bool append_based(std::string& out, const Value& value, char verb) {
  const bool text = value.kind() == Kind::kString || value.kind() == Kind::kBytes;
  if (text && (verb | 32) == 'x') {
    std::string digits = hex_of(value.text());
    for (char& c : digits) {
      if (verb == 'X' && c >= 'a') c = static_cast<char>(c - 32);
    }
    out += digits;
    return true;
  }
  uint64_t number = 0;
  if (value.kind() == Kind::kBool && verb == 'b') {
    number = value.boolean() ? 1 : 0;
  } else if (value.kind() == Kind::kInt) {
    if (value.integer() < 0) out += '-';
    number = value.integer() < 0 ? 0 - value.natural() : value.natural();
  } else if (value.kind() == Kind::kUint) {
    number = value.natural();
  } else {
    return false;
  }
  auto into = std::back_inserter(out);
  switch (verb) {
    case 'b':
      fmt::format_to(into, "{:b}", number);
      return true;
    case 'o':
      fmt::format_to(into, "{:o}", number);
      return true;
    case 'x':
      fmt::format_to(into, "{:x}", number);
      return true;
    default:
      fmt::format_to(into, "{:X}", number);
      return true;
  }
}

/// A message has no text, nor what holds one.
bool has_text(Evaluation& evaluation, const Value& value) {
  // Lists share what they hold, so that few steps make what is long to walk.
  if (!evaluation.charge(1)) return false;
  if (value.kind() == Kind::kMap) {
    for (size_t i = 0; i < value.map().size(); ++i) {
      if (!has_text(evaluation, value.map().value_at(evaluation, i))) return false;
    }
  }
  if (value.kind() == Kind::kList) {
    for (size_t i = 0; i < value.list().size(); ++i) {
      if (!has_text(evaluation, value.list().at(evaluation, i))) return false;
    }
  }
  return value.kind() != Kind::kMessage && !value.is_error();
}

bool append_one(Evaluation& evaluation, std::string& out, const Value& value, char verb,
                int precision) {
  switch (verb) {
    case 's':
      if (!has_text(evaluation, value)) return false;
      append_text(evaluation, out, value);
      return true;
    case 'd':
      if (!value.is_number()) return false;
      append_text(evaluation, out, value);
      return true;
    case 'f':
    case 'e':
      return append_real(out, value, verb, precision);
    default:
      return append_based(out, value, verb);
  }
}

}  // namespace

Value format(Evaluation& evaluation, std::string_view pattern, const List& arguments) {
  constexpr int kPrecisionMax = 100;
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      out += pattern[at];
      continue;
    }
    if (++at < pattern.size() && pattern[at] == '%') {
      out += '%';
      continue;
    }
    int precision = 6;
    if (at < pattern.size() && pattern[at] == '.') {
      precision = 0;
      for (++at; at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9'; ++at)
        precision = std::min(precision * 10 + (pattern[at] - '0'), kPrecisionMax + 1);
    }
    if (at >= pattern.size() || precision > kPrecisionMax ||
        std::string_view("sdfebxXo").find(pattern[at]) == std::string_view::npos)
      return Value::of_error("format has a clause that is none of %s, %d, %f, %e, %b, %o, %x, %X");
    if (next >= arguments.size()) return Value::of_error("format has fewer arguments than clauses");
    const Value value = arguments.at(evaluation, next++);
    if (value.is_error()) return value;
    const bool taken = append_one(evaluation, out, value, pattern[at], precision);
    // Of an exhausted evaluation the text is cut.
    if (!evaluation.charge(1)) return Evaluation::too_much();
    if (!taken)
      return evaluation.error(
          fmt::format("format's %{} takes no {}", pattern[at], kind_name(value.kind())));
  }
  if (!evaluation.charge(out.size() / 16)) return Evaluation::too_much();
  return evaluation.string(out);
}

}  // namespace bia::cel
