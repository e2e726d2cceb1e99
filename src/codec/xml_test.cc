#include "codec/xml.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "bia/codec/proto_source.h"
#include "codec/go_names.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using testing::HasSubstr;

constexpr std::string_view kProto = R"(syntax = "proto3";
package x.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
enum Color { RED = 0; GREEN = 1; }
message Plain {
  string name = 1;
  int32 age = 2;
  bool ok = 4;
  double d = 5;
  bytes data = 6;
  Color color = 7;
  repeated string tags = 8;
  message Sub { int32 n = 1; string s_2x = 2; Sub child = 3; }
  Sub sub = 10;
  repeated Sub subs = 11;
  optional string opt_field = 12;
  oneof pick { string a = 13; Sub b = 14; }
  google.protobuf.Timestamp ts = 15;
  google.protobuf.StringValue sv = 17;
  google.protobuf.Value val = 19;
  float f = 21;
  uint64 u = 24;
  string _lead = 25;
  string string = 26;
  string user_id2_x = 27;
  string get_name = 28;
}
message WithMap { string name = 1; map<string, Plain.Sub> kv = 2; }
)";

class Xml : public testing::Test {
 protected:
  static const ProtoSource& source() {
    static const auto* made = [] {
      // Tests run side by side, a process each.
      const std::string path = fmt::format("{}xml_test_{}.proto", testing::TempDir(), getpid());
      std::FILE* file = std::fopen(path.c_str(), "w");
      std::fwrite(kProto.data(), 1, kProto.size(), file);
      std::fclose(file);
      auto parsed = ProtoSource::from_files({path}, {testing::TempDir()});
      std::remove(path.c_str());
      EXPECT_TRUE(parsed.ok()) << parsed.error().text();
      return parsed->release();
    }();
    return *made;
  }
  static std::unique_ptr<pb::Message> make(std::string_view type) {
    static auto* factory = new pb::DynamicMessageFactory();
    return std::unique_ptr<pb::Message>(factory->GetPrototype(source().find_message(type))->New());
  }
  /// JSON to XML.
  static std::string written(std::string_view json, std::string_view type = "x.v1.Plain") {
    auto message = make(type);
    EXPECT_TRUE(pb::util::JsonStringToMessage({json.data(), json.size()}, message.get()).ok());
    std::string out;
    Result<void> done = encode_xml(*message, out);
    return done.ok() ? out : done.error().message();
  }
  /// XML to the JSON of what is set.
  static std::string read(std::string_view xml, std::string_view type = "x.v1.Plain") {
    auto message = make(type);
    if (Result<void> done = decode_xml(xml, *message); !done.ok()) {
      EXPECT_EQ(done.error().reason(), "CODEC");
      return done.error().message();
    }
    std::string json;
    EXPECT_TRUE(pb::util::MessageToJsonString(*message, &json).ok());
    return json;
  }
};

// What Kratos 2.7.2 answered to the same messages, recorded by running it.
constexpr std::string_view kUnset =
    "<Plain><Name></Name><Age>0</Age><Ok>false</Ok><D>0</D><Data></Data><Color>0</Color><F>0</F>"
    "<U>0</U><XLead></XLead><String_></String_><UserId2X></UserId2X><GetName_></GetName_></Plain>";

TEST_F(Xml, WritesWhatGoWrites) {
  EXPECT_EQ(written("{}"), kUnset);
  EXPECT_EQ(
      written(R"({"name":"a<b>&\"'\t\n\u0001é","age":-5,"ok":true,"d":1.5e300,"data":"aGk=",)"
              R"("color":"GREEN","tags":["x",""],"sub":{"n":1,"s2x":"q","child":{"n":2}},)"
              R"("subs":[{"n":3},{}],"optField":"o","a":"pick","ts":"2024-01-02T03:04:05.5Z",)"
              R"("sv":"hi","val":[1,null],"f":0.1,"u":"18446744073709551615","Lead":"l",)"
              R"("string":"s","userId2X":"u","getName":"g"})"),
      "<Plain><Name>a&lt;b&gt;&amp;&#34;&#39;&#x9;&#xA;\xEF\xBF\xBDé</Name><Age>-5</Age>"
      "<Ok>true</Ok><D>1.5e+300</D><Data>hi</Data><Color>1</Color><Tags>x</Tags><Tags></Tags>"
      "<Sub><N>1</N><S_2X>q</S_2X><Child><N>2</N><S_2X></S_2X></Child></Sub>"
      "<Subs><N>3</N><S_2X></S_2X></Subs><Subs><N>0</N><S_2X></S_2X></Subs>"
      "<OptField>o</OptField><Pick><A>pick</A></Pick>"
      "<Ts><Seconds>1704164645</Seconds><Nanos>500000000</Nanos></Ts><Sv><Value>hi</Value></Sv>"
      "<Val><Kind><ListValue><Values><Kind><NumberValue>1</NumberValue></Kind></Values><Values>"
      "<Kind><NullValue>0</NullValue></Kind></Values></ListValue></Kind></Val>"
      "<F>0.1</F><U>18446744073709551615</U><XLead>l</XLead><String_>s</String_>"
      "<UserId2X>u</UserId2X><GetName_>g</GetName_></Plain>");
  EXPECT_EQ(written(R"({"n":1})", "x.v1.Plain.Sub"),
            "<Plain_Sub><N>1</N><S_2X></S_2X></Plain_Sub>");
}

