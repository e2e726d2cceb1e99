#pragma once
#include <string>
#include <vector>

#include "output.h"

namespace bia::protoc {

/// The arrays that ServiceInfo's `operations` and `schemas` refer to, and their initializers.
void define_openapi(const pb::ServiceDescriptor* service, Output& out);
std::string openapi_initializers(const pb::ServiceDescriptor* service);
/// One document of all services of the files. `parameter` is "openapi=NAME,title=…,version=…"; sets
/// the file's name. Empty, with `error` set, for another parameter.
std::string openapi_document(const std::vector<const pb::FileDescriptor*>& files,
                             const std::string& parameter, std::string& name, std::string& error);

}  // namespace bia::protoc
