// Operators. What does not fit is an error, as cel-spec has it: nothing wraps.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "cel/evaluation.h"
#include "cel/function.h"
#include "cel/moment.h"

namespace bia::cel {
namespace {

Value overflow() { return Value::of_error("integer overflow"); }

// __builtin: exactly what is asked here, for both kinds of integers.
Value add_int(Evaluation&, const Value* v) {
  int64_t sum = 0;
  if (__builtin_add_overflow(v[0].integer(), v[1].integer(), &sum)) return overflow();
  return Value::of_int(sum);
}
Value subtract_int(Evaluation&, const Value* v) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(v[0].integer(), v[1].integer(), &difference)) return overflow();
  return Value::of_int(difference);
}
Value multiply_int(Evaluation&, const Value* v) {
  int64_t product = 0;
  if (__builtin_mul_overflow(v[0].integer(), v[1].integer(), &product)) return overflow();
  return Value::of_int(product);
}
bool is_beyond(const Value* v) {
  return v[0].integer() == std::numeric_limits<int64_t>::min() && v[1].integer() == -1;
}
Value divide_int(Evaluation&, const Value* v) {
  if (v[1].integer() == 0) return Value::of_error("division by zero");
  if (is_beyond(v)) return overflow();
  return Value::of_int(v[0].integer() / v[1].integer());
}
Value modulus_int(Evaluation&, const Value* v) {
  if (v[1].integer() == 0) return Value::of_error("modulus by zero");
  if (is_beyond(v)) return overflow();
  return Value::of_int(v[0].integer() % v[1].integer());
}
Value negate_int(Evaluation&, const Value* v) {
  if (v[0].integer() == std::numeric_limits<int64_t>::min()) return overflow();
  return Value::of_int(-v[0].integer());
}

Value add_uint(Evaluation&, const Value* v) {
  uint64_t sum = 0;
  if (__builtin_add_overflow(v[0].natural(), v[1].natural(), &sum)) return overflow();
  return Value::of_uint(sum);
}
Value subtract_uint(Evaluation&, const Value* v) {
  uint64_t difference = 0;
  if (__builtin_sub_overflow(v[0].natural(), v[1].natural(), &difference)) return overflow();
  return Value::of_uint(difference);
}
Value multiply_uint(Evaluation&, const Value* v) {
  uint64_t product = 0;
  if (__builtin_mul_overflow(v[0].natural(), v[1].natural(), &product)) return overflow();
  return Value::of_uint(product);
}
Value divide_uint(Evaluation&, const Value* v) {
  if (v[1].natural() == 0) return Value::of_error("division by zero");
  return Value::of_uint(v[0].natural() / v[1].natural());
}
Value modulus_uint(Evaluation&, const Value* v) {
  if (v[1].natural() == 0) return Value::of_error("modulus by zero");
  return Value::of_uint(v[0].natural() % v[1].natural());
}

Value add_double(Evaluation&, const Value* v) {
  return Value::of_double(v[0].real() + v[1].real());
}
Value subtract_double(Evaluation&, const Value* v) {
  return Value::of_double(v[0].real() - v[1].real());
}
Value multiply_double(Evaluation&, const Value* v) {
  return Value::of_double(v[0].real() * v[1].real());
}
Value divide_double(Evaluation&, const Value* v) {
  // IEEE 754's: infinite, or no number. The language of C++ leaves it open.
  if (v[1].real() == 0) {
    const double left = v[0].real();
    if (left == 0 || std::isnan(left)) return Value::of_double(std::nan(""));
    return Value::of_double(std::copysign(std::numeric_limits<double>::infinity(), left) *
                            std::copysign(1.0, v[1].real()));
  }
  return Value::of_double(v[0].real() / v[1].real());
}
Value negate_double(Evaluation&, const Value* v) { return Value::of_double(-v[0].real()); }

Value join_text(Evaluation& evaluation, const Value* v) {
  const std::string_view a = v[0].text();
  const std::string_view b = v[1].text();
  char* room = evaluation.room(a.size() + b.size());
  if (!room) return Evaluation::too_much();
  std::memcpy(room, a.data(), a.size());
  std::memcpy(room + a.size(), b.data(), b.size());
  const std::string_view whole(room, a.size() + b.size());
  return v[0].kind() == Kind::kString ? Value::of_string(whole) : Value::of_bytes(whole);
}

