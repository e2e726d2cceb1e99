#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include <fstream>
#include <sstream>

#include "zelus/summary/report.h"

namespace zelus::summary {
namespace {

using metrics::Contains;
using metrics::MetricType;
using testing::HasSubstr;

// Tests run in the project's root.
std::string recorded_by_k6(const std::string& file) {
  std::ifstream in("src/zelus/summary/testdata/" + file);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in) << file;
  return text.str();
}

// A run made of given samples: those that k6 recorded, or a test's own.
struct Recorded {
  explicit Recorded(const metrics::ThresholdSpecs& specs = {}) {
    for (const auto& [name, type, contains] : kMetrics)
      registry.define(name, type, contains).ignore("known good");
    thresholds = std::make_unique<metrics::Thresholds>(
        *metrics::Thresholds::create(specs, registry, metrics::SystemTags::defaults()));
    shard = std::make_unique<metrics::Shard>(registry);
  }

  void add(std::string_view metric, double value,
           const std::vector<std::pair<std::string_view, std::string_view>>& tags = {}) {
    const metrics::TagSet* set = shard->tags().empty();
    for (const auto& [key, tag] : tags) set = shard->tags().with(set, key, tag);
    shard->add(registry.id_of(metric), set, value, {.unix_ns = ++now});
  }
  // testdata/README.md
  void add_recorded(const std::string& file) {
    rapidjson::Document run;
    run.Parse(recorded_by_k6(file).c_str());
    ASSERT_FALSE(run.HasParseError()) << file;
    duration = bia::Duration(run["duration_ns"].GetInt64());
    for (const auto& sample : run["samples"].GetArray()) {
      std::vector<std::pair<std::string_view, std::string_view>> tags;
      for (const auto& tag : sample["tags"].GetObject())
        tags.emplace_back(tag.name.GetString(), tag.value.GetString());
      add(sample["metric"].GetString(), sample["value"].GetDouble(), tags);
    }
  }

  void finish() {
    snapshot = metrics::Snapshot::of(*shard, *thresholds, metrics::Detail::kSeries);
    thresholds->evaluate(snapshot, duration, metrics::Thresholds::When::kFinal);
  }
  Input input(Mode mode) const {
    Options options;
    options.mode = mode;
    return {snapshot, *thresholds, duration, options, setup_data};
  }

