#include "zelus/run/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "zelus/run/flag_tables.h"
#include "zelus/run/test_run.h"

namespace zelus::run {
namespace {

options::FlagSet parse(std::vector<std::string> arguments) {
  options::FlagSet flags(run_flags());
  auto parsed = flags.parse(arguments);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  return flags;
}

std::string command_line_error(std::vector<std::string> arguments) {
  auto options = command_line_options(parse(std::move(arguments)));
  return options ? "accepted" : options.error().message();
}

std::string runtime_error(std::vector<std::string> arguments, Environment environment = {}) {
  auto settings = runtime_settings(parse(std::move(arguments)), environment, true);
  return settings ? "accepted" : settings.error().message();
}

TEST(CommandLineOptions, ReadsFlags) {
  auto options =
      command_line_options(parse({"-u", "5", "-d10s", "-s", "1s:2,3s:0", "--tag", "a=b", "--dns",
                                  "ttl=0,select=first", "--http-debug", "--summary-trend-stats",
                                  "avg,p(99)", "-o", "json=x", "-o", "csv", "--no-setup", "s.js"}));
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->vus, 5);
  EXPECT_EQ(options->stages->size(), 2u);
  EXPECT_EQ(options->tags->at("a"), "b");
  EXPECT_EQ(options->dns.select, "first");
  EXPECT_EQ(options->http_debug, "headers");
  EXPECT_THAT(*options->out, testing::ElementsAre("json=x", "csv"));
  EXPECT_EQ(options->no_setup, true);
  EXPECT_FALSE(options->iterations.has_value());
}

TEST(CommandLineOptions, ErrorsAreK6s) {
  EXPECT_EQ(command_line_error({"--tag", "novalue"}),
            "error parsing tag 'novalue': invalid tag, empty value");
  EXPECT_EQ(command_line_error({"--tag", "=x"}), "error parsing tag '=x': invalid tag, empty name");
  EXPECT_EQ(command_line_error({"--tag", ""}), "accepted");
  EXPECT_EQ(command_line_error({"-s", "x:1"}), "error for stage 0: time: invalid duration \"x\"");
  EXPECT_EQ(command_line_error({"-s", ":1"}), "stage 0 doesn't have a specified duration");
  EXPECT_EQ(command_line_error({"--blacklist-ip", "x"}),
            "error parsing blacklist-ip 'x': invalid CIDR address: x");
  EXPECT_EQ(command_line_error({"--summary-time-unit", "h"}),
            "invalid summary time unit 'h', use 's', 'ms' or 'us'");
  EXPECT_EQ(command_line_error({"--summary-trend-stats", "foo"}),
            "invalid trend stat 'foo', unknown format");
  EXPECT_EQ(command_line_error({"--execution-segment", "abc"}),
            "'abc' is not a valid percentage, decimal, fraction or interval value");
  EXPECT_EQ(command_line_error({"--dns", "ttl"}), "no value for key ttl");
}

TEST(RuntimeSettings, EnvironmentBelowFlags) {
  Environment environment{
      {"K6_NO_THRESHOLDS", "true"}, {"K6_SUMMARY_MODE", "full"}, {"HOME", "/h"}};
  auto settings = runtime_settings(parse({"-e", "A=1=2", "-e", "B", "--no-thresholds=false"}),
                                   environment, true);
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->no_thresholds);
  EXPECT_EQ(settings->summary_mode, summary::Mode::kFull);
  EXPECT_EQ(settings->env.at("A"), "1=2");
  EXPECT_EQ(settings->env.at("B"), "");
  EXPECT_EQ(settings->env.at("HOME"), "/h");
  EXPECT_FALSE(runtime_settings(parse({}), environment, false)->env.contains("HOME"));
  EXPECT_EQ(runtime_settings(parse({"--no-summary"}), {}, true)->summary_mode,
            summary::Mode::kDisabled);
}

