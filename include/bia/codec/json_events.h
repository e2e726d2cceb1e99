#pragma once
#include <cstdint>
#include <string_view>

namespace bia::codec {

/// A number as its source knows it: exact as an integer where it has no fraction and fits, else as
/// a double.
struct JsonNumber {
  enum class Kind : uint8_t { kInt, kUint, kDouble };  ///< kUint only above INT64_MAX
  Kind kind = Kind::kInt;
  int64_t integer = 0;  ///< of kUint: the bits
  double real = 0;      ///< set for every kind; infinite of what is beyond any double
};

/// A JSON-like value that is pulled apart from outside: a JSON text, or a JavaScript value. What
/// WireTable encodes from. A method that returns false has failed (but `next_*`, where it means the
/// end, or failure if `failed()`); the source keeps its own error.
class JsonSource {
 public:
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kObject, kArray, kFailed };
  /// Of the value that comes next; takes nothing.
  virtual Kind peek() = 0;
  virtual bool take_null() = 0;
  virtual bool take_bool(bool& value) = 0;
  virtual bool take_number(JsonNumber& value) = 0;
  /// The view lives until the next call.
  virtual bool take_string(std::string_view& value) = 0;
  virtual bool enter_object() = 0;
  /// The next member's name, whose value must be taken (or skipped) before the next call; false at
  /// the end, which leaves the object.
  virtual bool next_field(std::string_view& name) = 0;
  virtual bool enter_array() = 0;
  virtual bool next_element() = 0;
  virtual bool skip() = 0;
  virtual bool failed() const = 0;
  /// Fails with `message` about the token or name taken last: `(line 1:2): unknown field "x"` for a
  /// text.
  virtual void fail(std::string_view message) = 0;
  /// The same about the name that `next_field` gave last, where its value has been looked at since.
  virtual void fail_at_field(std::string_view message) { fail(message); }
  /// As the source writes the value taken or peeked last, for error texts: `"x"`, `12`, `true`.
  virtual std::string_view raw() = 0;

 protected:
  ~JsonSource() = default;
};

/// Takes a value in document order. What WireTable decodes into.
class JsonSink {
 public:
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  /// int32, uint32, fixed32 …, and numbers of unknown enum values. 64-bit integers come as
  /// `string`, as protobuf's JSON has them.
  virtual void integer(int64_t value) = 0;
  /// Finite. `single`: of a float, whose shortest text is shorter.
  enum class Precision : uint8_t { kDouble, kSingle };
  virtual void number(double value, Precision precision) = 0;
  virtual void string(std::string_view value) = 0;
  virtual void begin_object() = 0;
  /// `name` of a declared field lives as long as the table.
  virtual void key(std::string_view name) = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;

 protected:
  ~JsonSink() = default;
};

}  // namespace bia::codec