  static inline const std::vector<std::tuple<std::string_view, MetricType, Contains>> kMetrics = {
      {"cc", MetricType::kCounter, Contains::kDefault},
      {"neg", MetricType::kGauge, Contains::kDefault},
      {"Rr", MetricType::kRate, Contains::kDefault},
      {"tt", MetricType::kTrend, Contains::kTime},
      {"plain", MetricType::kTrend, Contains::kDefault},
      {"grpc_custom", MetricType::kCounter, Contains::kDefault},
      {"data_sent_big", MetricType::kCounter, Contains::kDefault}};
  metrics::Registry registry;
  std::unique_ptr<metrics::Thresholds> thresholds;
  std::unique_ptr<metrics::Shard> shard;
  metrics::Snapshot snapshot;
  bia::Duration duration = std::chrono::seconds(1);
  std::optional<std::string> setup_data;
  int64_t now = 0;
};

metrics::ThresholdSpecs k6s_thresholds() {
  metrics::ThresholdSpecs specs;
  auto add = [&](const char* name, std::vector<const char*> expressions) {
    for (const char* expression : expressions) specs[name].push_back({expression, false, {}});
  };
  add("tt", {"avg<1", "p(99.9)<3000"});
  add("tt{a:b}", {"min>0"});
  add("cc", {"count==5", "rate>0.1"});
  add("Rr", {"rate!=0.5"});
  add("checks{check:odd}", {"rate>0.5"});
  add("dropped_iterations", {"count<1"});
  add("plain", {"avg>0", " p(95) < 400 "});
  add("data_sent_big", {"count<1"});
  add("neg", {"value<0"});
  return specs;
}

TEST(TextSummary, IsK6sToTheByte) {
  for (const auto& [name, mode] :
       {std::pair("full", Mode::kFull), std::pair("compact", Mode::kCompact),
        std::pair("legacy", Mode::kLegacy)}) {
    Recorded run(k6s_thresholds());
    run.add_recorded(std::string(name) + ".json");
    run.finish();
    EXPECT_EQ(text_summary(run.input(mode)), recorded_by_k6(std::string(name) + ".txt"));
    EXPECT_EQ(text_summary(run.input(Mode::kDisabled)), "");
  }
}

TEST(TextSummary, PaintsAsK6) {
  Recorded run({{"cc", {{"count>9", false, {}}}}});
  run.add("cc", 1);
  run.add("checks", 1, {{"check", "ok"}, {"group", ""}});
  run.finish();
  Input input = run.input(Mode::kCompact);
  input.options.stdout_is_tty = true;
  std::string text = text_summary(input);
  EXPECT_THAT(text, HasSubstr("\n  █ \x1b[1mTHRESHOLDS\x1b[0m \n\n    cc\n    \x1b[31m✗\x1b[0m "
                              "\x1b[37m'count>9'\x1b[0m \x1b[37mcount\x1b[0m=\x1b[36m1\x1b[0m\n"));
  EXPECT_THAT(
      text,
      HasSubstr("    checks_total\x1b[2;37m.......:\x1b[0m \x1b[36m1\x1b[0m       \x1b[2;36m"));
  EXPECT_THAT(text, HasSubstr("\n    \x1b[32m✓ ok\x1b[0m\n"));
  input.options.no_color = true;
  EXPECT_THAT(text_summary(input), testing::Not(HasSubstr("\x1b")));
  input.options.no_color = false;
  input.options.mode = Mode::kLegacy;
  EXPECT_THAT(
      text_summary(input),
      HasSubstr("   \x1b[31m✗\x1b[0m cc\x1b[2m.......:\x1b[0m \x1b[36m1\x1b[0m       \x1b[36;2m"));
}

TEST(TextSummary, TakesStatsAndTimeUnit) {
  Recorded run;
  run.add("tt", 1500);
  run.finish();
  Input input = run.input(Mode::kCompact);
  input.options.trend_stats = {"count", "p(99.9)"};
  input.options.time_unit = "s";
  EXPECT_THAT(text_summary(input), HasSubstr("    tt...: count=1 p(99.9)=1.50s\n"));
}

TEST(TextSummary, OfARunWithoutSamples) {
  Recorded run({{"checks", {{"rate>0.5", false, {}}}}});
  run.finish();
  EXPECT_EQ(text_summary(run.input(Mode::kFull)),
            "\n\n  █ THRESHOLDS \n\n    checks\n    ✓ 'rate>0.5' rate=0.00%\n\n\n  █ TOTAL RESULTS "
            "\n\n    checks_total.......: 0     0/s\n"
            "    checks_succeeded...: 0.00% 0 out of 0\n    checks_failed......: 0.00% 0 out of "
            "0\n\n\n\n\n");
  Recorded none;
  none.finish();
  EXPECT_EQ(text_summary(none.input(Mode::kCompact)), "\n\n  █ TOTAL RESULTS \n\n\n\n");
}

TEST(ParseMode, RefusesUnknownOnes) {
  EXPECT_EQ(*parse_mode(""), Mode::kCompact);
  EXPECT_EQ(*parse_mode("legacy"), Mode::kLegacy);
  EXPECT_EQ(parse_mode("Full").error().message(), "invalid summary mode");
}

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

Recorded small_run() {
  Recorded run({{"tt", {{"avg<1", false, {}}, {"max<100", false, {}}}},
                {"http_reqs{name:x}", {{"count==0", false, {}}}}});
  run.setup_data = R"({"token":"abc","n":[1,2.5]})";
  run.duration = std::chrono::seconds(2);
  run.add("tt", 1.5);
  run.add("tt", 2.5);
  run.add("Rr", 1);
  run.add("Rr", 0);
  run.add("checks", 1, {{"check", "one"}, {"group", "::outer::inner"}});
  run.add("group_duration", 1, {{"group", "::outer"}});
  run.finish();
  return run;
}

TEST(HandleSummaryData, HasK6sShape) {
  Recorded run = small_run();
  rapidjson::Document data = parsed(handle_summary_data(run.input(Mode::kCompact)));
  const auto& inner = data["root_group"]["groups"][0]["groups"][0];
  EXPECT_STREQ(data["root_group"]["id"].GetString(), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_STREQ(inner["path"].GetString(), "::outer::inner");
  EXPECT_STREQ(inner["id"].GetString(), "b6c425bc7b9e3d21a2d56ce7a6de3614");
  EXPECT_STREQ(inner["checks"][0]["id"].GetString(), "1cf6a9948fde61c4faf705c4beb04d13");
  EXPECT_EQ(inner["checks"][0]["passes"].GetInt(), 1);
  EXPECT_EQ(data["metrics"]["tt"]["values"]["med"].GetDouble(), 2);
  EXPECT_FALSE(data["metrics"]["tt"]["thresholds"]["avg<1"]["ok"].GetBool());
  EXPECT_TRUE(data["metrics"]["tt"]["thresholds"]["max<100"]["ok"].GetBool());
  EXPECT_EQ(data["metrics"]["http_reqs{name:x}"]["values"]["rate"].GetDouble(), 0);
  EXPECT_EQ(data["metrics"]["Rr"]["values"]["rate"].GetDouble(), 0.5);
  EXPECT_STREQ(data["metrics"]["tt"]["contains"].GetString(), "time");
  EXPECT_EQ(data["state"]["testRunDurationMs"].GetDouble(), 2000);
  EXPECT_STREQ(data["setup_data"]["token"].GetString(), "abc");
  EXPECT_FALSE(data["metrics"].HasMember("vus"));
}

TEST(SummaryExport, KeepsK6sOldShape) {
  Recorded run = small_run();
  std::string text = summary_export(run.input(Mode::kCompact));
  EXPECT_THAT(text, testing::StartsWith("{\n    \"root_group\": {\n        \"name\": \"\",\n"));
  rapidjson::Document data = parsed(text);
  EXPECT_TRUE(data["metrics"]["tt"]["thresholds"]["avg<1"].GetBool());
  EXPECT_FALSE(data["metrics"]["tt"]["thresholds"]["max<100"].GetBool());
  EXPECT_EQ(data["metrics"]["Rr"]["value"].GetDouble(), 0.5);
  EXPECT_EQ(
      data["root_group"]["groups"]["outer"]["groups"]["inner"]["checks"]["one"]["passes"].GetInt(),
      1);
  EXPECT_FALSE(data.HasMember("options"));
}

TEST(MachineReadableSummary, HasK6sShape) {
  Recorded run = small_run();
  rapidjson::Document data = parsed(machine_readable_summary(
      run.input(Mode::kCompact), {"export default 1", "2026-01-01T00:00:00Z", "1.0"}));
  EXPECT_EQ(data["config"]["duration"].GetDouble(), 2);
  EXPECT_STREQ(data["config"]["script"].GetString(), "export default 1");
  EXPECT_STREQ(data["results"]["checks"]["results"][0]["name"].GetString(), "one");
  EXPECT_STREQ(data["results"]["checks"]["metrics"][1]["name"].GetString(), "checks_failed");
  EXPECT_EQ(data["results"]["checks"]["metrics"][0]["values"]["count"].GetDouble(), 1);
  bool found = false;
  for (const auto& metric : data["results"]["metrics"].GetArray()) {
    if (std::string(metric["name"].GetString()) != "tt") continue;
    found = true;
    EXPECT_EQ(metric["values"]["p90"].GetDouble(), 2.4);
  }
  EXPECT_TRUE(found);
}

TEST(HandleSummaryData, SurvivesBrokenSetupDataAndNamesThatNeedEscapes) {
  Recorded run;
  run.setup_data = "{not json";
  run.add("checks", 0, {{"check", "quote \" back \\ line \n tab \x01"}, {"group", ""}});
  run.finish();
  rapidjson::Document data = parsed(handle_summary_data(run.input(Mode::kCompact)));
  EXPECT_FALSE(data.HasMember("setup_data"));
  EXPECT_STREQ(data["root_group"]["checks"][0]["name"].GetString(),
               "quote \" back \\ line \n tab \x01");
}

}  // namespace
}  // namespace zelus::summary
