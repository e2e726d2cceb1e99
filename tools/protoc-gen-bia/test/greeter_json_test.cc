#include <gtest/gtest.h>

#include "helloworld/v1/greeter.bia.h"

namespace {

TEST(GeneratedJson, WritesAndReadsTheGreeter) {
  helloworld::v1::HelloReply reply;
  reply.set_message("Hello \"kratos\"\n");
  std::string json;
  bia::codec::JsonWriter out(json);
  bia_json_write(out, reply);
  EXPECT_EQ(json, R"({"message":"Hello \"kratos\"\n"})");

  helloworld::v1::HelloRequest request;
  bia::codec::JsonReader in(R"( {"name" : "bob", "unknown": [1, {"x": null}]} )");
  EXPECT_TRUE(bia_json_read(in, request));
  EXPECT_TRUE(in.finish().ok());
  EXPECT_EQ(request.name(), "bob");
}

}  // namespace