TEST(RuntimeSettings, ErrorsAreK6s) {
  EXPECT_EQ(runtime_error({"-e", "1A=2"}), "invalid environment variable name '1A'");
  EXPECT_EQ(runtime_error({"--summary-mode=pretty"}), "invalid summary mode");
  EXPECT_EQ(runtime_error({"--compatibility-mode=es5"}),
            "invalid compatibility mode \"es5\". Use: \"extended\", \"base\", "
            "\"experimental_enhanced\"");
  EXPECT_EQ(runtime_error({}, {{"K6_NO_THRESHOLDS", "x"}}),
            "env var 'K6_NO_THRESHOLDS' is not a valid boolean value: strconv.ParseBool: parsing "
            "\"x\": invalid syntax");
  EXPECT_EQ(runtime_error({"--traces-output", "otel"}),
            "--traces-output (K6_TRACES_OUTPUT) is known to k6 but not built into zelus");
  EXPECT_EQ(runtime_error({"--traces-output", "jaeger"}), "invalid traces output \"jaeger\"");
  EXPECT_EQ(runtime_error({}, {{"K6_TRACES_OUTPUT", "otel=x:1"}}),
            "--traces-output (K6_TRACES_OUTPUT) is known to k6 but not built into zelus");
  EXPECT_EQ(runtime_error({}, {{"K6_FEATURES", "native-histograms"}}),
            "the environment variable K6_FEATURES is known to k6 but not built into zelus");
  EXPECT_EQ(runtime_error({}, {{"K6_DEPENDENCIES_MANIFEST", "{}"}}),
            "the environment variable K6_DEPENDENCIES_MANIFEST is known to k6 but not built into "
            "zelus");
  EXPECT_EQ(runtime_error({"--compatibility-mode="}), "accepted");
  EXPECT_EQ(runtime_error({}, {{"SSLKEYLOGFILE", "keys.log"}}), "accepted");
}

TEST(ConfigFile, MissingOnesAreErrorsOnlyWhenNamed) {
  GlobalSettings settings = global_settings(parse({}), {{"HOME", "/nonexistent"}});
  EXPECT_EQ(settings.config_path, "/nonexistent/.config/k6/config.json");
  EXPECT_TRUE(config_file_options(settings).ok());
  settings = global_settings(parse({"-c", "/nonexistent/c.json"}), {});
  auto options = config_file_options(settings);
  EXPECT_EQ(options::exit_of(options.error()), 104);
  EXPECT_THAT(options.error().message(),
              testing::HasSubstr("stat /nonexistent/c.json: no such file or directory"));
}

TEST(ConfigFile, CollectorsAreKeptByOutput) {
  std::string path = testing::TempDir() + "zelus_collectors.json";
  GlobalSettings settings = global_settings(parse({"-c", path}), {});
  std::ofstream(path) << R"({"vus": 3, "collectors":{"csv":{"saveInterval":"1s"},"json":null}})";
  EXPECT_EQ(config_file_options(settings)->vus, 3);
  auto collectors = config_file_collectors(settings);
  ASSERT_TRUE(collectors.ok());
  EXPECT_EQ(collectors->at("csv"), R"({"saveInterval":"1s"})");
  EXPECT_EQ(collectors->count("json"), 0u);
  std::ofstream(path) << R"({"collectors":[1]})";
  EXPECT_EQ(options::exit_of(config_file_collectors(settings).error()), 104);
  std::remove(path.c_str());
  EXPECT_TRUE(config_file_collectors(settings)->empty());
}

TEST(BottleneckWarning, WhereNoProcessorTimeIsLeft) {
  using std::chrono::seconds;
  EXPECT_EQ(bottleneck_warning(seconds(10), seconds(10), 2), "");
  EXPECT_EQ(bottleneck_warning(seconds(4), seconds(4), 1), "") << "too short to tell";
  EXPECT_EQ(bottleneck_warning(seconds(4), seconds(10), 0), "");
  EXPECT_THAT(bottleneck_warning(seconds(20), seconds(10), 2),
              testing::HasSubstr("it used 100 % of the processor time of its 2 threads"));
}

TEST(RefuseUnbuilt, NamesTheOption) {
  GlobalSettings global;
  global.profiling = true;
  EXPECT_EQ(refuse_unbuilt({}, global).error().message(),
            "--profiling-enabled is known to k6 but not built into zelus");
}

}  // namespace
}  // namespace zelus::run
