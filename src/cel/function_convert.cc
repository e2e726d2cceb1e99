// Conversions between types. A number that does not fit is an error.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "cel/evaluation.h"
#include "cel/function.h"
#include "cel/moment.h"
#include "codec/real_text.h"
#include "codec/time_text.h"
#include "codec/utf8.h"

namespace bia::cel {
namespace {

Value same(Evaluation&, const Value* v) { return v[0]; }
Value range_error() { return Value::of_error("integer overflow"); }

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

Value cannot(Evaluation& evaluation, const Value& value, std::string_view what) {
  return evaluation.error(fmt::format("\"{}\" is no {}", value.text(), what));
}

Value int_of_uint(Evaluation&, const Value* v) {
  return v[0].natural() > INT64_MAX ? range_error()
                                    : Value::of_int(static_cast<int64_t>(v[0].natural()));
}
Value int_of_double(Evaluation&, const Value* v) {
  const double value = v[0].real();
  if (!(value > -0x1p63 && value < 0x1p63)) return range_error();
  return Value::of_int(static_cast<int64_t>(value));
}
Value int_of_string(Evaluation& evaluation, const Value* v) {
  std::string_view text = v[0].text();
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  return read_number(text, value) ? Value::of_int(value) : cannot(evaluation, v[0], "int");
}
Value int_of_timestamp(Evaluation&, const Value* v) { return Value::of_int(v[0].moment().seconds); }

Value uint_of_int(Evaluation&, const Value* v) {
  return v[0].integer() < 0 ? range_error() : Value::of_uint(static_cast<uint64_t>(v[0].integer()));
}
Value uint_of_double(Evaluation&, const Value* v) {
  const double value = v[0].real();
  if (!(value >= 0 && value < 0x1p64)) return range_error();
  return Value::of_uint(static_cast<uint64_t>(value));
}
Value uint_of_string(Evaluation& evaluation, const Value* v) {
  uint64_t value = 0;
  return read_number(v[0].text(), value) ? Value::of_uint(value) : cannot(evaluation, v[0], "uint");
}

Value double_of_int(Evaluation&, const Value* v) {
  return Value::of_double(static_cast<double>(v[0].integer()));
}
Value double_of_uint(Evaluation&, const Value* v) {
  return Value::of_double(static_cast<double>(v[0].natural()));
}
Value double_of_string(Evaluation& evaluation, const Value* v) {
  std::string_view text = v[0].text();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = codec::real_from_chars(text, value);
  if (error != std::errc() || end != text.data() + text.size())
    return cannot(evaluation, v[0], "double");
  return Value::of_double(value);
}

Value string_of(Evaluation& evaluation, const Value* v) {
  std::string text;
  append_text(evaluation, text, v[0]);
  return evaluation.string(text);
}
Value string_of_bytes(Evaluation&, const Value* v) {
  const std::string_view text = v[0].text();
  for (size_t at = 0; at < text.size();) {
    const size_t length = codec::utf8_length(text, at);
    if (length == 0) return Value::of_error("the bytes are no UTF-8, and so no string");
    at += length;
  }
  return Value::of_string(text);
}
Value bytes_of_string(Evaluation&, const Value* v) { return Value::of_bytes(v[0].text()); }

Value bool_of_string(Evaluation& evaluation, const Value* v) {
  const std::string_view text = v[0].text();
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return Value::of_bool(true);
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return Value::of_bool(false);
  }
  return cannot(evaluation, v[0], "bool");
}

Value duration_of_string(Evaluation& evaluation, const Value* v) {
  Moment moment;
  return parse_duration(v[0].text(), moment) ? Value::of_duration(moment)
                                             : cannot(evaluation, v[0], "duration");
}
Value timestamp_of_string(Evaluation& evaluation, const Value* v) {
  Moment moment;
  return codec::parse_timestamp(v[0].text(), moment.seconds, moment.nanos)
             ? Value::of_timestamp(moment)
             : cannot(evaluation, v[0], "timestamp");
}
Value timestamp_of_int(Evaluation&, const Value* v) {
  if (v[0].integer() < codec::kTimestampSecondsMin || v[0].integer() > codec::kTimestampSecondsMax)
    return Value::of_error("timestamp out of range");
  return Value::of_timestamp({v[0].integer(), 0});
}

constexpr Kind kI = Kind::kInt, kU = Kind::kUint, kD = Kind::kDouble, kS = Kind::kString,
               kB = Kind::kBytes, kBool = Kind::kBool, kDur = Kind::kDuration,
               kTs = Kind::kTimestamp;
constexpr Overload kConversions[] = {
    {"int", false, 1, {kI}, kI, same},
    {"int", false, 1, {kU}, kI, int_of_uint},
    {"int", false, 1, {kD}, kI, int_of_double},
    {"int", false, 1, {kS}, kI, int_of_string},
    {"int", false, 1, {kTs}, kI, int_of_timestamp},
    {"uint", false, 1, {kU}, kU, same},
    {"uint", false, 1, {kI}, kU, uint_of_int},
    {"uint", false, 1, {kD}, kU, uint_of_double},
    {"uint", false, 1, {kS}, kU, uint_of_string},
    {"double", false, 1, {kD}, kD, same},
    {"double", false, 1, {kI}, kD, double_of_int},
    {"double", false, 1, {kU}, kD, double_of_uint},
    {"double", false, 1, {kS}, kD, double_of_string},
    {"string", false, 1, {kS}, kS, same},
    {"string", false, 1, {kI}, kS, string_of},
    {"string", false, 1, {kU}, kS, string_of},
    {"string", false, 1, {kD}, kS, string_of},
    {"string", false, 1, {kBool}, kS, string_of},
    {"string", false, 1, {kB}, kS, string_of_bytes},
    {"string", false, 1, {kDur}, kS, string_of},
    {"string", false, 1, {kTs}, kS, string_of},
    {"bytes", false, 1, {kB}, kB, same},
    {"bytes", false, 1, {kS}, kB, bytes_of_string},
    {"bool", false, 1, {kBool}, kBool, same},
    {"bool", false, 1, {kS}, kBool, bool_of_string},
    {"duration", false, 1, {kDur}, kDur, same},
    {"duration", false, 1, {kS}, kDur, duration_of_string},
    {"timestamp", false, 1, {kTs}, kTs, same},
    {"timestamp", false, 1, {kS}, kTs, timestamp_of_string},
    {"timestamp", false, 1, {kI}, kTs, timestamp_of_int},
    {"dyn", false, 1, {Kind::kDyn}, Kind::kDyn, same},
};

/// Sorted by the keys' texts, because a message's map has no order.
void append_pairs(Evaluation& evaluation, std::string& out, const Map& map) {
  std::map<std::string, std::string> pairs;
  for (size_t i = 0; i < map.size() && evaluation.charge(1); ++i) {
    std::string key;
    append_text(evaluation, key, map.key_at(evaluation, i));
    append_text(evaluation, pairs[std::move(key)], map.value_at(evaluation, i));
  }
  out += '{';
  bool first = true;
  for (const auto& [key, value] : pairs) {
    if (!std::exchange(first, false)) out += ", ";
    out.append(key).append(": ").append(value);
  }
  out += '}';
}

}  // namespace

