#include "codec/yaml_fault.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "codec/yaml_check.h"
#include "codec/yaml_merge.h"

namespace bia::codec {
namespace {

std::string fault_of(const std::string& yaml) {
  try {
    check_yaml_file(yaml);
    YAML::Load(yaml);
  } catch (const YAML::Exception& thrown) {
    const YamlFault fault = explain_yaml(yaml, thrown);
    return std::to_string(fault.line) + ": " + fault.what;
  }
  return "none";
}

TEST(YamlFault, NamesTheLineOfAColonThatIsMissing) {
  EXPECT_EQ(fault_of("server:\n  http\n    addr: :1\n"), "2: no \":\" after the key");
  EXPECT_EQ(fault_of("a: 1\nb\n\n# text\nc: 2\n"), "2: no \":\" after the key");
  EXPECT_EQ(fault_of("a: 1\nthis is\ntext\nc: 2\n"), "2: no \":\" after the key");
  EXPECT_EQ(fault_of("server:\n  http:\n    addr:\":1\"\n    timeout: 1s\n"),
            "3: no space after the \":\" of a key");
  EXPECT_EQ(fault_of("a:\n  - x: 1\n    y\n    z: 2\n"), "3: no \":\" after the key");
}

TEST(YamlFault, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(fault_of("a: 1\nb: c: d\n"),
            "2: a second \": \" in one value; put the value in quotes");
  EXPECT_EQ(fault_of("a: @x\n"), "1: a value cannot begin with this character; put it in quotes");
  EXPECT_EQ(fault_of("a: - b\n"),
            "1: a list's \"- \" behind a key; it begins on a line of its own");
  EXPECT_EQ(fault_of("a: *x\n"),
            "1: no &NAME above for this *NAME; a value that begins with * is put in quotes");
  EXPECT_EQ(fault_of("a: \"c:\\path\"\n"),
            "1: a \\ in double quotes begins no escape of YAML; write \\\\, or single quotes");
  EXPECT_EQ(fault_of("a: 'it's'\nb: 1\n").substr(0, 36), "1: more text behind a closing quote;");
  EXPECT_EQ(fault_of("a: 1\nb: \"x\" y\n").substr(0, 36), "2: more text behind a closing quote;");
}

TEST(YamlFault, NamesTheLineWhereAQuoteOrABracketBegan) {
  EXPECT_EQ(fault_of("a: 1\nb: \"x\nc: d\ne: f\n"), "2: a quote that begins here is not closed");
  EXPECT_EQ(fault_of("b: it's \"x\n# it's\nc: [\"d\", 'e\nf: g\n"),
            "3: a quote that begins here is not closed");
  EXPECT_EQ(fault_of("a:\n- \"x\nb: \"y\"\nc: 1\n"),
            "2: a quote that begins here ends at the next one, in line 3; close it");
  EXPECT_EQ(fault_of("a: [1, 2\nb: 3\nc: 4\n").substr(0, 27), "1: a \"[\" that is not closed");
  EXPECT_EQ(fault_of("z: 1\na: {x: 1,\n y: {b: 2}\nc: 4\n").substr(0, 27),
            "2: a \"{\" that is not closed");
  EXPECT_EQ(fault_of("{\"a\": {\"b\": [1]}\n").substr(0, 27), "1: a \"{\" that is not closed");
  EXPECT_EQ(fault_of("a: [1]\nb: [1, 2]]\n"), "2: a closing bracket that no bracket opens");
}

TEST(YamlFault, SaysWhatIsWrongWithTheIndentation) {
  EXPECT_EQ(fault_of("a:\n    b: 1\n   c: 1\n").substr(0, 43),
            "3: its indentation is that of no line above");
  EXPECT_EQ(fault_of("a:\n  b: 1\n    c: 1\n"),
            "3: indented deeper than line 2, whose key has a value already");
  EXPECT_EQ(fault_of("a:\n\tb: 1\n"), "2: a tab in the indentation; YAML takes spaces alone");
  EXPECT_EQ(fault_of("a:\n  b: 1\n\tc: 1\n"),
            "3: a tab in the indentation; YAML takes spaces alone");
  EXPECT_EQ(fault_of("a:\n  - x\n  -y\n  - z\n"), "3: no space after the \"-\" of a list's item");
  EXPECT_EQ(fault_of("a:\n  b: 1\n  - c\n"),
            "3: an item of a list where a key is due; lists stand below a key");
  EXPECT_EQ(fault_of("a:\n  - b\n  c: 1\n").substr(0, 39),
            "3: a key where an item of a list is due");
}

TEST(YamlFault, RefusesWhatFollowsTheDocument) {
  EXPECT_EQ(fault_of("a: 1\n---\nb: 2\n"), "2: a second document begins here; a file has one");
  EXPECT_EQ(fault_of("  a: 1\nb: 2\n").substr(0, 41), "2: what begins here belongs to nothing ab");
  EXPECT_EQ(fault_of("---\na: 1\n---\n# the end\n...\n"), "none");
  EXPECT_EQ(fault_of("a: \"b\n  c\"\nd: 'it''s'\ne: it's\nf: |\n  \"g\n"), "none");
  EXPECT_EQ(fault_of(""), "none");
}

TEST(YamlMerge, IsNoNameInQuotes) {
  const YAML::Node map = YAML::Load("<<: {a: 1}\n\"<<\": [{b: 1}, {c: 1}]\nd: [{b: 1}, 2]\n");
  size_t merges = 0;
  for (const auto& entry : map) merges += is_yaml_merge(entry.first) ? 1 : 0;
  EXPECT_EQ(merges, 1u);
  EXPECT_FALSE(merged_maps(map["d"]).has_value());
  EXPECT_FALSE(merged_maps(map["d"][1]).has_value());
  EXPECT_EQ(merged_maps(map["d"][0])->size(), 1u);
}

}  // namespace
}  // namespace bia::codec
