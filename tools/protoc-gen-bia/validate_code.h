#pragma once
#include <string>

#include "output.h"

namespace bia::protoc {

// protoc-gen-validate's rules as C++: `void bia_validate(const T&, ::bia::Violations&)` for each
// message that has rules, or holds one that has.

bool has_validation(const pb::Descriptor* type);
/// "file:line:column: what" of the first rule that is not built or does not fit its field.
std::string check_validation(const pb::FileDescriptor* file);
void declare_validation(const pb::FileDescriptor* file, Output& out);
void define_validation(const pb::FileDescriptor* file, Output& out);

}  // namespace bia::protoc
