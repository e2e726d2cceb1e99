#pragma once
#include <string>

#include "output.h"

namespace bia::protoc {

/// "file:line:column: what" of the first rpc that cannot be served as it stands, else empty.
std::string check_service(const pb::ServiceDescriptor* service);
/// NAMEService, which a handler derives from; NAMEClient over gRPC; NAMEHttpClient.
void declare_service(const pb::ServiceDescriptor* service, Output& out);
void define_service(const pb::ServiceDescriptor* service, Output& out);

// In client_code.cc.
void declare_clients(const pb::ServiceDescriptor* service, Output& out);
void define_clients(const pb::ServiceDescriptor* service, Output& out);

/// "/helloworld.v1.Greeter/SayHello"
std::string operation(const pb::MethodDescriptor* method);

}  // namespace bia::protoc