TEST_F(Xml, WritesNumbersAsGoDoes) {
  const auto d = [](std::string_view number) {
    const std::string out = written(R"({"d":)" + std::string(number) + "}");
    const size_t begin = out.find("<D>") + 3;
    return out.substr(begin, out.find("</D>") - begin);
  };
  EXPECT_EQ(d("123456789"), "1.23456789e+08");
  EXPECT_EQ(d("1e21"), "1e+21");
  EXPECT_EQ(d("100000"), "100000");
  EXPECT_EQ(d("-0.00001234"), "-1.234e-05");
  EXPECT_EQ(d("\"NaN\""), "NaN");
  EXPECT_EQ(d("\"-Infinity\""), "-Inf");
  EXPECT_THAT(written(R"({"f":1e-7})"), HasSubstr("<F>1e-07</F>"));
  EXPECT_THAT(written(R"({"f":1000000})"), HasSubstr("<F>1e+06</F>"));
  EXPECT_THAT(written(R"({"f":0.0001})"), HasSubstr("<F>0.0001</F>"));
}

TEST_F(Xml, ReadsWhatGoReads) {
  EXPECT_EQ(read("<Plain><Name>bob</Name><Age> 5\n</Age><Tags>a</Tags><Tags>b</Tags>"
                 "<Sub><N>1</N></Sub><Subs><N>3</N></Subs><Subs/></Plain>"),
            R"({"name":"bob","age":5,"tags":["a","b"],"sub":{"n":1},"subs":[{"n":3},{}]})");
  EXPECT_EQ(read("<anything><Name>bob</Name><NAME>x</NAME><Nope><Name>y</Name></Nope></anything>"),
            R"({"name":"bob"})");
  EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><Plain a=\"1\"><Name>a"
                 "<![CDATA[<x>]]>b<i>c</i>d</Name></Plain>"),
            R"({"name":"a\u003cx\u003ebd"})");
  EXPECT_EQ(read("<p:Plain xmlns:p=\"urn:x\"><p:Name>n</p:Name></p:Plain>"), R"({"name":"n"})");
  EXPECT_EQ(read("<Plain><Name>&lt;&#65;</Name></Plain>"), R"({"name":"\u003cA"})");
  EXPECT_EQ(read("<Plain><Age></Age><Ok/><Color>1</Color><Data>hi</Data></Plain>"),
            R"({"data":"aGk=","color":"GREEN"})");
  EXPECT_EQ(read("<Plain><Color>77</Color><OptField/></Plain>"), R"({"color":77,"optField":""})");
  EXPECT_EQ(read("<Plain><Ts><Seconds>5</Seconds></Ts><Sv><Value>q</Value></Sv></Plain>"),
            R"({"ts":"1970-01-01T00:00:05Z","sv":"q"})");
  EXPECT_EQ(read("<Plain><Sub><N>1</N></Sub><Name>a</Name><Name>b</Name><Sub><S_2X>q</S_2X></Sub>"
                 "<XLead>l</XLead><String_>s</String_><GetName_>g</GetName_></Plain>"),
            R"({"name":"b","sub":{"n":1,"s2x":"q"},"Lead":"l","string":"s","getName":"g"})");
}

