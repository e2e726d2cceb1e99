#pragma once
#include <string>
#include <string_view>

#include "names.h"
#include "output.h"

namespace bia::protoc {

/// "file:line:column: what" of the first field that has no JSON here, else empty.
std::string check_messages(const pb::FileDescriptor* file);
/// True for the messages of google/api but HttpBody, for which nothing is generated.
bool has_no_json(const pb::Descriptor* type);
void declare_json(const pb::FileDescriptor* file, Output& out);
void define_json(const pb::FileDescriptor* file, Output& out);

/// Statements that write the value of a field of the variable `message`; null where it is an absent
/// message.
void write_field_value(const pb::FieldDescriptor* field, std::string_view message, Output& out);
/// Statements that read a value from `in` into a field of the variable `message`, and return false
/// where that fails.
void read_field_value(const pb::FieldDescriptor* field, std::string_view message, Output& out);
/// True where JSON's null is a value of its own: google.protobuf.Value and NullValue.
bool null_is_value(const pb::FieldDescriptor* field);

}  // namespace bia::protoc
