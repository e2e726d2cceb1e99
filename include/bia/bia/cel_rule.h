#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bia/base/result.h"
#include "bia/bia/validate.h"

namespace google::protobuf {
class Message;
}

namespace bia::rules {

/// The value that a rule in CEL calls `this`. Views what it is made from.
class This {
 public:
  enum class Kind : uint8_t { kBool, kInt, kUint, kDouble, kString, kBytes, kMessage, kField };
  static This boolean(bool value) { return {.kind = Kind::kBool, .number = value}; }
  static This integer(int64_t value) { return {.kind = Kind::kInt, .number = value}; }
  static This natural(uint64_t value) {
    return {.kind = Kind::kUint, .number = static_cast<int64_t>(value)};
  }
  static This real(double value) { return {.kind = Kind::kDouble, .fraction = value}; }
  static This text(std::string_view value) { return {.kind = Kind::kString, .view = value}; }
  static This bytes(std::string_view value) { return {.kind = Kind::kBytes, .view = value}; }
  static This message(const google::protobuf::Message& value) {
    return {.kind = Kind::kMessage, .object = &value};
  }
  /// A repeated field or map of a message, by its number.
  static This field(const google::protobuf::Message& of, int number) {
    return {.kind = Kind::kField, .number = number, .object = &of};
  }

  Kind kind;
  int64_t number = 0;
  double fraction = 0;
  std::string_view view = {};
  const google::protobuf::Message* object = nullptr;
};

/// A rule of protovalidate in CEL. Generated code has one at namespace scope for each; protoc has
/// already refused what is no rule.
class CelRule {
 public:
  struct Source {
    std::string_view place;            ///< "shop/v1/order.proto:12:3: name"
    std::string_view id;               ///< Of the violation.
    std::string_view message = {};     ///< Where the expression gives false; may be empty.
    std::string_view expression;       ///< Gives a bool, or a string that says what is wrong.
    std::string_view type;             ///< "shop.v1.Order"
    int field = 0;                     ///< Of the type; 0 for the message as a whole.
    bool whole = true;                 ///< Not one element of the field.
    int extension = 0;                 ///< Of a predefined rule: the number of the extension…
    std::string_view rules_type = {};  ///< … of this message, "buf.validate.StringRules",
    std::string_view rules = {};       ///< and the bytes of the one that holds it.
  };
  explicit CelRule(const Source& source);
  CelRule(const CelRule&) = delete;
  CelRule& operator=(const CelRule&) = delete;
  ~CelRule();

  /// Adds a violation where the rule is broken; an error of the rule itself ends the validation.
  /// Any thread may call it.
  void check(Violations& out, const Violations::At& at, const This& value) const;

 private:
  friend Result<void> compile_cel_rules();
  friend bool has_new_cel_rules();
  class Compiled;
  Result<const Compiled*> compile() const;
  Source source_;
  mutable std::atomic<const Compiled*> compiled_ = nullptr;
  mutable const CelRule* next_;
};

/// Compiles every CelRule of the program, so that no request has to. Errors: kInvalidArgument,
/// "shop/v1/order.proto:12:3: name: the rule "name.even", column 5: …". May read files (time
/// zones): not on a fiber.
Result<void> compile_cel_rules();
/// Whether that has anything to do.
bool has_new_cel_rules();

}  // namespace bia::rules
