#include "zelus/ghz/call_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/ghz/payload.h"

namespace zelus::ghz {
namespace {

using Functions = CallTemplate::Functions;

std::string rendered(std::string_view text) {
  auto parsed = CallTemplate::parse(text, Functions::kAllowed);
  if (!parsed.ok()) return "error: " + parsed.error().message();
  CallData call;
  call.worker_id = "g3c0";
  call.request_number = 7;
  call.method_name = "SayHello";
  std::string out;
  parsed->render(call, out);
  return out;
}

TEST(CallTemplate, RendersGhzsVariables) {
  EXPECT_EQ(rendered("{\"name\":\"{{.WorkerID}}-{{ .RequestNumber }}-{{.MethodName}}\"}"),
            "{\"name\":\"g3c0-7-SayHello\"}");
  EXPECT_THAT(
      rendered("{{newUUID}}"),
      testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(rendered("{{randomString 12}}").size(), 12u);
  EXPECT_EQ(rendered("{{randomInt 5 6}}"), "5");
}

TEST(CallTemplate, NamesWhatItCannot) {
  EXPECT_THAT(rendered("{{upper .UUID}}"),
              testing::HasSubstr("\"upper\" in \"{{upper .UUID}}\" is not built yet"));
  EXPECT_THAT(rendered("{{.Nope}}"), testing::HasSubstr("can't evaluate field Nope"));
  EXPECT_THAT(rendered("{{"), testing::HasSubstr("unclosed action"));
  EXPECT_THAT(rendered("{{}}"), testing::HasSubstr("missing value"));
  EXPECT_THAT(rendered("{{randomInt 6 5}}"), testing::HasSubstr("lower bound"));
  EXPECT_FALSE(CallTemplate::parse("{{newUUID}}", Functions::kDisabled).ok());
}

TEST(ArrayElements, SplitsAtTheTopLevelOnly) {
  EXPECT_THAT(*array_elements(R"([{"a":[1,2]}, {"b":"],"} ])"),
              testing::ElementsAre(R"({"a":[1,2]})", R"({"b":"],"})"));
  EXPECT_THAT(*array_elements(R"({"a":1})"), testing::ElementsAre(R"({"a":1})"));
  EXPECT_EQ(array_elements("[ ]").error().message(), "no data provided");
  EXPECT_FALSE(array_elements("[{\"a\":1}").ok());
}

}  // namespace
}  // namespace zelus::ghz
