#pragma once
#include "cel/cel.h"

namespace bia::cel {

/// What a rule of protovalidate looks at, and so what its variables are.
struct RuleTarget {
  /// `this` is a message of this type…
  const google::protobuf::Descriptor* type = nullptr;
  /// … or, where it is set, a value of this field of it.
  const google::protobuf::FieldDescriptor* field = nullptr;
  /// A repeated field or map as a whole; else one of its elements.
  bool whole = true;
  /// Of a predefined rule: `rules` is this field of the type that it extends, `rule` its value.
  const google::protobuf::FieldDescriptor* extension = nullptr;
};

/// The values of a rule's variables, in their order: `this`, `rules`, `rule`.
inline constexpr size_t kRuleVariables = 3;

/// Errors: kInvalidArgument, as Program::compile; and for what gives neither a bool nor a string.
Result<Program> compile_rule(std::string_view expression, const RuleTarget& target,
                             const google::protobuf::DescriptorPool& pool);

}  // namespace bia::cel