void append_text(Evaluation& evaluation, std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += value.boolean() ? "true" : "false";
      return;
    case Kind::kInt:
      out += std::to_string(value.integer());
      return;
    case Kind::kUint:
      out += std::to_string(value.natural());
      return;
    case Kind::kDouble:
      if (std::isnan(value.real())) {
        out += "NaN";
      } else if (std::isinf(value.real())) {
        out += value.real() < 0 ? "-Infinity" : "Infinity";
      } else {
        fmt::format_to(std::back_inserter(out), "{}", value.real());
        if (out.ends_with(".0")) out.resize(out.size() - 2);
      }
      return;
    case Kind::kDuration:
      out += duration_text(value.moment());
      return;
    case Kind::kTimestamp:
      codec::append_timestamp(out, value.moment().seconds, value.moment().nanos);
      return;
    case Kind::kList: {
      const List& list = value.list();
      out += '[';
      for (size_t i = 0; i < list.size() && evaluation.charge(1); ++i) {
        if (i > 0) out += ", ";
        append_text(evaluation, out, list.at(evaluation, i));
      }
      out += ']';
      return;
    }
    case Kind::kMap:
      append_pairs(evaluation, out, value.map());
      return;
    case Kind::kMessage:
      out += "message";
      return;
    default:
      // What is said of an exhausted evaluation is to be shown too.
      if (value.is_error() || evaluation.charge(value.text().size() / 16)) out += value.text();
  }
}

std::span<const Overload> conversion_overloads() { return kConversions; }

}  // namespace bia::cel
