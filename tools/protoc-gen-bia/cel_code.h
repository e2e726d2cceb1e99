#pragma once
#include <string>

#include "output.h"
#include "validate_rules.h"

namespace bia::protoc {

/// The rules in CEL of one message: objects that stand before the function that checks it. An
/// expression that is none, or does not fit its types, is an error here.
class CelCode {
 public:
  explicit CelCode(const pb::Descriptor* type);

  /// What a rule looks at.
  struct Target {
    const pb::FieldDescriptor* field = nullptr;  ///< None: the message.
    bool whole = true;                           ///< A list or map, not one of its elements.
    std::string value;                           ///< An expression in C++.
    std::string at;                              ///< The initializer of Violations::At.
  };
  /// The rules `cel_expression` and `cel` of a field or a message. Returns what is wrong with them,
  /// else empty.
  std::string write_own(const RawRules& rules, const Target& target, Output& out);
  /// Extensions of the rules of a type: `number` is their field in FieldRules.
  std::string write_predefined(const RawRules& rules, int number, const Target& target,
                               Output& out);
  /// The objects.
  std::string take() { return declarations_.take(); }

 private:
  struct Rule {
    std::string id;
    std::string message;
    std::string expression;
    const pb::FieldDescriptor* extension = nullptr;
    std::string bytes = {};  ///< Of the rules that hold the extension.
  };
  std::string write(const Rule& rule, const Target& target, Output& out);

  const pb::Descriptor* type_;
  Output declarations_;
  int count_ = 0;
};

}  // namespace bia::protoc
