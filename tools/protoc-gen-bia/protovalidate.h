#pragma once
#include <optional>
#include <string>

#include "cel_code.h"
#include "output.h"
#include "validate_rules.h"

namespace bia::protoc {

// protovalidate's rules (buf/validate/validate.proto) as C++, with its words and ids. They go into
// the same `bia_validate` as protoc-gen-validate's; a message may have both.

enum class Ignore { kUnspecified, kZeroValue, kAlways };

/// The option 1159 of a field, a message or a oneof; none where it is not there.
std::optional<RawRules> proto_rules(const pb::FieldDescriptor* field);
std::optional<RawRules> proto_rules(const pb::Descriptor* type);
std::optional<RawRules> proto_rules(const pb::OneofDescriptor* oneof);
Ignore proto_ignore(const RawRules& rules);

/// Whether the messages in a field are to be left alone: `ignore: IGNORE_ALWAYS` on it or its
/// elements.
bool skips_messages(const pb::FieldDescriptor* field);

/// Writes the checks of a field, or of a message's own rules. Returns what is wrong with the rules,
/// else empty.
std::string write_proto_field(const pb::FieldDescriptor* field, CelCode& cel, Output& out);
std::string write_proto_message(const pb::Descriptor* type, CelCode& cel, Output& out);

}  // namespace bia::protoc
