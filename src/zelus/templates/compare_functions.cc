// eq, ne, lt, le, gt, ge: Go's own.
#include <fmt/format.h>

#include "zelus/templates/format.h"
#include "zelus/templates/function.h"

namespace zelus::templates {
namespace {

enum class Kind { kNone, kBool, kInt, kUint, kFloat, kText };

Kind kind_of(const Value& value) {
  if (value.is(Type::kUint8) || value.is(Type::kUint64)) return Kind::kUint;
  if (value.is_integer()) return Kind::kInt;
  if (value.is(Type::kBool)) return Kind::kBool;
  if (value.is(Type::kFloat64)) return Kind::kFloat;
  return value.is(Type::kString) ? Kind::kText : Kind::kNone;
}

bool both_whole(Kind a, Kind b) {
  return (a == Kind::kInt && b == Kind::kUint) || (a == Kind::kUint && b == Kind::kInt);
}

Error incompatible(const Value& a, const Value& b) {
  return call_error(
      fmt::format("incompatible types for comparison: {} and {}", type_name(a), type_name(b)));
}

Result<bool> equal(const Value& a, const Value& b) {
  const Kind left = kind_of(a);
  const Kind right = kind_of(b);
  if (left != right) {
    if (both_whole(left, right)) return a.as_int() >= 0 && a.as_int() == b.as_int();
    if (!a.is_nil() && !b.is_nil()) return incompatible(a, b);
    return false;
  }
  switch (left) {
    case Kind::kBool:
      return a.as_bool() == b.as_bool();
    case Kind::kInt:
    case Kind::kUint:
      return a.as_int() == b.as_int();
    case Kind::kFloat:
      return a.as_real() == b.as_real();
    case Kind::kText:
      return a.as_text() == b.as_text();
    case Kind::kNone:
      break;
  }
  if (a.is_nil() || b.is_nil()) return a.is_nil() == b.is_nil();
  if (kind_name(a) != kind_name(b))
    return call_error(fmt::format("non-comparable types {}, {}", type_name(a), type_name(b)));
  if (b.is_list() || b.is_map())
    return call_error(fmt::format("non-comparable type {}: {}",
                                  sprintf("%s", std::span<const Value>(&b, 1)), type_name(b)));
  return deep_equal(a, b);
}

Result<bool> less(const Value& a, const Value& b) {
  const Kind left = kind_of(a);
  const Kind right = kind_of(b);
  if (left == Kind::kNone || right == Kind::kNone) return call_error("invalid type for comparison");
  if (left != right) {
    if (!both_whole(left, right)) return incompatible(a, b);
    if (left == Kind::kInt && a.as_int() < 0) return true;
    if (right == Kind::kInt && b.as_int() < 0) return false;
    return static_cast<uint64_t>(a.as_int()) < static_cast<uint64_t>(b.as_int());
  }
  switch (left) {
    case Kind::kInt:
      return a.as_int() < b.as_int();
    case Kind::kUint:
      return static_cast<uint64_t>(a.as_int()) < static_cast<uint64_t>(b.as_int());
    case Kind::kFloat:
      return a.as_real() < b.as_real();
    case Kind::kText:
      return a.as_text() < b.as_text();
    default:
      return call_error("invalid type for comparison");
  }
}

Result<Value> eq(Args args) {
  if (args.size() < 2) return call_error("missing argument for comparison");
  for (size_t i = 1; i < args.size(); ++i) {
    if (BIA_TRY(equal(args[0], args[i]))) return Value::boolean(true);
  }
  return Value::boolean(false);
}
Result<Value> ne(Args args) { return Value::boolean(!BIA_TRY(equal(args[0], args[1]))); }
Result<Value> lt(Args args) { return Value::boolean(BIA_TRY(less(args[0], args[1]))); }
Result<Value> le(Args args) {
  if (BIA_TRY(less(args[0], args[1]))) return Value::boolean(true);
  return Value::boolean(BIA_TRY(equal(args[0], args[1])));
}
Result<Value> gt(Args args) {
  const Value result = BIA_TRY(le(args));
  return Value::boolean(!result.as_bool());
}
Result<Value> ge(Args args) { return Value::boolean(!BIA_TRY(less(args[0], args[1]))); }

constexpr Function kFunctions[] = {{"eq", "vv*", eq}, {"ne", "vv", ne}, {"lt", "vv", lt},
                                   {"le", "vv", le},  {"gt", "vv", gt}, {"ge", "vv", ge}};

}  // namespace

std::span<const Function> compare_functions() { return kFunctions; }

}  // namespace zelus::templates
