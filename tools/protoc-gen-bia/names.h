#pragma once
#include <google/protobuf/descriptor.h>

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "output.h"

namespace bia::protoc {

/// "helloworld/v1/greeter" of "helloworld/v1/greeter.proto".
std::string stem(const pb::FileDescriptor* file);
/// "helloworld::v1"
std::string cpp_namespace(const pb::FileDescriptor* file);
/// "::helloworld::v1::HelloRequest"
std::string cpp_type(const pb::Descriptor* type);
std::string cpp_type(const pb::EnumDescriptor* type);
/// As its accessors are named: lower case, keywords with '_'.
std::string cpp_field(const pb::FieldDescriptor* field);
/// "int32_t" and so on; not for messages.
std::string cpp_scalar(const pb::FieldDescriptor* field);
/// A double or float.
bool is_real(const pb::FieldDescriptor* field);

/// Every message of a file, nested ones too, map entries not.
void for_each_message(const pb::FileDescriptor* file,
                      const std::function<void(const pb::Descriptor*)>& visit);
bool is_well_known(const pb::Descriptor* type);
/// "google/protobuf/timestamp" of each well-known file that the file's messages and rpcs use.
void collect_well_known(const pb::FileDescriptor* file, std::set<std::string>& stems);

}  // namespace bia::protoc
