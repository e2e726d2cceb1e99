#include "zelus/ghz/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace zelus::ghz {
namespace {

using ::testing::HasSubstr;

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() {
    std::string name = ::testing::TempDir() + "ghzXXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  /// The error's text, or "".
  std::string apply(const std::string& name, std::string_view text) {
    flags_ = {};
    warning_.clear();
    auto done = apply_config_file(write(name, text), flags_, warning_);
    return done ? "" : done.error().message();
  }

  std::string folder_;
  ParsedFlags flags_;
  std::string warning_;
};

void expect_all(const ParsedFlags& flags) {
  EXPECT_EQ(flags.host, "h:1");
  EXPECT_EQ(flags.get("call"), "a.B/C");
  EXPECT_EQ(flags.get("total"), "7");
  EXPECT_EQ(flags.get("load-step"), "-2");
  EXPECT_EQ(flags.get("insecure"), "true");
  EXPECT_EQ(flags.get("timeout"), "1m30s");
  EXPECT_EQ(flags.get("import-paths"), "a,b");
  EXPECT_EQ(flags.get("metadata"), R"({"k":"v"})");
  EXPECT_EQ(flags.get("data"), R"({"name":"x","n":[1,2.5,true]})");
  EXPECT_EQ(flags.get("concurrency-start"), "1");
  EXPECT_EQ(flags.get("concurrency-step"), "0");
  EXPECT_EQ(flags.get("connections"), "1") << "what is missing has its flag's default";
}

TEST_F(ConfigFileTest, IsReadInThreeForms) {
  EXPECT_EQ(apply("c.json", R"({"host":"h:1","Call":"a.B/C","total":7,"load-step":-2,
    "insecure":true,"timeout":"1m30s","import-paths":["a","b"],"metadata":{"k":"v"},
    "data":{"name":"x","n":[1,2.5,true]}})"),
            "");
  expect_all(flags_);
  EXPECT_EQ(apply("c.toml", R"(host = "h:1"
call = "a.B/C"
total = 7
load-step = -2
insecure = true
timeout = "1m30s"
import-paths = ["a", "b"]
[metadata]
k = "v"
[data]
name = "x"
n = [1, 2.5, true]
)"),
            "");
  // TOML's tables have no order of their own.
  EXPECT_EQ(flags_.get("data"), R"({"n":[1,2.5,true],"name":"x"})");
  flags_.values["data"] = R"({"name":"x","n":[1,2.5,true]})";
  expect_all(flags_);
  EXPECT_EQ(apply("c.yaml",
                  "host: h:1\ncall: a.B/C\ntotal: 7\nload-step: -2\ninsecure: true\n"
                  "timeout: 1m30s\nimport-paths: [a, b]\nmetadata: {k: v}\n"
                  "data:\n  name: x\n  n: [1, 2.5, true]\n"),
            "");
  expect_all(flags_);
}

TEST_F(ConfigFileTest, WhatWasTypedCountsMore) {
  std::string path = write("c.json", R"({"total":7,"host":"file:1","insecure":true})");
  auto typed = parse_flags({"-n", "3", "--no-insecure", "typed:1"});
  ASSERT_TRUE(typed.ok());
  ASSERT_TRUE(apply_config_file(path, *typed, warning_).ok());
  EXPECT_EQ(typed->get("total"), "3");
  EXPECT_EQ(typed->get("insecure"), "false");
  EXPECT_EQ(typed->host, "typed:1");
}

TEST_F(ConfigFileTest, SaysWhatIsWrongAsGhzDoes) {
  EXPECT_EQ(apply("c.json", R"({"concurrency":"x"})"),
            "json: cannot unmarshal string into Go struct field Config.concurrency of type uint");
  EXPECT_EQ(apply("c.json", R"({"insecure":"true"})"),
            "json: cannot unmarshal string into Go struct field Config.insecure of type bool");
  EXPECT_EQ(apply("c.json", R"({"metadata":{"a":5}})"),
            "json: cannot unmarshal number into Go struct field Config.metadata of type string");
  EXPECT_EQ(apply("c.json", "[]"),
            "json: cannot unmarshal array into Go value of type runner.Config");
  EXPECT_EQ(apply("c.json", R"({"timeout":5})"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(apply("c.json", R"({"data":5})"), "unsupported type for Data");
  EXPECT_EQ(apply("c.json", R"({"data":[]})"), "data array must not be empty");
  EXPECT_EQ(apply("c.yaml", "data: [1]"), "data array contains unsupported type");
  EXPECT_THAT(apply("c.json", R"({"total":5)"), HasSubstr("c.json: unexpected end of JSON input"));
  EXPECT_EQ(apply("c.json", R"({"total":-1})"),
            "json: cannot unmarshal number -1 into Go struct field Config.total of type uint");
  EXPECT_THAT(apply("c.toml", "a = 1\nb = "), HasSubstr("c.toml: line 2"));
  EXPECT_THAT(apply("c.yaml", "a: [1"), HasSubstr("c.yaml: line 1: a \"[\" that is not closed"));
  EXPECT_THAT(apply("c.yaml", "total: 7\nhost: \"h:1\ncall: a.B/C\n"),
              HasSubstr("c.yaml: line 2: a quote that begins here is not closed"));
  EXPECT_THAT(apply("c.txt", "total=5"), HasSubstr("ends in .json, .toml, .yaml or .yml"));
  auto missing = apply_config_file(folder_ + "/none.json", flags_, warning_);
  EXPECT_THAT(missing.error().message(), HasSubstr("Failed to find configuration"));
}

TEST_F(ConfigFileTest, NamesWhatIsNoSetting) {
  EXPECT_EQ(apply("c.json", R"({"totl":7,"config":"x","binary":true})"), "");
  EXPECT_THAT(warning_, HasSubstr("\"totl\" is no setting, and is ignored\n"));
  EXPECT_THAT(warning_, HasSubstr("\"binary\""));
}

TEST_F(ConfigFileTest, DeepYamlIsRefused) {
  std::string deep(200, '[');
  EXPECT_THAT(apply("c.yaml", "data: " + deep + std::string(200, ']')), HasSubstr("levels deep"));
}

}  // namespace
}  // namespace zelus::ghz
