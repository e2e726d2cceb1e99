#include "zelus/templates/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "zelus/templates/format.h"
#include "zelus/templates/parser.h"

namespace zelus::templates {
namespace {

/// As ghz's CallData of the first call of echo.v1.Echo/Unary.
class Call : public Record {
 public:
  std::string_view type_name() const override { return "*runner.CallData"; }
  bool field(std::string_view name, Value& out) const override {
    static const std::map<std::string_view, std::string> kTexts = {
        {"WorkerID", "g0c0"},
        {"FullyQualifiedName", "echo.v1.Echo.Unary"},
        {"MethodName", "Unary"},
        {"ServiceName", "Echo"},
        {"InputName", "Message"},
        {"OutputName", "Message"},
        {"UUID", "123e4567-e89b-42d3-a456-426614174000"}};
    if (auto found = kTexts.find(name); found != kTexts.end()) {
      out = Value::text(found->second);
    } else if (name == "RequestNumber" || name == "TimestampUnix") {
      out = Value::integer(0, Type::kInt64);
    } else if (name == "IsClientStreaming") {
      out = Value::boolean(false);
    } else {
      return false;
    }
    return true;
  }
};

std::string rendered(std::string_view text, Functions functions = Functions::kAll) {
  auto parsed = Template::parse("call_template_data", text, functions);
  if (!parsed.ok()) return "error: " + parsed.error().message();
  std::string out;
  auto done = parsed->execute(Call(), out);
  return done.ok() ? out : "error: " + done.error().message();
}

/// tests/zelus/ghz_templates.json: what ghz 0.121.0 sent, and what it said where it sent nothing.
TEST(Template, RendersWhatGhzRenders) {
  setenv("TZ", "UTC", 1);
  setenv("FGHZ_VAR", "val", 1);
  tzset();
  std::ifstream file("tests/zelus/ghz_templates.json");
  std::stringstream text;
  text << file.rdbuf();
  rapidjson::Document cases;
  cases.Parse(text.str().c_str());
  ASSERT_TRUE(cases.IsArray()) << "run from the source's folder";
  ASSERT_GT(cases.Size(), 500u);
  for (const auto& each : cases.GetArray()) {
    const std::string source = each[0].GetString();
    const bool value = std::string_view(each[1].GetString()) == "value";
    // The same columns in errors as in the data that ghz was given.
    std::string got = rendered(value ? R"({"name":{{ printf "%v" ()" + source + ") }}}"
                                     : R"({"name":")" + source + R"({{``}}"})");
    if (!got.starts_with("error: "))
      got = value ? got.substr(8, got.size() - 9) : got.substr(9, got.size() - 11);
    EXPECT_EQ(got, each[2].GetString()) << source;
  }
}

TEST(Template, TellsActionsFromControls) {
  auto has_action = [](std::string_view text) {
    return Template::parse("t", text, Functions::kAll)->has_action();
  };
  EXPECT_FALSE(has_action("plain"));
  EXPECT_FALSE(has_action("{{if true}}{{.X}}{{end}}{{/* no */}}"));
  EXPECT_TRUE(has_action("a {{.X}}"));
  EXPECT_TRUE(has_action("{{$x := 1}}"));
  EXPECT_FALSE(Template().has_action());
}

TEST(Template, ReadsNumbersAtTheEdgesAsGo) {
  EXPECT_EQ(rendered("{{printf \"%v\" 1e-400}}"), "0");
  EXPECT_THAT(rendered("{{printf \"%v\" 1e400}}"), testing::HasSubstr("illegal number syntax"));
}

TEST(Template, OwnFunctionsCanBeOff) {
  EXPECT_EQ(rendered("{{upper \"a\"}}", Functions::kBuiltin),
            "error: template: call_template_data:1: function \"upper\" not defined");
  EXPECT_EQ(rendered("{{slice \"abc\" 1}}{{len \"ab\"}}", Functions::kBuiltin), "bc2");
}

TEST(Template, SaysWhereAnErrorIs) {
  EXPECT_EQ(rendered("a\n {{.Nope}}"),
            "error: template: call_template_data:2:3: executing \"call_template_data\" at <.Nope>: "
            "can't evaluate field Nope in type *runner.CallData");
  EXPECT_EQ(rendered("{{\n\n"),
            "error: template: call_template_data:3: unclosed action started at "
            "call_template_data:1");
}

TEST(Template, HasLimits) {
  EXPECT_THAT(rendered("{{range until 100000}}{{range until 1000}}x{{end}}{{end}}"),
              testing::HasSubstr("more than"));
  EXPECT_THAT(rendered("{{repeat 100000000 \"abc\"}}"), testing::HasSubstr("bytes"));
  EXPECT_THAT(rendered("{{randAlpha 100000000}}"), testing::HasSubstr("a length above"));
  EXPECT_THAT(rendered("{{until 100000000}}"), testing::HasSubstr("more than"));
  auto nested = [](size_t levels) {
    std::string text;
    for (size_t i = 0; i < levels; ++i) text += "{{if true}}";
    text += "x";
    for (size_t i = 0; i < levels; ++i) text += "{{end}}";
    return rendered(text);
  };
  EXPECT_EQ(nested(kNestingMax), "x");
  EXPECT_THAT(nested(kNestingMax + 1), testing::HasSubstr("levels deep"));
  EXPECT_THAT(rendered("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}"),
              testing::HasSubstr("exceeded maximum template depth (16)"));
  EXPECT_THAT(rendered("{{$d := dict}}{{$_ := set $d \"x\" $d}}{{len (toString $d)}}{{toJson $d}}"),
              testing::Not(testing::HasSubstr("error")))
      << "a map that holds itself ends somewhere";
}

TEST(Template, ValuesHaveLimitsToo) {
  EXPECT_EQ(rendered("{{repeat 9000000000000000000 \"\"}}"), "");
  // Each is of a few steps, and would be 2^40 of something.
  const std::string list = "{{$l := list}}{{range until 40}}{{$l = list $l $l}}{{end}}";
  EXPECT_THAT(rendered(list + "{{len (print $l)}}"), testing::HasSubstr("error calling print"));
  EXPECT_THAT(rendered(list + "{{len (printf \"%#v\" $l)}}"),
              testing::HasSubstr("error calling printf"));
  EXPECT_THAT(rendered(list + "{{mustToJson $l}}"), testing::HasSubstr("more than 67108864"));
  EXPECT_EQ(rendered(list + "{{deepEqual $l (list (first $l) (last $l))}}"), "true");
  EXPECT_THAT(rendered("{{$x := \"x\"}}{{range until 60}}{{$x = print $x $x}}{{end}}"),
              testing::HasSubstr("error calling print: makes more than"));
  EXPECT_THAT(rendered("{{$l := list 1}}{{range until 60}}{{$l = concat $l $l}}{{end}}"),
              testing::HasSubstr("error calling concat: makes more than"));
  EXPECT_THAT(rendered("{{$d := dict}}{{$_ := set $d \"a\" $d}}{{$_ := set $d \"b\" $d}}"
                       "{{mustToJson $d}}"),
              testing::HasSubstr("cycle"));
  EXPECT_THAT(rendered("{{mustFromJson (print (repeat 9900 \"[\") (repeat 9900 \"]\"))}}"),
              testing::HasSubstr("levels deep"));
  EXPECT_EQ(rendered("{{$x := repeat 16777000 \"a\"}}{{len (replace \"a\" \"b\" (print $x $x))}}"),
            "33554000");
  EXPECT_THAT(rendered("{{$x := repeat 16000000 \"a\"}}{{replace \"a\" \"bbbbbbbb\" $x}}"),
              testing::HasSubstr("error calling replace: makes more than"));
}

TEST(Template, DropsLongChains) {
  EXPECT_EQ(rendered("{{$l := list}}{{range until 100000}}{{$l = list $l}}{{end}}"
                     "{{$d := dict}}{{range until 100000}}{{$d = dict \"a\" $d}}{{end}}"
                     "{{$m := list}}{{range until 50000}}{{$m = list (dict \"a\" $m)}}{{end}}x"),
            "x");
}

TEST(Template, MergesAMapThatIsItsOwnPart) {
  EXPECT_EQ(rendered("{{$f := dict \"a\" (dict \"a\" \"text\" \"b\" 1 \"c\" 2)}}{{$t := dict \"a\" "
                     "$f}}{{$_ := mergeOverwrite $t $f}}{{$t.a.c}}"),
            "2");
}

TEST(Template, CertificatesAreWholeOrErrors) {
  EXPECT_EQ(rendered("{{$c := genCA (repeat 65 \"a\") 1}}{{contains \"BEGIN\" $c.Cert}}"), "true");
  EXPECT_THAT(rendered("{{genCA \"a\" 99999999999}}"), testing::HasSubstr("no certificate lasts"));
}

}  // namespace
}  // namespace zelus::templates
