#include "cel/value.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include <chrono>
#include <cstring>

#include "cel/evaluation.h"

namespace bia::cel {
namespace {

template <typename T>
Order order_of(const T& a, const T& b) {
  if (a < b) return Order::kLess;
  if (b < a) return Order::kGreater;
  return a == b ? Order::kEqual : Order::kNone;
}

Order reversed(Order order) {
  return order == Order::kLess ? Order::kGreater : order == Order::kGreater ? Order::kLess : order;
}

Order int_with_uint(int64_t a, uint64_t b) {
  return a < 0 ? Order::kLess : order_of(static_cast<uint64_t>(a), b);
}

/// As cel-go: as doubles, where the double is in the integer's range. An integer that a double
/// cannot hold is the one beside it.
Order int_with_double(int64_t a, double b) {
  if (b > 0x1p63) return Order::kLess;
  if (b < -0x1p63) return Order::kGreater;
  return order_of(static_cast<double>(a), b);
}

Order uint_with_double(uint64_t a, double b) {
  if (b > 0x1p64) return Order::kLess;
  if (b < 0) return Order::kGreater;
  return order_of(static_cast<double>(a), b);
}

Order compare_numbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::kInt) {
    return b.kind() == Kind::kInt    ? order_of(a.integer(), b.integer())
           : b.kind() == Kind::kUint ? int_with_uint(a.integer(), b.natural())
                                     : int_with_double(a.integer(), b.real());
  }
  if (a.kind() == Kind::kUint) {
    return b.kind() == Kind::kUint  ? order_of(a.natural(), b.natural())
           : b.kind() == Kind::kInt ? reversed(int_with_uint(b.integer(), a.natural()))
                                    : uint_with_double(a.natural(), b.real());
  }
  if (b.kind() == Kind::kDouble) return order_of(a.real(), b.real());
  return reversed(b.kind() == Kind::kInt ? int_with_double(b.integer(), a.real())
                                         : uint_with_double(b.natural(), a.real()));
}

Value equal_lists(Evaluation& evaluation, const List& a, const List& b) {
  if (a.size() != b.size()) return Value::of_bool(false);
  for (size_t i = 0; i < a.size(); ++i) {
    if (!evaluation.charge(1)) return Evaluation::too_much();
    const Value same = equal(evaluation, a.at(evaluation, i), b.at(evaluation, i));
    if (!same.is_true()) return same;
  }
  return Value::of_bool(true);
}

Value equal_maps(Evaluation& evaluation, const Map& a, const Map& b) {
  if (a.size() != b.size()) return Value::of_bool(false);
  for (size_t i = 0; i < a.size(); ++i) {
    Value other;
    if (!find_key(evaluation, b, a.key_at(evaluation, i), other)) return Value::of_bool(false);
    const Value same = equal(evaluation, a.value_at(evaluation, i), other);
    if (!same.is_true()) return same;
  }
  return Value::of_bool(true);
}

Value equal_messages(Evaluation& evaluation, const google::protobuf::Message& a,
                     const google::protobuf::Message& b) {
  if (a.GetDescriptor() != b.GetDescriptor()) return Value::of_bool(false);
  if (!evaluation.charge(1 + a.ByteSizeLong() / 16)) return Evaluation::too_much();
  return Value::of_bool(google::protobuf::util::MessageDifferencer::Equals(a, b));
}

}  // namespace

Value Evaluation::keep(Kind kind, std::string_view text) {
  char* room = this->room(text.size());
  if (!room) return too_much();
  std::memcpy(room, text.data(), text.size());
  const std::string_view kept(room, text.size());
  return kind == Kind::kString  ? Value::of_string(kept)
         : kind == Kind::kBytes ? Value::of_bytes(kept)
                                : Value::of_error(kept);
}

Value Evaluation::now() {
  if (!now_) {
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
    now_ = Moment{nanos / 1'000'000'000, static_cast<int32_t>(nanos % 1'000'000'000)};
  }
  return Value::of_timestamp(*now_);
}

Order compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return Order::kNone;
  switch (a.kind()) {
    case Kind::kBool:
      return order_of(a.boolean(), b.boolean());
    case Kind::kString:
    case Kind::kBytes:
      return order_of(a.text(), b.text());
    case Kind::kDuration:
    case Kind::kTimestamp:
      return order_of(a.moment(), b.moment());
    default:
      return Order::kNone;
  }
}

Value equal(Evaluation& evaluation, const Value& a, const Value& b) {
  if (a.is_error()) return a;
  if (b.is_error()) return b;
  if (a.is_number() && b.is_number()) return Value::of_bool(compare_numbers(a, b) == Order::kEqual);
  if (a.kind() != b.kind()) return Value::of_bool(false);
  switch (a.kind()) {
    case Kind::kNull:
      return Value::of_bool(true);
    case Kind::kType:
      return Value::of_bool(a.text() == b.text());
    case Kind::kList:
      return equal_lists(evaluation, a.list(), b.list());
    case Kind::kMap:
      return equal_maps(evaluation, a.map(), b.map());
    case Kind::kMessage:
      return equal_messages(evaluation, a.message(), b.message());
    default:
      return Value::of_bool(compare(a, b) == Order::kEqual);
  }
}

bool is_key(const Value& value) {
  return value.kind() == Kind::kBool || value.kind() == Kind::kInt || value.kind() == Kind::kUint ||
         value.kind() == Kind::kString;
}

bool find_key(Evaluation& evaluation, const Map& map, const Value& key, Value& out) {
  if (!is_key(key) && key.kind() != Kind::kDouble) return false;
  if (!evaluation.charge(map.size())) {
    out = Evaluation::too_much();
    return true;
  }
  for (size_t i = 0; i < map.size(); ++i) {
    const Value other = map.key_at(evaluation, i);
    const bool alike = other.kind() == key.kind() || (other.is_number() && key.is_number());
    if (!alike || compare(other, key) != Order::kEqual) continue;
    out = map.value_at(evaluation, i);
    return true;
  }
  return false;
}

}  // namespace bia::cel
