#include "zelus/modules/source/source_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace zelus::modules {
namespace {

std::string found(const SourceMap& map, uint32_t line, uint32_t column) {
  auto place = map.find(line, column);
  return place ? fmt::format("{}:{}:{}", place->source, place->line, place->column) : "";
}

std::string why(std::string_view json) {
  auto map = SourceMap::parse(json);
  return map ? "" : std::string(map.error().message());
}

TEST(SourceMap, FindsTheMappingBefore) {
  auto map = *SourceMap::parse(
      R"({"version":3,"sources":["a.ts","b.ts"],"mappings":"GAEO;AACE,QAAM;;ACHR"})");
  EXPECT_EQ(found(map, 1, 2), "");
  EXPECT_EQ(found(map, 1, 3), "a.ts:3:7");
  EXPECT_EQ(found(map, 2, 7), "a.ts:4:9");
  EXPECT_EQ(found(map, 2, 8), "a.ts:4:15");
  EXPECT_EQ(found(map, 3, 1), "a.ts:4:15") << "of a line before, as in k6";
  EXPECT_EQ(found(map, 4, 50), "b.ts:1:7");
  EXPECT_EQ(found(map, 5, 1), "") << "after the last mapping's line";
}

TEST(SourceMap, JoinsTheRoot) {
  auto joined = [](std::string_view root, std::string_view source) {
    auto map = SourceMap::parse(fmt::format(
        R"({{"version":3,"sourceRoot":"{}","sources":["{}"],"mappings":"AAAA"}})", root, source));
    return map ? std::string(map->find(1, 1)->source) : "";
  };
  EXPECT_EQ(joined("webpack://proj/", "../src/a.ts"), "webpack://proj/src/a.ts");
  EXPECT_EQ(joined("webpack://proj", "a.ts"), "webpack://proj/a.ts");
  EXPECT_EQ(joined("../s", "a.ts"), "../s/a.ts");
  EXPECT_EQ(joined("webpack://proj/q", "/x/a.ts"), "/x/a.ts");
  EXPECT_EQ(joined("s", "webpack:///./a.ts"), "webpack:///./a.ts");
}

TEST(SourceMap, HasSections) {
  auto map = *SourceMap::parse(
      R"({"version":3,"sections":[
      {"offset":{"line":0,"column":0},"map":{"version":3,"sources":["a.ts"],"mappings":"AAAA"}},
      {"offset":{"line":1,"column":5},"map":{"version":3,"sources":["b.ts"],"mappings":"AAUA;AACA"}}
      ]})");
  EXPECT_EQ(found(map, 1, 9), "a.ts:1:0");
  EXPECT_EQ(found(map, 2, 5), "b.ts:11:0");
  EXPECT_EQ(found(map, 3, 1), "b.ts:12:0");
}

TEST(SourceMap, SaysWhatK6Says) {
  EXPECT_EQ(why(""), "unexpected end of JSON input");
  EXPECT_EQ(why("[]"), "json: cannot unmarshal array into Go value of type sourcemap.v3");
  EXPECT_EQ(why(R"({"version":2,"mappings":"AAAA"})"),
            "sourcemap: got version=2, but only 3rd version is supported");
  EXPECT_EQ(why(R"({"version":3,"mappings":""})"), "sourcemap: mappings are empty");
  EXPECT_EQ(why(R"({"version":3,"sources":["a"],"mappings":"AAEO;AACg"})"), "EOF");
  EXPECT_EQ(why(R"({"version":3,"mappings":5})"),
            "json: cannot unmarshal number into Go struct field v3.sourceMap.mappings of type "
            "string");
}

TEST(SourceMap, KnowsNothingWhereMappingsAreWrong) {
  auto why = [](std::string_view json) {
    auto map = *SourceMap::parse(json);
    EXPECT_FALSE(map.find(1, 1));
    return map.wrong() == nullptr ? "" : std::string(map.wrong()->message());
  };
  EXPECT_EQ(why(R"({"version":3,"sources":["a"],"mappings":"AEEA"})"),
            "sourcemap: a mapping names source 2 of 1");
  EXPECT_EQ(why(R"({"version":3,"sources":["a"],"mappings":"A!A"})"),
            "sourcemap: the mappings are no base64 VLQ at byte 1");
  EXPECT_EQ(why(R"({"version":3,"sources":["a"],"mappings":"ggggggggA"})"),
            "sourcemap: the mappings are no base64 VLQ at byte 7");
  EXPECT_EQ(why(R"({"version":3,"sources":["a"],"mappings":"DAAA"})"),
            "sourcemap: a mapping's line or column is out of range");
}

TEST(SourceMap, IsReadByWhoeverAsksFirst) {
  std::string mappings = "AAAA";
  for (int i = 0; i < 20'000; ++i) mappings += ";AACA";
  auto map = *SourceMap::parse(
      fmt::format(R"({{"version":3,"sources":["a.ts"],"mappings":"{}"}})", mappings));
  std::vector<std::thread> threads;
  std::array<std::string, 4> seen;
  for (std::string& mine : seen)
    threads.emplace_back([&map, &mine] { mine = found(map, 20'000, 1); });
  for (auto& thread : threads) thread.join();
  for (const std::string& one : seen) EXPECT_EQ(one, "a.ts:20000:0");
  SourceMap moved = std::move(map);
  EXPECT_EQ(found(moved, 2, 1), "a.ts:2:0");
}

TEST(SourceMapReference, IsInTheLastLine) {
  EXPECT_EQ(source_map_reference("f();\n//# sourceMappingURL=a.map \r\n\n"), "a.map");
  EXPECT_FALSE(source_map_reference("//# sourceMappingURL=a.map\nf();"));
  EXPECT_FALSE(source_map_reference("f(); //# sourceMappingURL=a.map"));
  EXPECT_FALSE(source_map_reference("//@ sourceMappingURL=a.map"));
  EXPECT_FALSE(source_map_reference(""));
}

TEST(DecodeDataUrl, TakesBase64) {
  EXPECT_EQ(*decode_data_url("data:application/json;charset=utf-8;base64,e30="), "{}");
  EXPECT_EQ(decode_data_url("data:application/json;base64,@@@").error().message(),
            "illegal base64 data at input byte 0");
  EXPECT_EQ(decode_data_url("data:application/json,%7B").error().message(),
            "illegal base64 data at input byte 0");
}

}  // namespace
}  // namespace zelus::modules
