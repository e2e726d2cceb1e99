#include "bia/yaml_body.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

std::string to_json(std::string_view yaml) {
  std::string json;
  Result<void> read = yaml_to_json(yaml, json);
  return read.ok() ? json : "ERROR " + read.error().message();
}
std::string to_yaml(std::string_view json) {
  std::string yaml;
  json_to_yaml(json, yaml);
  return yaml;
}

TEST(YamlToJson, KnowsScalarsFromStrings) {
  EXPECT_EQ(to_json("a: 1\nb: \"1\"\nc: true\nd: [x, ~, -2.5e3]\ne: {f: 2024-01-02}"),
            R"({"a":1,"b":"1","c":true,"d":["x",null,-2.5e3],"e":{"f":"2024-01-02"}})");
  EXPECT_EQ(to_json(""), "null");
}

TEST(YamlToJson, RefusesWhatIsNone) {
  EXPECT_EQ(to_json("a: [1").substr(0, 11), "ERROR yaml:");
  EXPECT_EQ(to_json("[a]: 1"), "ERROR yaml: a key is no text");
  std::string deep(200, '[');
  EXPECT_EQ(to_json(deep + std::string(200, ']')).substr(0, 11), "ERROR yaml:");
  std::string bomb = "a0: &a0 [xxxxxxxxxxxxxxxxxxxx,xxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n";
  for (int i = 1; i < 9; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) bomb += last + " ,";
    bomb += last + " ]\n";
  }
  EXPECT_NE(to_json(bomb).find("aliases"), std::string::npos);
}

TEST(JsonToYaml, WritesBlocks) {
  EXPECT_EQ(
      to_yaml(
          R"({"message":"Hello","tags":["a","b"],"sub":{"n":1,"child":null},"none":[],"e":{}})"),
      "\"message\": \"Hello\"\n\"tags\":\n  - \"a\"\n  - \"b\"\n\"sub\":\n  \"n\": 1\n  "
      "\"child\": null\n\"none\": []\n\"e\": {}\n");
  EXPECT_EQ(to_yaml(R"([{"a":1,"b":[[1,2]]}])"), "- \"a\": 1\n  \"b\":\n    - - 1\n      - 2\n");
  EXPECT_EQ(to_yaml("5"), "5\n");
}

TEST(JsonToYaml, IsReadBack) {
  const std::string json = R"({"a":{"b":[{"c":"x: y # z","d":[]},{"e":"\u2028\"\n"}],"f":-1.5}})";
  EXPECT_EQ(to_json(to_yaml(json)), to_json(json));
}

}  // namespace
}  // namespace bia
