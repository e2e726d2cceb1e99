#include "bia/content/yaml_body.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bia/fiber/scheduler.h"

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
  EXPECT_EQ(to_json("a: \"b\nc: 1\n").substr(0, 11), "ERROR yaml:");
  EXPECT_EQ(to_json("a: 'b\n").substr(0, 11), "ERROR yaml:");
  EXPECT_EQ(to_json("[a]: 1"), "ERROR yaml: a key is no text");
  EXPECT_EQ(to_json("a: {b: 1}\nb: {b: 1, c: 2, b: 3}"), "ERROR yaml: the key b is there twice");
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

/// On a stack as a handler has it; the frames of ASan need a larger one.
void on_fiber(std::function<void()> body) {
  fiber::SchedulerOptions options;
#ifdef __SANITIZE_ADDRESS__
  options.stack_bytes *= 16;
#endif
  auto scheduler = fiber::Scheduler::create(options);
  ASSERT_TRUE(scheduler.ok());
  ASSERT_TRUE((*scheduler)->spawn(std::move(body)).ok());
  (*scheduler)->run(fiber::Scheduler::Until::kNoFibers);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(YamlToJson, TakesOverTheKeysOfOtherMaps) {
  EXPECT_EQ(to_json("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {\"<<\": 1}"),
            R"({"a":{"x":1,"y":2},"b":{"x":3,"y":2},"c":{"<<":1}})");
  EXPECT_EQ(to_json("{<<: [{x: 1}, {x: 2, <<: {z: 3}}], y: 4}"), R"({"y":4,"x":1,"z":3})");
  EXPECT_EQ(to_json("<<: 1"), "ERROR yaml: << takes a map, or a list of maps");
  EXPECT_EQ(to_json("{<<: {a: 1}, <<: {b: 1}}"), "ERROR yaml: the key << is there twice");
  EXPECT_EQ(to_json("&a {<<: *a}"), "ERROR yaml: nests deeper than 64");
}

TEST(YamlToJson, RefusesMergesThatRepeatALot) {
  std::string bomb = "a0: &a0 {x: 1}\n";
  for (int i = 1; i < 20; ++i)
    bomb += fmt::format("a{0}: &a{0} {{<<: [*a{1}, *a{1}, *a{1}]}}\n", i, i - 1);
  EXPECT_EQ(to_json(bomb), "ERROR yaml: its << bring more than 100000 keys");
  std::string hollow = "a0: &a0 {}\n";
  for (int i = 1; i < 40; ++i)
    hollow += fmt::format("a{0}: &a{0} {{<<: [*a{1}, *a{1}]}}\n", i, i - 1);
  EXPECT_EQ(to_json(hollow), "ERROR yaml: its << bring more than 100000 keys");
}

TEST(YamlToJson, SaysInWhichLineItIsNone) {
  EXPECT_EQ(to_json("a: 1\nb\nc: 2\n"), "ERROR yaml: line 2: no \":\" after the key");
}

TEST(YamlToJson, RefusesDeepNestingWithinAHandlersStack) {
  on_fiber([] {
    for (std::string_view part : {"[", "- ", "{a: ", "? ", "[? ", "[a: ", "- ? ", "!t &a ["}) {
      for (int depth : {65, 450, 100'000}) {
        std::string json;
        const Result<void> read = yaml_to_json(repeated(part, depth), json);
        ASSERT_FALSE(read.ok()) << part;
        EXPECT_EQ(read.error().code(), Code::kInvalidArgument);
        EXPECT_NE(read.error().message().find("nests deeper than 64"), std::string::npos)
            << part << depth << read.error().message();
      }
    }
    std::string block;
    for (int i = 0; i < 450; ++i) block += std::string(static_cast<size_t>(i), ' ') + "a:\n";
    EXPECT_NE(to_json(block).find("nests deeper than 64"), std::string::npos);
  });
}

TEST(YamlToJson, NestsToItsLimit) {
  on_fiber([] {
    const std::string most = repeated("[", kYamlTextDepthMax) + repeated("]", kYamlTextDepthMax);
    EXPECT_EQ(to_json(most), most);
    // An alias nests deeper than the text, and one inside of its own anchor without an end.
    EXPECT_EQ(to_json("- &a " + repeated("[", 40) + repeated("]", 40) + "\n- " + repeated("[", 40) +
                      " *a " + repeated("]", 40)),
              "ERROR yaml: nests deeper than 64");
    EXPECT_EQ(to_json("&a [*a, *a]"), "ERROR yaml: nests deeper than 64");
  });
}

TEST(JsonToYaml, WritesBlocks) {
  for (const char* rest : {"1", R"({"a":[{"b":2}]})"}) {
    const std::string longer = R"({"list":[{")" + std::string(2000, 'k') + "\":" + rest + "}]}";
    EXPECT_EQ(to_json(to_yaml(longer)), longer) << "keys that YAML takes behind a '?' alone";
  }
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
