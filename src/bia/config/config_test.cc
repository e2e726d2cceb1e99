#include "bia/bia/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/type.pb.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string message_of(const Result<Config>& config) {
  return config.ok() ? "" : Result<Config>(config.error()).error().message();
}

TEST(Config, ReadsValuesByDottedKeys) {
  const Config config = *Config::parse(
      "a:\n  b: text\n  n: -12\n  x: 1.5\n  t: true\n  d: 0.2s\n  l: [p, 2]\n  e:\n");
  EXPECT_EQ(*config.string("a.b"), "text");
  EXPECT_EQ(*config.integer("a.n"), -12);
  EXPECT_EQ(*config.real("a.x"), 1.5);
  EXPECT_TRUE(*config.boolean("a.t"));
  EXPECT_EQ(*config.duration("a.d"), 200ms);
  EXPECT_THAT(*config.strings("a.l"), ElementsAre("p", "2"));
  EXPECT_THAT(config.keys("a"), ElementsAre("b", "n", "x", "t", "d", "l", "e"));
  EXPECT_TRUE(config.has("a.b"));
  EXPECT_FALSE(config.has("a.e"));
  EXPECT_FALSE(config.has("a.b.c"));
  EXPECT_EQ(config.where("a.x"), "config.yaml:4");
}

TEST(Config, SaysWhereAValueIsOfAnotherType) {
  const Config config = *Config::parse("a: text\nm: {k: v}\nd: 5\nq: \"true\"\n");
  EXPECT_EQ(config.integer("a").error().message(), "config.yaml:1: a is not a whole number");
  EXPECT_EQ(config.integer("m").error().message(),
            "config.yaml:2: m is a map; write a whole number");
  EXPECT_EQ(config.string("m").error().message(), "config.yaml:2: m is not a string");
  EXPECT_EQ(config.duration("d").error().message(),
            "config.yaml:3: d has no unit; write a duration like \"1s\" or \"200ms\"");
  EXPECT_EQ(config.boolean("q").error().message(), "config.yaml:4: q is not true or false");
  EXPECT_EQ(config.strings("a").error().message(), "config.yaml:1: a is not a list");
  EXPECT_EQ(config.string("no.such").error().code(), Code::kNotFound);
}

