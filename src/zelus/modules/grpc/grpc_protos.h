#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/codec/proto_source.h"
#include "bia/codec/wire_table.h"

namespace zelus::modules {

/// A method that client.invoke may call.
struct GrpcMethod {
  std::string package, service, name;  ///< "hello", "Greeter", "SayHello"
  std::string full_name;               ///< "/hello.Greeter/SayHello"
  std::string full_service;            ///< "hello.Greeter"
  bool client_stream = false;
  bool server_stream = false;
  std::shared_ptr<const bia::codec::WireTable> input, output;
};

/// What a client.load read: immutable, shared by all threads.
class GrpcProtos {
 public:
  /// Errors: kUnimplemented naming a field that the tables cannot hold.
  static bia::Result<std::shared_ptr<const GrpcProtos>> create(
      std::unique_ptr<bia::codec::ProtoSource> source);
  const std::vector<GrpcMethod>& methods() const { return methods_; }
  const GrpcMethod* find(std::string_view full_name) const;

 private:
  std::unique_ptr<bia::codec::ProtoSource> source_;
  std::vector<GrpcMethod> methods_;
};

}  // namespace zelus::modules
