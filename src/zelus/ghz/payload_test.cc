#include "zelus/ghz/payload.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "bia/codec/proto_source.h"

namespace zelus::ghz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// message Hello { string name = 1; }
std::shared_ptr<const bia::codec::WireTable> hello() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("hello.proto");
  file.set_package("hello");
  file.set_syntax("proto3");
  auto* message = file.add_message_type();
  message->set_name("Hello");
  auto* field = message->add_field();
  field->set_name("name");
  field->set_number(1);
  field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  google::protobuf::DescriptorPool pool;
  return *bia::codec::WireTable::create(pool.BuildFile(file)->message_type(0));
}

class PayloadTest : public testing::Test {
 protected:
  bia::Result<Payload> create() { return Payload::create(options_, hello()); }
  /// The name that the first call's message has.
  std::string name(uint64_t number = 0) {
    auto payload = create();
    if (!payload.ok()) return "error: " + payload.error().message();
    call_.request_number = number;
    std::string scratch;
    auto message = payload->message(call_, scratch);
    if (!message.ok()) return "error: " + message.error().message();
    return message->empty() ? "" : std::string(message->substr(2));
  }
  bia::grpc::Metadata metadata() {
    bia::grpc::Metadata scratch;
    auto payload = create();
    if (!payload.ok()) return {{"error", payload.error().message()}};
    auto made = payload->metadata(call_, scratch);
    if (!made.ok()) return {{"error", made.error().message()}};
    return *made != nullptr ? **made : bia::grpc::Metadata();
  }

  Options options_;
  CallData call_ = [] {
    CallData call;
    call.method_name = "SayHello";
    call.refresh();
    return call;
  }();
};

TEST_F(PayloadTest, RendersTemplates) {
  options_.data = "{\"name\":\"{{.RequestNumber}} {{upper `abc`}}\"}";
  EXPECT_EQ(name(7), "7 ABC");
  options_.data = R"([{"name":"{{.RequestNumber}}"},{"name":"b"}])";
  EXPECT_EQ(name(0), "0");
  EXPECT_EQ(name(1), "b") << "elements with actions and without may be mixed";
  options_.data = R"({"name":"{{if true}}x{{end}}"})";
  EXPECT_EQ(name(), "{{if true}}x{{end}}") << "as ghz: controls alone make no template";
  options_.data =
      R"({{$n := 3}}[{{range $i := until $n}}{{if $i}},{{end}}{"name":"i{{$i}}"}{{end}}])";
  EXPECT_EQ(name(1), "i1") << "a template may make an array";
  EXPECT_EQ(create()->rendered(call_)->size(), 3u);
}

TEST_F(PayloadTest, TemplatesCanBeOff) {
  options_.data = R"({"name":"{{nope}}"})";
  EXPECT_EQ(name(), "error: template: call_template_data:1: function \"nope\" not defined");
  options_.template_data = false;
  EXPECT_EQ(name(), "{{nope}}");
}

TEST_F(PayloadTest, ACallsUuidAndTimeAreTheSameEverywhere) {
  options_.data = R"({"name":"{{eq .UUID .UUID}} {{.UUID}}"})";
  options_.metadata = R"({"id":"{{.UUID}}"})";
  EXPECT_EQ(name(), "true " + call_.uuid);
  EXPECT_THAT(metadata(), ElementsAre(Pair("id", call_.uuid)));
}

TEST_F(PayloadTest, MetadataIsOneTemplate) {
  options_.metadata = R"({"{{.MethodName}}":"x","K-bin":"{{b64enc `hi`}}"})";
  EXPECT_THAT(metadata(), ElementsAre(Pair("sayhello", "x"), Pair("k-bin", "hi")));
  options_.metadata = R"({"k":"{{.Nope}}"})";
  EXPECT_THAT(metadata()[0].second, HasSubstr("can't evaluate field Nope"));
  options_.metadata = R"({"k-bin":"!"})";
  EXPECT_THAT(metadata()[0].second, HasSubstr("illegal base64 data at input byte 0"));
}

TEST(ArrayElements, SplitsAtTheTopLevelOnly) {
  EXPECT_THAT(*array_elements(R"([{"a":[1,2]}, {"b":"],"} ])"),
              ElementsAre(R"({"a":[1,2]})", R"({"b":"],"})"));
  EXPECT_THAT(*array_elements(R"({"a":1})"), ElementsAre(R"({"a":1})"));
  EXPECT_EQ(array_elements("[ ]").error().message(), "no data provided");
  EXPECT_FALSE(array_elements("[{\"a\":1}").ok());
}

}  // namespace
}  // namespace zelus::ghz
