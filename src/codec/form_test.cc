#include "bia/codec/form.h"

#include <google/protobuf/api.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/field_mask.pb.h>
#include <gtest/gtest.h>

namespace bia::codec {
namespace {
namespace pb = google::protobuf;

std::string wrong(std::string_view text, pb::Message& message) {
  Result<void> decoded = decode_form(text, message);
  return decoded.ok() ? "" : decoded.error().message();
}

TEST(DecodeForm, SetsScalarsByEitherName) {
  pb::FieldDescriptorProto field;
  EXPECT_EQ(wrong("name=a+b%21&jsonName=x&number=%2B3&label=LABEL_REPEATED&proto3_optional=T&"
                  "options.packed=true",
                  field),
            "");
  EXPECT_EQ(field.name(), "a b!");
  EXPECT_EQ(field.json_name(), "x");
  EXPECT_EQ(field.number(), 3);
  EXPECT_EQ(field.label(), pb::FieldDescriptorProto::LABEL_REPEATED);
  EXPECT_TRUE(field.proto3_optional());
  EXPECT_TRUE(field.options().packed());
}

TEST(DecodeForm, PassesOverWhatKratosPassesOver) {
  pb::FieldDescriptorProto field;
  EXPECT_EQ(wrong("unknown=1&name=%zz&=x&&a;b=c&options.nope.deeper=1&number=", field), "");
  EXPECT_FALSE(field.has_name());
  EXPECT_FALSE(field.has_number());
}

// Recorded from Kratos 2.7.2.
TEST(DecodeForm, TakesAnIndexForTheFieldItself) {
  pb::UninterpretedOption option;
  EXPECT_EQ(wrong("aggregate_value[x]=a&name[0].name_part=b", option),
            R"(invalid path: "name[0]" is not a message)");
  EXPECT_EQ(option.aggregate_value(), "a");
  pb::FieldMask mask;
  EXPECT_EQ(wrong("paths[0]=a&paths[1]=b&paths[x][y]=c&paths[=d&paths[0=e&paths[0]f=g", mask), "");
  EXPECT_EQ(mask.ShortDebugString(), R"(paths: "a" paths: "b")");
}

TEST(DecodeForm, TakesEmptyValuesForNone) {
  pb::FieldDescriptorProto field;
  EXPECT_EQ(wrong("name=&number=&options.packed=", field), "");
  EXPECT_FALSE(field.has_name());
}

TEST(DecodeForm, ReadsFloatsAsGo) {
  pb::UninterpretedOption option;
  const auto value = [&](std::string_view text) {
    option.Clear();
    const std::string why = wrong("double_value=" + std::string(text), option);
    return why.empty() ? option.double_value() : -1;
  };
  EXPECT_EQ(value("1_000"), 1000);
  EXPECT_EQ(value("0x1p-2"), 0.25);
  EXPECT_EQ(value("-0X1.8p1"), -3);
  EXPECT_EQ(value("%2B5"), 5);
  EXPECT_EQ(value("1e-400"), 0);
  EXPECT_EQ(value("-0x1p-2000"), 0);
  EXPECT_EQ(
      wrong("double_value=1e400", option),
      "parsing field \"double_value\": strconv.ParseFloat: parsing \"1e400\": value out of range");
  for (const char* bad : {"_1", "1_", "1__0", "0x1", "0x", "0xp1", "1e", "1.5x", "0x-1p3",
                          "-0x-1p3", "0x%2B1p3", "0xnan(p)", "%2B-5", "%2B-0x1p3"})
    EXPECT_EQ(value(bad), -1) << bad;
}

TEST(DecodeForm, RefusesAMalformedBody) {
  pb::FieldDescriptorProto field;
  const auto refused = [&](std::string_view text) {
    Result<void> decoded = decode_form(text, FormErrors::kRefuse, field);
    return decoded.ok() ? "" : decoded.error().message();
  };
  EXPECT_EQ(refused("name=a"), "");
  EXPECT_EQ(refused("name=a%20%4"), "invalid URL escape \"%4\"");
  EXPECT_EQ(refused("%zz1=a"), "invalid URL escape \"%zz\"");
  EXPECT_EQ(refused("a=1;b=2"), "invalid semicolon separator in query");
}

TEST(DecodeForm, SaysWhatIsWrong) {
  pb::FieldDescriptorProto field;
  EXPECT_EQ(wrong("number=x", field),
            R"(parsing field "number": strconv.ParseInt: parsing "x": invalid syntax)");
  EXPECT_EQ(
      wrong("number=2147483648", field),
      R"(parsing field "number": strconv.ParseInt: parsing "2147483648": value out of range)");
  EXPECT_EQ(wrong("number=+-3", field),
            R"(parsing field "number": strconv.ParseInt: parsing " -3": invalid syntax)");
  EXPECT_EQ(wrong("number=1&number=2", field), R"(too many values for field "number": 1, 2)");
  EXPECT_EQ(wrong("label=NOPE", field), R"(parsing field "label": "NOPE" is not a valid value)");
  EXPECT_EQ(wrong("options=5", field),
            R"(parsing field "options": unsupported message type: "google.protobuf.FieldOptions")");
  EXPECT_EQ(wrong("name.x=1", field), R"(invalid path: "name" is not a message)");
  EXPECT_EQ(
      wrong("proto3Optional=maybe", field),
      R"(parsing field "proto3_optional": strconv.ParseBool: parsing "maybe": invalid syntax)");
  pb::Api api;
  EXPECT_EQ(wrong("methods=1", api),
            R"(parsing list "methods": unsupported message type: "google.protobuf.Method")");
}

TEST(DecodeForm, HasALimit) {
  pb::FieldDescriptorProto field;
  std::string text;
  for (size_t i = 0; i < kFormPairsMax; ++i) text += "x=1&";
  EXPECT_EQ(wrong(text, field), "");
  EXPECT_NE(wrong(text + "x=1", field), "");
}

TEST(DecodeForm, LimitsThePartsOfAKey) {
  pb::FileDescriptorProto file;
  file.set_name("node.proto");
  file.set_syntax("proto3");
  pb::DescriptorProto* node = file.add_message_type();
  node->set_name("Node");
  pb::FieldDescriptorProto* child = node->add_field();
  child->set_name("a");
  child->set_number(1);
  child->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  child->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  child->set_type_name("Node");
  pb::FieldDescriptorProto* name = node->add_field();
  name->set_name("s");
  name->set_number(2);
  name->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  name->set_type(pb::FieldDescriptorProto::TYPE_STRING);
  pb::DescriptorPool pool;
  const pb::FileDescriptor* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  pb::DynamicMessageFactory factory(&pool);
  const pb::Message* prototype = factory.GetPrototype(built->message_type(0));
  const auto key = [](int parts) {
    std::string text;
    for (int i = 1; i < parts; ++i) text += "a.";
    return text + "s=x";
  };
  std::unique_ptr<pb::Message> message(prototype->New());
  EXPECT_EQ(wrong(key(100), *message), "");
  for (int parts : {101, 200'000}) {
    message.reset(prototype->New());
    EXPECT_EQ(wrong(key(parts), *message), "invalid path: more than 100 parts");
    EXPECT_EQ(decode_form(key(parts), *message).error().code(), Code::kInvalidArgument);
  }
}

TEST(BindPath, DecodesAndReplaces) {
  pb::FieldDescriptorProto field;
  field.set_number(9);
  EXPECT_TRUE(bind_path_field("12", "number", field).ok());
  EXPECT_EQ(field.number(), 12);
  std::string text;
  EXPECT_TRUE(bind_path_value("a%20b%2Fc+d", "name", text).ok());
  EXPECT_EQ(text, "a b/c+d");
  EXPECT_FALSE(bind_path_value("%zz", "name", text).ok());
  EXPECT_FALSE(bind_path_value("%ff", "name", text).ok()) << "not UTF-8";
  int64_t number = 0;
  EXPECT_FALSE(bind_path_value("1x", "id", number).ok());
}

TEST(EncodeForm, ReadsBackTheSame) {
  pb::FieldDescriptorProto field;
  field.set_name("a b/é&=");
  field.set_number(-3);
  field.set_type(pb::FieldDescriptorProto::TYPE_BOOL);
  field.mutable_options()->set_packed(true);
  auto text = encode_form(field);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "name=a%20b%2F%C3%A9%26%3D&number=-3&type=TYPE_BOOL&options.packed=true");
  pb::FieldDescriptorProto back;
  EXPECT_EQ(wrong(*text, back), "");
  EXPECT_EQ(back.SerializeAsString(), field.SerializeAsString());
  EXPECT_EQ(*encode_form(field, "name,options.packed"), "number=-3&type=TYPE_BOOL");
}

TEST(EncodeForm, NamesWhatAQueryCannotHold) {
  pb::Api api;
  api.add_methods();
  auto text = encode_form(api);
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().message().find("google.protobuf.Api.methods"), std::string::npos);
}

TEST(AppendPathField, RefusesAnEmptyValue) {
  pb::FieldDescriptorProto field;
  std::string path = "/x/";
  EXPECT_FALSE(append_path_field(path, field, "name", Slash::kEscape).ok());
  field.set_name("a/b");
  EXPECT_TRUE(append_path_field(path, field, "name", Slash::kKeep).ok());
  EXPECT_EQ(path, "/x/a/b");
}

}  // namespace
}  // namespace bia::codec