TEST(Config, NeverShowsAValueOfTheService) {
  const Config config = *Config::parse("password: hunter2\n");
  EXPECT_THAT(config.integer("password").error().text(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(config.duration("password").error().text(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(config.boolean("password").error().text(), Not(HasSubstr("hunter2")));
  const Config number = *Config::parse("password: 4711\nserver: {http: {timeout: 5}}\n");
  EXPECT_THAT(number.duration("password").error().text(), Not(HasSubstr("4711")));
  EXPECT_THAT(number.boolean("password").error().text(), Not(HasSubstr("4711")));
  EXPECT_EQ(number.duration("server.http.timeout").error().message(),
            "config.yaml:2: server.http.timeout \"5\" has no unit; write \"5s\"");
}

TEST(Config, SaysWhereTheYamlIsBad) {
  EXPECT_THAT(message_of(Config::parse("a: 1\nb: [1, 2\n")),
              testing::StartsWith("config.yaml:2: a \"[\" that is not closed"));
  EXPECT_EQ(message_of(Config::parse("server:\n  http\n    addr: :1\n")),
            "config.yaml:2: no \":\" after the key");
  EXPECT_EQ(message_of(Config::parse("a: 1\n---\nb: 1\n")),
            "config.yaml:2: a second document begins here; a file has one");
  EXPECT_EQ(message_of(Config::parse("a: 1\na: 2\n")), "config.yaml:2: the key a is there twice");
  EXPECT_EQ(message_of(Config::parse("- a\n")), "config.yaml:1: expected keys, like \"server:\"");
  EXPECT_THAT(message_of(Config::parse("a: b: c\n")), testing::StartsWith("config.yaml:1: "));
  EXPECT_THAT(message_of(Config::parse("a: *none\n")), testing::StartsWith("config.yaml:1: "));
  EXPECT_TRUE(Config::parse("").ok());
}

TEST(Config, RefusesAQuoteThatIsNotClosed) {
  for (const char* yaml : {"a: \"b\nserver: {http: {addr: ':1'}}\n", "a: 'b\nc: d\n\n",
                           "a: 'it''s\n", "a: \"b\\\"\n", "\"a: 1\n", "a: [\"b]\n \r\n"})
    EXPECT_THAT(message_of(Config::parse(yaml)), testing::StartsWith("config.yaml:")) << yaml;
  EXPECT_EQ(message_of(Config::parse("a: \"b\nc: d\n")),
            "config.yaml:1: a quote that begins here is not closed");
  const Config closed = *Config::parse("a: \"b\n  c\"\nd: 'it''s'\ne: it's\nf: |\n  \"g\n\n");
  EXPECT_EQ(*closed.string("a"), "b c");
  EXPECT_EQ(*closed.string("d"), "it's");
  EXPECT_EQ(*closed.string("e"), "it's");
  EXPECT_EQ(*closed.string("f"), "\"g\n");
}

TEST(Config, DoesNotShowWhatIsBadYaml) {
  for (const char* yaml : {"password: *hunter2\n", "password: \"hunter2\\q\"\n",
                           "password: [hunter2\n", "password: %hunter2\n", "a: b: hunter2\n"}) {
    const std::string error = message_of(Config::parse(yaml));
    EXPECT_THAT(error, testing::StartsWith("config.yaml:"));
    EXPECT_THAT(error, Not(testing::AnyOf(HasSubstr("hunter2"), testing::EndsWith("q"))));
  }
}

TEST(Config, TakesOverTheKeysOfOtherMaps) {
  const Config config = *Config::parse(R"(base: &base
  addr: :1
  timeout: 1s
  tls: {cert: a, key: b}
other: &other
  addr: :2
  name: n
one:
  addr: :3
  <<: *base
  tls: {cert: c}
many:
  <<: [*other, *base, {more: m}]
  timeout: 2s
nested: {<<: {<<: *other, name: x}}
"<<": quoted
)");
  EXPECT_THAT(config.keys("one"), ElementsAre("addr", "tls", "timeout"));
  EXPECT_EQ(*config.string("one.addr"), ":3");
  EXPECT_EQ(config.where("one.timeout"), "config.yaml:3");
  EXPECT_THAT(config.keys("one.tls"), ElementsAre("cert"));
  EXPECT_THAT(config.keys("many"), ElementsAre("timeout", "addr", "name", "tls", "more"));
  EXPECT_EQ(*config.string("many.addr"), ":2");
  EXPECT_EQ(*config.string("many.timeout"), "2s");
  EXPECT_EQ(*config.string("nested.name"), "x");
  EXPECT_EQ(*config.string("nested.addr"), ":2");
  EXPECT_EQ(*config.string("<<"), "quoted");
}

TEST(Config, RefusesWhatCannotBeTakenOver) {
  for (const char* bad : {"<<: x", "<<: [{b: 1}, x]", "<<:"}) {
    EXPECT_EQ(message_of(Config::parse(std::string("a:\n  ") + bad + "\n")),
              "config.yaml:2: << takes a map, or a list of maps");
  }
  EXPECT_EQ(message_of(Config::parse("a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n")),
            "config.yaml:4: the key << is there twice");
  EXPECT_EQ(message_of(Config::parse("a: {b: 1,\n b: 2}\n")),
            "config.yaml:2: the key b is there twice");
  // One that takes over itself.
  EXPECT_FALSE(Config::parse("a: &a\n  <<: *a\n").ok());
}

TEST(Config, RefusesAliasesThatStandForTooMuch) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 9; ++i) {
    yaml += fmt::format("a{0}: &a{0} [", i);
    for (int k = 0; k < 10; ++k) yaml += fmt::format("{}*a{}", k ? ", " : "", i - 1);
    yaml += "]\n";
  }
  EXPECT_THAT(message_of(Config::parse(yaml)),
              HasSubstr("its aliases stand for more than 100000 values"));
  // Without aliases no file has too many.
  std::string many = "a: [";
  for (int i = 0; i < 150'000; ++i) many += "x,";
  EXPECT_TRUE(Config::parse(many + "]").ok());
}

TEST(Config, RefusesDeepNesting) {
  EXPECT_THAT(message_of(Config::parse("a: " + std::string(200, '[') + std::string(200, ']'))),
              HasSubstr("nested deeper than 64"));
  for (const char* level : {"[", "{", "- ", "? ", "{a: "}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += level;
    EXPECT_FALSE(Config::parse("a:\n  " + deep).ok()) << level;
  }
  EXPECT_TRUE(Config::parse("a: " + std::string(60, '[') + std::string(60, ']')).ok());
}

TEST(Config, APlaceholderAloneIsOfAnyType) {
  const auto check = [](std::string_view text, std::string_view name) {
    const Config config = *Config::parse(text, name);
    EXPECT_TRUE(*config.boolean("a"));
    EXPECT_FALSE(*config.boolean("b"));
    EXPECT_EQ(*config.integer("c"), 7);
    EXPECT_FALSE(config.boolean("d").ok());
    EXPECT_EQ(*config.string("e"), "falsefalse");
  };
  check(R"({"a": "${NONE:true}", "b": "${no}", "c": "${NONE:7}", "d": "true",)"
        R"( "e": "${no}${no}", "no": false})",
        "c.json");
  check("a: '${NONE:true}'\nb: \"${no}\"\nc: ${NONE:7}\nd: 'true'\ne: ${no}${no}\nno: false\n",
        "c.yaml");
  check(
      "a = '${NONE:true}'\nb = \"${no}\"\nc = '${NONE:7}'\nd = 'true'\ne = '${no}${no}'\n"
      "no = false\n",
      "c.toml");
}

TEST(Config, ResolvesPlaceholders) {
  setenv("BIA_CONFIG_TEST", "from the environment", 1);
  const Config config = *Config::parse(
      "name: kratos\nport: 80\na: ${name}\nb: x-${port}-${none:a:b}\nc: ${BIA_CONFIG_TEST}\nl: "
      "['${name:z}']\ne: '${none:}'\n");
  EXPECT_EQ(*config.string("a"), "kratos");
  EXPECT_EQ(*config.string("b"), "x-80-a:b");
  EXPECT_EQ(*config.string("c"), "from the environment");
  EXPECT_THAT(*config.strings("l"), ElementsAre("kratos"));
  EXPECT_EQ(*config.string("e"), "");
}

TEST(Config, RefusesUnresolvedPlaceholders) {
  EXPECT_EQ(message_of(Config::parse("a: 1\nb: ${NO_SUCH_THING}\n")),
            "config.yaml:2: ${NO_SUCH_THING} is neither a key nor an environment variable; set it, "
            "write ${NO_SUCH_THING:default}, or \"$${\" for a \"${\" itself");
  EXPECT_EQ(
      message_of(Config::parse("b: \"${open\"\n")),
      "config.yaml:1: a \"${\" without its \"}\"; write ${KEY}, ${KEY:default}, or \"$${\" for a "
      "\"${\" itself");
  EXPECT_EQ(message_of(Config::parse("b: a${hunter$2}\n")),
            "config.yaml:1: what stands in \"${…}\" is neither a key nor an environment variable; "
            "write ${KEY}, ${KEY:default}, or \"$${\" for a \"${\" itself");
}

TEST(Config, ADollarMoreIsThePlaceholdersCharacters) {
  const Config config = *Config::parse(
      "a: p$${word\nb: $${x}-${n}$$${y}\nc: <${a}>\nd: ${none:$${z}\nn: 1\ne: $$ {$n}\n");
  EXPECT_EQ(*config.string("a"), "p${word");
  EXPECT_EQ(*config.string("b"), "${x}-1$${y}");
  EXPECT_EQ(*config.string("c"), "<p${word>");
  EXPECT_EQ(*config.string("d"), "${z");
  EXPECT_EQ(*config.string("e"), "$$ {$n}");
}

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() { std::filesystem::create_directories(folder_); }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string folder_ = testing::TempDir() + "bia_config_test_" + std::to_string(getpid());
};

TEST_F(ConfigFiles, MergesAFolderInTheOrderOfNames) {
  write("b.yaml", "server:\n  http:\n    addr: :2\nlist: [3]\n");
  write("a.yml", "server:\n  http:\n    addr: :1\n    timeout: 1s\nlist: [1, 2]\n");
  write("c.json", "{\"other\": {\"x\": 1}}");
  write(".hidden.yaml", "a: [");
  write("notes.txt", "a: [");
  const Config config = *Config::load(folder_);
  EXPECT_EQ(*config.string("server.http.addr"), ":2");
  EXPECT_EQ(*config.string("server.http.timeout"), "1s");
  EXPECT_THAT(*config.strings("list"), ElementsAre("3"));
  EXPECT_EQ(*config.integer("other.x"), 1);
  EXPECT_EQ(config.where("server.http.addr"), folder_ + "/b.yaml:3");
}

TEST_F(ConfigFiles, TakesOneFile) {
  write("only.yaml", "a: 1\n");
  EXPECT_EQ(*Config::load(folder_ + "/only.yaml")->integer("a"), 1);
}

TEST_F(ConfigFiles, SaysWhatIsMissing) {
  EXPECT_EQ(Config::load(folder_ + "/none").error().message(),
            folder_ + "/none: no such file or folder");
  EXPECT_EQ(Config::load(folder_).error().message(),
            folder_ + ": the folder has no .yaml, .yml, .json or .toml file");
}

TEST(ConfigScan, FillsMessages) {
  const Config config = *Config::parse(
      "server: {http: {addr: ':1'}}\nname: n\nkind: TYPE_INT32\nnumber: 7\ntypeUrl: "
      "u\ndefault_value: d\npacked: true\ncardinality: CARDINALITY_REPEATED\n"
      "options:\n  - name: one\n  - name: two\n");
  google::protobuf::Field field;
  const auto scanned = config.scan(field);
  ASSERT_TRUE(scanned.ok());
  EXPECT_EQ(field.ShortDebugString(),
            "kind: TYPE_INT32 cardinality: CARDINALITY_REPEATED number: 7 name: \"n\" type_url: "
            "\"u\" packed: true "
            "options { name: \"one\" } options { name: \"two\" } default_value: \"d\"");
}

TEST(ConfigScan, ReadsDurations) {
  google::protobuf::Duration duration;
  ASSERT_TRUE(Config::parse("timeout: 1.5s")->scan("timeout", duration).ok());
  EXPECT_EQ(duration.ShortDebugString(), "seconds: 1 nanos: 500000000");
  EXPECT_EQ(Config::parse("timeout: soon")->scan("timeout", duration).error().message(),
            "config.yaml:1: timeout is not a duration like \"1s\" or \"200ms\"");
}

TEST(ConfigScan, ReadsMaps) {
  google::protobuf::Struct message;
  ASSERT_TRUE(Config::parse("fields:\n  a: {string_value: x}\n  b: {number_value: 2}\n")
                  ->scan(message)
                  .ok());
  EXPECT_EQ(message.fields().at("a").string_value(), "x");
  EXPECT_EQ(message.fields().at("b").number_value(), 2);
}

TEST(ConfigScan, NamesUnknownKeysAndWrongTypes) {
  google::protobuf::Field field;
  const auto error = [&](const char* yaml) {
    return Config::parse(yaml)->scan(field).error().message();
  };
  EXPECT_EQ(error("a: 1\n"),
            "config.yaml:1: unknown key a; known here: kind, cardinality, number, name, type_url, "
            "oneof_index, packed, options, json_name, default_value, server, runtime, log, "
            "metrics, health, debug, tracing, registry");
  EXPECT_EQ(error("name: x\nnumbr: 1\n"), "config.yaml:2: unknown key numbr; did you mean number?");
  EXPECT_EQ(error("number: x\n"), "config.yaml:1: number is not a whole number");
  EXPECT_EQ(error("number: 3000000000\n"), "config.yaml:1: number does not fit 32 bits");
  EXPECT_THAT(error("kind: INT\n"),
              HasSubstr("config.yaml:1: kind is none of TYPE_UNKNOWN, TYPE_DOUBLE"));
  EXPECT_EQ(error("options: 3\n"), "config.yaml:1: options is not a list");
  EXPECT_EQ(error("options: [{nam: x}]\n"),
            "config.yaml:1: unknown key options[0].nam; did you mean name?");
  EXPECT_EQ(error("name: [x]\n"), "config.yaml:1: name is not a string");
}

TEST(ConfigOnly, NamesTheUnknownKey) {
  const Config config = *Config::parse("server:\n  http:\n    adr: :1\n");
  EXPECT_EQ(config.only("server.http", {"addr", "timeout"}).error().message(),
            "config.yaml:3: unknown key server.http.adr; did you mean addr?");
  EXPECT_TRUE(config.only("server", {"http"}).ok());
  EXPECT_TRUE(config.only("none", {"http"}).ok());
}

}  // namespace
}  // namespace bia
