// sprig's functions of numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zelus/templates/convert.h"
#include "zelus/templates/decimal.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/number.h"

namespace zelus::templates {
namespace {

Value whole(int64_t value) { return Value::integer(value, Type::kInt64); }

/// Go's integers wrap.
int64_t wrap(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t bits(const Value& value) { return static_cast<uint64_t>(to_int64(value)); }

Result<Value> add(Args args) {
  uint64_t sum = 0;
  for (const Value& arg : args) sum += bits(arg);
  return whole(wrap(sum));
}
Result<Value> mul(Args args) {
  uint64_t product = 1;
  for (const Value& arg : args) product *= bits(arg);
  return whole(wrap(product));
}
Result<Value> quotient(Args args, bool rest) {
  const int64_t a = to_int64(args[0]);
  const int64_t b = to_int64(args[1]);
  if (b == 0) return call_error("runtime error: integer divide by zero");
  if (b == -1) return whole(rest ? 0 : wrap(0 - static_cast<uint64_t>(a)));
  return whole(rest ? a % b : a / b);
}

Result<Value> decimal(const Value& first, Args others, DecimalOp op) {
  Decimal result(to_float64(first));
  for (const Value& other : others) {
    const double value = to_float64(other);
    if (op == DecimalOp::kDivide && value == 0) return call_error("decimal division by 0");
    result.apply(op, Decimal(value));
  }
  return Value::real(result.value());
}

template <typename Better>
Result<Value> best(Args args, Better better) {
  int64_t value = to_int64(args[0]);
  for (const Value& arg : args.subspan(1)) value = better(value, to_int64(arg));
  return whole(value);
}
template <typename Better>
Result<Value> best_real(Args args, Better better) {
  double value = to_float64(args[0]);
  for (const Value& arg : args.subspan(1)) value = better(value, to_float64(arg));
  return Value::real(value);
}
int64_t larger(int64_t a, int64_t b) { return std::max(a, b); }
int64_t smaller(int64_t a, int64_t b) { return std::min(a, b); }
double larger_real(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
}
double smaller_real(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
}

Result<Value> round(Args args) {
  const double on = args.size() > 2 ? args[2].as_real() : 0.5;
  const double power = std::pow(10, static_cast<double>(args[1].as_int()));
  const double digit = power * to_float64(args[0]);
  double unused = 0;
  const double rest = std::modf(digit, &unused);
  return Value::real((rest >= on ? std::ceil(digit) : std::floor(digit)) / power);
}

Result<std::vector<int64_t>> steps(int64_t start, int64_t stop, int64_t step) {
  std::vector<int64_t> out;
  const bool down = stop < start;
  if (down ? step >= 0 : step <= 0) return out;
  for (int64_t i = start; down ? i > stop : i < stop;) {
    if (static_cast<int64_t>(out.size()) == kMadeItemsMax)
      return call_error(fmt::format("more than {} numbers", kMadeItemsMax));
    out.push_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return out;
}
Result<Value> until_step(int64_t start, int64_t stop, int64_t step) {
  Items items;
  for (int64_t i : BIA_TRY(steps(start, stop, step))) items.push_back(Value::integer(i));
  return Value::list(std::move(items), Type::kInts);
}

Result<Value> seq(Args args) {
  if (args.empty() || args.size() > 3) return Value::text("");
  const int64_t start = args.size() == 1 ? 1 : args.front().as_int();
  const int64_t end = args.back().as_int();
  const int64_t increment = end < start ? -1 : 1;
  const int64_t step = args.size() == 3 ? args[1].as_int() : increment;
  if (args.size() == 3 && end < start && step > 0) return Value::text("");
  std::string out;
  for (int64_t i : BIA_TRY(steps(start, wrap(static_cast<uint64_t>(end + increment)), step)))
    out += fmt::format("{}{}", out.empty() ? "" : " ", i);
  return Value::text(std::move(out));
}

constexpr Function kFunctions[] = {
    {"atoi", "s",
     [](Args args) -> Result<Value> {
       return Value::integer(parse_int(args[0].as_text(), 10).value_or(0));
     }},
    {"int64", "a", [](Args args) -> Result<Value> { return whole(to_int64(args[0])); }},
    {"int", "a", [](Args args) -> Result<Value> { return Value::integer(to_int64(args[0])); }},
    {"float64", "a", [](Args args) -> Result<Value> { return Value::real(to_float64(args[0])); }},
    {"toDecimal", "a",
     [](Args args) -> Result<Value> {
       return whole(parse_int(value_text(args[0]), 8).value_or(0));
     }},
    {"add1", "a", [](Args args) -> Result<Value> { return whole(wrap(bits(args[0]) + 1)); }},
    {"add", "a*", add},
    {"sub", "aa",
     [](Args args) -> Result<Value> { return whole(wrap(bits(args[0]) - bits(args[1]))); }},
    {"div", "aa", [](Args args) { return quotient(args, false); }},
    {"mod", "aa", [](Args args) { return quotient(args, true); }},
    {"mul", "aa*", mul},
    {"add1f", "a",
     [](Args args) {
       Value one = Value::integer(1);
       return decimal(args[0], Args(&one, 1), DecimalOp::kAdd);
     }},
    {"addf", "a*", [](Args args) { return decimal(Value::real(0), args, DecimalOp::kAdd); }},
    {"subf", "aa*",
     [](Args args) { return decimal(args[0], args.subspan(1), DecimalOp::kSubtract); }},
    {"divf", "aa*",
     [](Args args) { return decimal(args[0], args.subspan(1), DecimalOp::kDivide); }},
    {"mulf", "aa*",
     [](Args args) { return decimal(args[0], args.subspan(1), DecimalOp::kMultiply); }},
    {"biggest", "aa*", [](Args args) { return best(args, larger); }},
    {"max", "aa*", [](Args args) { return best(args, larger); }},
    {"min", "aa*", [](Args args) { return best(args, smaller); }},
    {"maxf", "aa*", [](Args args) { return best_real(args, larger_real); }},
    {"minf", "aa*", [](Args args) { return best_real(args, smaller_real); }},
    {"ceil", "a",
     [](Args args) -> Result<Value> { return Value::real(std::ceil(to_float64(args[0]))); }},
    {"floor", "a",
     [](Args args) -> Result<Value> { return Value::real(std::floor(to_float64(args[0]))); }},
    {"round", "aif*", round},
    {"until", "i",
     [](Args args) { return until_step(0, args[0].as_int(), args[0].as_int() < 0 ? -1 : 1); }},
    {"untilStep", "iii",
     [](Args args) { return until_step(args[0].as_int(), args[1].as_int(), args[2].as_int()); }},
    {"seq", "i*", seq},
};

}  // namespace

std::span<const Function> number_functions() { return kFunctions; }

int64_t to_int64(const Value& value) {
  if (value.is(Type::kInt) || value.is(Type::kInt64) || value.is(Type::kUint8) ||
      value.is(Type::kUint64))
    return value.as_int();
  if (value.is(Type::kFloat64)) {
    const double real = value.as_real();
    // What the processor makes of one that does not fit.
    return real >= -0x1p63 && real < 0x1p63 ? static_cast<int64_t>(real) : INT64_MIN;
  }
  if (value.is(Type::kString)) return parse_int(value.as_text(), 0).value_or(0);
  return value.is(Type::kBool) && value.as_bool() ? 1 : 0;
}

double to_float64(const Value& value) {
  if (value.is(Type::kFloat64)) return value.as_real();
  if (value.is(Type::kString)) return parse_float(value.as_text()).value_or(0);
  if (value.is(Type::kUint64)) return static_cast<double>(static_cast<uint64_t>(value.as_int()));
  return static_cast<double>(to_int64(value));
}

}  // namespace zelus::templates
