#include "bia/service/grpc_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/api.pb.h>
#include <gtest/gtest.h>

#include <deque>

namespace bia {
namespace {

using google::protobuf::Mixin;
using testing::HasSubstr;

class FakeCall final : public grpc::ServerCall {
 public:
  ~FakeCall() = default;
  std::deque<std::string> in;
  std::vector<std::string> out;
  std::string_view path() const override { return "/t.S/M"; }
  std::string_view metadata(std::string_view key) const override { return key; }
  const grpc::Metadata& all_metadata() const override { return metadata_; }
  void add_initial_metadata(std::string_view, std::string_view) override {}
  void add_trailing_metadata(std::string_view, std::string_view) override {}
  Deadline deadline() const override { return Deadline::never(); }
  std::string peer() const override { return "p"; }
  bool cancelled() const override { return false; }
  std::optional<net::TlsInfo> tls() const override { return std::nullopt; }
  Result<bool> read(std::string& message) override {
    if (in.empty()) return false;
    message = in.front();
    in.pop_front();
    return true;
  }
  Result<void> write(std::string_view message) override {
    out.emplace_back(message);
    return {};
  }

 private:
  grpc::Metadata metadata_;
};

std::unique_ptr<google::protobuf::Message> make_mixin() { return std::make_unique<Mixin>(); }

MethodInfo method_info() {
  MethodInfo info;
  info.new_request = make_mixin;
  info.new_reply = make_mixin;
  return info;
}

Result<void> pass_on(grpc::ServerCall&, Error error) { return error; }

TEST(GrpcJson, TranslatesAUnaryCall) {
  grpc::MethodHandler binary;
  binary.path = "/t.S/M";
  binary.unary = [](grpc::ServerCall&, std::string_view request,
                    std::string& reply) -> Result<void> {
    Mixin mixin;
    EXPECT_TRUE(mixin.ParseFromArray(request.data(), int(request.size())));
    if (mixin.name() == "none") return Error(Code::kNotFound, "NONE", "none");
    mixin.clear_root();
    reply = mixin.SerializeAsString();
    return {};
  };
  const auto json = json_handler(binary, method_info(), pass_on);
  ASSERT_TRUE(json && json->unary && !json->stream);
  FakeCall call;
  std::string reply;
  ASSERT_TRUE(json->unary(call, R"({"name":"a","root":"b","unknown":[1]})", reply).ok());
  EXPECT_EQ(reply, R"({"name":"a","root":""})") << "every field, as Kratos";
  EXPECT_EQ(json->unary(call, R"({"name":"none"})", reply).error().reason(), "NONE");
  bool refused = false;
  const auto telling = json_handler(binary, method_info(), [&](grpc::ServerCall&, Error error) {
    refused = true;
    return Result<void>(std::move(error));
  });
  const auto bad = telling->unary(call, "{bad", reply);
  EXPECT_TRUE(refused) << "the chain is to see it";
  EXPECT_EQ(bad.error().code(), Code::kInternal);
  EXPECT_THAT(bad.error().message(),
              HasSubstr("grpc: error unmarshalling request: proto: syntax error (line 1:2)"));
}

TEST(GrpcJson, TranslatesAStream) {
  grpc::MethodHandler binary;
  binary.stream = [](grpc::ServerCall& call) -> Result<void> {
    EXPECT_EQ(std::string(call.path()) + call.peer(), "/t.S/Mp");
    std::string bytes;
    Mixin mixin;
    while (BIA_TRY(call.read(bytes))) {
      EXPECT_TRUE(mixin.ParseFromString(bytes));
      BIA_TRY(call.write(mixin.SerializeAsString()));
    }
    return {};
  };
  const auto json = json_handler(binary, method_info(), pass_on);
  ASSERT_TRUE(json && json->stream && !json->unary);
  FakeCall call;
  call.in = {R"({"name":"a"})", R"({"root":"b"})", "[]"};
  EXPECT_EQ(json->stream(call).error().reason(), "CODEC");
  EXPECT_THAT(call.out,
              testing::ElementsAre(R"({"name":"a","root":""})", R"({"name":"","root":"b"})"));
}

}  // namespace
}  // namespace bia
