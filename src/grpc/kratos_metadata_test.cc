#include "grpc/kratos_metadata.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "grpc/proto_wire.h"
#include "grpc/test_support.h"

namespace bia::grpc {
namespace {

using test::call;
using test::unary;
using test::with_server;
using testing::ElementsAre;
using testing::IsSupersetOf;

std::vector<std::string> strings_of(const std::string& message, uint32_t field) {
  std::vector<std::string> all;
  FieldReader fields(message);
  while (fields.next()) {
    if (fields.field() == field) all.emplace_back(fields.bytes());
  }
  EXPECT_TRUE(fields.ok());
  return all;
}

UnaryReply describe(Channel& channel, std::string_view service) {
  std::string request;
  put_bytes(request, 1, service);
  return call(channel, "/kratos.api.Metadata/GetServiceDesc", request);
}

std::vector<std::string> files_of(const UnaryReply& reply) {
  google::protobuf::FileDescriptorSet set;
  std::vector<std::string> names;
  for (const std::string& bytes : strings_of(reply.message, 1))
    EXPECT_TRUE(set.ParseFromString(bytes));
  for (const auto& file : set.file()) names.push_back(file.name());
  return names;
}

TEST(KratosMetadata, ListsAndDescribesWhatIsServed) {
  google::protobuf::DescriptorPool pool;
  google::protobuf::FileDescriptorProto base, left, top;
  base.set_name("base.proto");
  left.set_name("left.proto");
  left.add_dependency("base.proto");
  top.set_name("top.proto");
  top.set_package("t");
  top.add_dependency("base.proto");
  top.add_dependency("left.proto");
  top.add_service()->set_name("S");
  top.add_service()->set_name("NotServed");
  ASSERT_TRUE(pool.BuildFile(base) && pool.BuildFile(left));
  const auto* file = pool.BuildFile(top);
  ASSERT_TRUE(file);
  const auto echo = [](ServerCall&, std::string_view, std::string&) -> Result<void> { return {}; };
  with_server({unary("/t.S/Echo", echo), unary("/t.S/Call", echo)}, [&](Server& server) {
    server.add_file(file);
    Channel channel(server.address());
    const std::string all = call(channel, "/kratos.api.Metadata/ListServices", "").message;
    EXPECT_THAT(
        strings_of(all, 1),
        ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection", "kratos.api.Metadata", "t.S"));
    EXPECT_THAT(strings_of(all, 2),
                IsSupersetOf({"/t.S/Call", "/t.S/Echo", "/kratos.api.Metadata/ListServices"}));
    EXPECT_THAT(files_of(describe(channel, "t.S")),
                ElementsAre("base.proto", "left.proto", "top.proto"));
    EXPECT_THAT(files_of(describe(channel, "kratos.api.Metadata")),
                ElementsAre("google/protobuf/descriptor.proto", "metadata/metadata.proto"));
    for (const char* unknown : {"", "t.NotServed", "t.S.Echo"}) {
      const UnaryReply reply = describe(channel, unknown);
      EXPECT_EQ(reply.status.code, Code::kNotFound);
      EXPECT_EQ(reply.status.message, "service " + std::string(unknown) + " not found");
    }
    EXPECT_EQ(call(channel, "/kratos.api.Metadata/GetServiceDesc", "\x0a").status.code,
              Code::kInternal);
  });
}

}  // namespace
}  // namespace bia::grpc