TEST_F(Xml, ReadsWhatGoPassesOver) {
  // The .proto's and the JSON names, oneofs, enums by name, maps: Go ignores or refuses them.
  EXPECT_EQ(read("<Plain><name>a</name><optField>o</optField><user_id2_x>u</user_id2_x></Plain>"),
            R"({"name":"a","optField":"o","userId2X":"u"})");
  EXPECT_EQ(read("<Plain><Pick><B><N>1</N></B><Name>no</Name></Pick></Plain>"), R"({"b":{"n":1}})");
  EXPECT_EQ(read("<Plain><A>x</A><Color>GREEN</Color></Plain>"), R"({"color":"GREEN","a":"x"})");
  const std::string with_map =
      "<WithMap><Name>n</Name><Kv><Key>a</Key><Value><N>1</N><S_2X></S_2X></Value></Kv></WithMap>";
  EXPECT_EQ(written(R"({"name":"n","kv":{"a":{"n":1}}})", "x.v1.WithMap"), with_map);
  EXPECT_EQ(read(with_map, "x.v1.WithMap"), R"({"name":"n","kv":{"a":{"n":1}}})");
}

TEST_F(Xml, SaysWhatIsWrong) {
  EXPECT_EQ(read("<Plain><Age>x</Age></Plain>"),
            R"(XML on line 1: parsing field "age": strconv.ParseInt: parsing "x": invalid syntax)");
  EXPECT_EQ(
      read("<Plain><Age>99999999999</Age></Plain>"),
      R"(XML on line 1: parsing field "age": strconv.ParseInt: parsing "99999999999": value out of range)");
  EXPECT_EQ(
      read("<Plain><Ok>maybe</Ok></Plain>"),
      R"(XML on line 1: parsing field "ok": strconv.ParseBool: parsing "maybe": invalid syntax)");
  EXPECT_EQ(read("<Plain><Color>BLUE</Color></Plain>"),
            R"(XML on line 1: parsing field "color": "BLUE" is not a valid value)");
  for (const char* bad : {"<Plain>\n<Name>a", "<Plain>\n<Name>a</Plain>", "\n{\"name\":\"x\"}",
                          "<Plain>\n</Plain>trailing<", "<Plain>\n<Name>\xff</Name></Plain>",
                          "<Plain>\n<Name>\x01</Name></Plain>", "<Plain>\n<Name a=1/></Plain>",
                          "<Plain>\n<Name>&boom;</Name></Plain>"}) {
    EXPECT_THAT(read(bad), HasSubstr("XML syntax error on line 2: ")) << bad;
  }
  EXPECT_THAT(read("   "), HasSubstr("no element found"));
  EXPECT_THAT(read("<?xml version=\"1.0\" encoding=\"KOI8-R\"?><Plain/>"),
              HasSubstr("unknown encoding"));
}

TEST_F(Xml, TakesNoDocumentTypeAndNoDepthWithoutEnd) {
  EXPECT_EQ(read("<!DOCTYPE Plain [<!ENTITY x SYSTEM \"/etc/passwd\">]><Plain><Name>&x;</Name>"
                 "</Plain>"),
            "XML on line 1: a document type declaration is not taken; send the document without "
            "<!DOCTYPE>");
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<Child>";
    for (int i = 0; i < depth; ++i) text += "</Child>";
    return text;
  };
  auto deep = make("x.v1.Plain.Sub");
  EXPECT_TRUE(decode_xml(nested(kXmlDepthMax), *deep).ok());
  std::string again;
  EXPECT_TRUE(encode_xml(*deep, again).ok());
  EXPECT_THAT(again, HasSubstr("<Child>"));
  EXPECT_EQ(read(nested(kXmlDepthMax + 1), "x.v1.Plain.Sub"),
            "XML on line 1: nests deeper than 100");
  EXPECT_THAT(read("<Plain><Nope>" + nested(kXmlDepthMax) + "</Nope></Plain>"),
              HasSubstr("nests deeper"));
  auto message = make("x.v1.Plain.Sub");
  pb::Message* inner = message.get();
  for (int i = 0; i <= kXmlDepthMax; ++i)
    inner = inner->GetReflection()->MutableMessage(inner, inner->GetDescriptor()->field(2));
  std::string out;
  EXPECT_EQ(encode_xml(*message, out).error().code(), Code::kInternal);
}

TEST(GoName, IsProtocGenGos) {
  EXPECT_EQ(go_name("user_id"), "UserId");
  EXPECT_EQ(go_name("s_2x"), "S_2X");
  EXPECT_EQ(go_name("_lead"), "XLead");
  EXPECT_EQ(go_name("a__b"), "A_B");
  EXPECT_EQ(go_name("Already"), "Already");
  EXPECT_EQ(go_name("Plain.Sub"), "Plain_Sub");
  EXPECT_EQ(go_name("trailing_"), "Trailing_");
}

}  // namespace
}  // namespace bia::codec
