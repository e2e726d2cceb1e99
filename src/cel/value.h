#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cel/type.h"

namespace google::protobuf {
class Message;
}

namespace bia::cel {
class Evaluation;
class List;
class Map;

/// A google.protobuf.Duration or Timestamp; both parts of a duration have one sign.
struct Moment {
  int64_t seconds = 0;
  int32_t nanos = 0;
  auto operator<=>(const Moment&) const = default;
};

/// A value of an expression: three words, copied freely. What it points to belongs to the message
/// that is looked at, to the program, or to the Evaluation. An error is a value too: `&&` and `||`
/// may yet do without it.
class Value {
 public:
  Value() : kind_(Kind::kNull), int_(0) {}
  static Value of_bool(bool value) { return Value(Kind::kBool, int64_t{value}); }
  static Value of_int(int64_t value) { return Value(Kind::kInt, value); }
  static Value of_uint(uint64_t value) { return Value(Kind::kUint, static_cast<int64_t>(value)); }
  static Value of_double(double value) {
    Value made(Kind::kDouble, int64_t{0});
    made.double_ = value;
    return made;
  }
  static Value of_string(std::string_view text) { return Value(Kind::kString, text); }
  static Value of_bytes(std::string_view text) { return Value(Kind::kBytes, text); }
  static Value of_type(std::string_view name) { return Value(Kind::kType, name); }
  static Value of_error(std::string_view text) { return Value(Kind::kError, text); }
  static Value of_duration(Moment moment) { return Value(Kind::kDuration, moment); }
  static Value of_timestamp(Moment moment) { return Value(Kind::kTimestamp, moment); }
  static Value of_list(const List* list) { return Value(Kind::kList, list); }
  static Value of_map(const Map* map) { return Value(Kind::kMap, map); }
  static Value of_message(const google::protobuf::Message* message) {
    return Value(Kind::kMessage, message);
  }

  Kind kind() const { return kind_; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_true() const { return kind_ == Kind::kBool && int_ != 0; }
  bool is_false() const { return kind_ == Kind::kBool && int_ == 0; }
  bool is_number() const {
    return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble;
  }

  // Each only of a value of its kind.
  bool boolean() const { return int_ != 0; }
  int64_t integer() const { return int_; }
  uint64_t natural() const { return static_cast<uint64_t>(int_); }
  double real() const { return double_; }
  std::string_view text() const { return text_; }
  Moment moment() const { return moment_; }
  const List& list() const { return *static_cast<const List*>(pointer_); }
  const Map& map() const { return *static_cast<const Map*>(pointer_); }
  const google::protobuf::Message& message() const {
    return *static_cast<const google::protobuf::Message*>(pointer_);
  }

 private:
  Value(Kind kind, int64_t value) : kind_(kind), int_(value) {}
  Value(Kind kind, std::string_view text) : kind_(kind), text_(text) {}
  Value(Kind kind, Moment moment) : kind_(kind), moment_(moment) {}
  Value(Kind kind, const void* pointer) : kind_(kind), pointer_(pointer) {}

  Kind kind_;
  union {
    int64_t int_;
    double double_;
    std::string_view text_;
    Moment moment_;
    const void* pointer_;
  };
};

/// Neither is ever freed one by one: they live as long as their Evaluation or program.
class List {
 public:
  virtual size_t size() const = 0;
  virtual Value at(Evaluation& evaluation, size_t index) const = 0;

 protected:
  ~List() = default;
};

class Map {
 public:
  virtual size_t size() const = 0;
  virtual Value key_at(Evaluation& evaluation, size_t index) const = 0;
  virtual Value value_at(Evaluation& evaluation, size_t index) const = 0;

 protected:
  ~Map() = default;
};

/// Values that lie side by side.
class ArrayList final : public List {
 public:
  ArrayList(const Value* values, size_t size) : values_(values), size_(size) {}
  size_t size() const override { return size_; }
  Value at(Evaluation&, size_t index) const override { return values_[index]; }

 private:
  const Value* values_;
  size_t size_;
};

/// Keys and values by turns.
class ArrayMap final : public Map {
 public:
  ArrayMap(const Value* pairs, size_t size) : pairs_(pairs), size_(size) {}
  size_t size() const override { return size_; }
  Value key_at(Evaluation&, size_t index) const override { return pairs_[2 * index]; }
  Value value_at(Evaluation&, size_t index) const override { return pairs_[2 * index + 1]; }

 private:
  const Value* pairs_;
  size_t size_;
};

/// `a == b`, numbers by their value whatever their types. Values of two types are
/// unlike. True, false, or the error of what could not be looked at.
Value equal(Evaluation& evaluation, const Value& a, const Value& b);

enum class Order : uint8_t { kLess, kEqual, kGreater, kNone };
/// Of two of one type that has an order, or of two numbers. kNone beside NaN, and for others.
Order compare(const Value& a, const Value& b);

/// The value at `key`; false where there is none. An error in `out` goes with true.
bool find_key(Evaluation& evaluation, const Map& map, const Value& key, Value& out);
/// Whether a value can be a key of a map.
bool is_key(const Value& value);

}  // namespace bia::cel