Value join_lists(Evaluation& evaluation, const Value* v) {
  const size_t first = v[0].list().size();
  const size_t size = first + v[1].list().size();
  if (!evaluation.charge(size)) return Evaluation::too_much();
  Value* values = evaluation.array(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = i < first ? v[0].list().at(evaluation, i) : v[1].list().at(evaluation, i - first);
  return Value::of_list(evaluation.make<ArrayList>(values, size));
}

Value not_of(Evaluation&, const Value* v) { return Value::of_bool(!v[0].boolean()); }

Value add_durations(Evaluation&, const Value* v) {
  return duration_sum(v[0].moment(), v[1].moment());
}
Value subtract_durations(Evaluation&, const Value* v) {
  return duration_sum(v[0].moment(), negated(v[1].moment()));
}
Value add_duration(Evaluation&, const Value* v) {
  return timestamp_sum(v[0].moment(), v[1].moment());
}
Value add_timestamp(Evaluation&, const Value* v) {
  return timestamp_sum(v[1].moment(), v[0].moment());
}
Value subtract_duration(Evaluation&, const Value* v) {
  return timestamp_sum(v[0].moment(), negated(v[1].moment()));
}
Value subtract_timestamps(Evaluation&, const Value* v) {
  // cel-go's durations are nanoseconds of 64 bits: 292 years.
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1'000'000'000;
  const int64_t seconds = v[0].moment().seconds - v[1].moment().seconds;
  if (seconds > kSecondsMax || seconds < -kSecondsMax)
    return Value::of_error("duration out of range");
  return duration_sum(v[0].moment(), negated(v[1].moment()));
}

constexpr Kind kI = Kind::kInt, kU = Kind::kUint, kD = Kind::kDouble, kS = Kind::kString,
               kB = Kind::kBytes, kL = Kind::kList, kDur = Kind::kDuration, kTs = Kind::kTimestamp;
constexpr Overload kArithmetic[] = {
    {"_+_", false, 2, {kI, kI}, kI, add_int},
    {"_+_", false, 2, {kU, kU}, kU, add_uint},
    {"_+_", false, 2, {kD, kD}, kD, add_double},
    {"_+_", false, 2, {kS, kS}, kS, join_text},
    {"_+_", false, 2, {kB, kB}, kB, join_text},
    {"_+_", false, 2, {kL, kL}, kL, join_lists},
    {"_+_", false, 2, {kDur, kDur}, kDur, add_durations},
    {"_+_", false, 2, {kTs, kDur}, kTs, add_duration},
    {"_+_", false, 2, {kDur, kTs}, kTs, add_timestamp},
    {"_-_", false, 2, {kI, kI}, kI, subtract_int},
    {"_-_", false, 2, {kU, kU}, kU, subtract_uint},
    {"_-_", false, 2, {kD, kD}, kD, subtract_double},
    {"_-_", false, 2, {kDur, kDur}, kDur, subtract_durations},
    {"_-_", false, 2, {kTs, kDur}, kTs, subtract_duration},
    {"_-_", false, 2, {kTs, kTs}, kDur, subtract_timestamps},
    {"_*_", false, 2, {kI, kI}, kI, multiply_int},
    {"_*_", false, 2, {kU, kU}, kU, multiply_uint},
    {"_*_", false, 2, {kD, kD}, kD, multiply_double},
    {"_/_", false, 2, {kI, kI}, kI, divide_int},
    {"_/_", false, 2, {kU, kU}, kU, divide_uint},
    {"_/_", false, 2, {kD, kD}, kD, divide_double},
    {"_%_", false, 2, {kI, kI}, kI, modulus_int},
    {"_%_", false, 2, {kU, kU}, kU, modulus_uint},
    {"-_", false, 1, {kI}, kI, negate_int},
    {"-_", false, 1, {kD}, kD, negate_double},
    {"!_", false, 1, {Kind::kBool}, Kind::kBool, not_of},
};

Value less(Evaluation&, const Value* v) {
  return Value::of_bool(compare(v[0], v[1]) == Order::kLess);
}
Value less_equal(Evaluation&, const Value* v) {
  const Order order = compare(v[0], v[1]);
  return Value::of_bool(order == Order::kLess || order == Order::kEqual);
}
Value greater(Evaluation&, const Value* v) {
  return Value::of_bool(compare(v[0], v[1]) == Order::kGreater);
}
Value greater_equal(Evaluation&, const Value* v) {
  const Order order = compare(v[0], v[1]);
  return Value::of_bool(order == Order::kGreater || order == Order::kEqual);
}

/// Each relation of what has an order, and of two numbers of two types.
constexpr auto kRelations = [] {
  constexpr std::array<std::pair<std::string_view, Overload::Code>, 4> kRelation = {
      {{"_<_", less}, {"_<=_", less_equal}, {"_>_", greater}, {"_>=_", greater_equal}}};
  constexpr Kind kAlike[] = {kI, kU, kD, kS, kB, Kind::kBool, kDur, kTs};
  constexpr std::pair<Kind, Kind> kUnlike[] = {{kI, kU}, {kU, kI}, {kI, kD},
                                               {kD, kI}, {kU, kD}, {kD, kU}};
  std::array<Overload, 4 * (8 + 6)> all{};
  size_t count = 0;
  for (const auto& [name, code] : kRelation) {
    for (Kind kind : kAlike) all[count++] = {name, false, 2, {kind, kind}, Kind::kBool, code};
    for (const auto& [a, b] : kUnlike) all[count++] = {name, false, 2, {a, b}, Kind::kBool, code};
  }
  return all;
}();

}  // namespace

std::span<const Overload> arithmetic_overloads() { return kArithmetic; }
std::span<const Overload> relation_overloads() { return kRelations; }

}  // namespace bia::cel
