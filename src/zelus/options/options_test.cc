#include "zelus/options/options.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/options/duration.h"

namespace zelus::options {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

class RecordingLog final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view message, std::span<const LogField>) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

Options script(std::string_view json) {
  auto options = parse_script_options(json, nullptr);
  EXPECT_TRUE(options.ok()) << options.error().message();
  return options ? *options : Options();
}

std::string script_error(std::string_view json) {
  auto options = parse_script_options(json, nullptr);
  if (options) return "accepted";
  EXPECT_EQ(exit_of(options.error()), 104) << json;
  return options.error().message();
}

/// The texts of `validate` after `derive_scenarios`.
std::string problems(std::string_view json, std::vector<std::string> functions = {"default"}) {
  Options options = script(json);
  RecordingLog log;
  if (auto derived = derive_scenarios(options, log); !derived) return derived.error().message();
  auto valid = validate(options, functions);
  return valid ? "" : valid.error().message();
}

TEST(ParseDuration, TakesK6sForms) {
  EXPECT_EQ(*parse_duration("1m30s"), Duration(seconds(90)));
  EXPECT_EQ(*parse_duration("1d2h"), Duration(hours(26)));
  EXPECT_EQ(*parse_duration("2d"), Duration(hours(48)));
  EXPECT_EQ(*parse_duration("-1d1h"), Duration(hours(-25)));
  EXPECT_EQ(*parse_duration("500"), Duration(milliseconds(500)));
  EXPECT_EQ(*parse_duration("0.5"), std::chrono::microseconds(500));
  EXPECT_EQ(*parse_duration("100ms"), Duration(milliseconds(100)));
}

TEST(ParseDuration, RefusesTheRest) {
  EXPECT_EQ(parse_duration("1x").error().message(), "time: unknown unit \"x\" in duration \"1x\"");
  EXPECT_EQ(parse_duration("xx").error().message(), "time: invalid duration \"xx\"");
  EXPECT_EQ(parse_duration("").error().message(), "time: invalid duration \"\"");
  EXPECT_EQ(parse_duration("xd").error().message(),
            "strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(parse_duration("1d-2h").error().message(), "invalid time format '-2h'");
  EXPECT_FALSE(parse_duration("99999999999d").ok());
  EXPECT_FALSE(parse_duration("200000d").ok());
}

TEST(ScriptOptions, ReadsAllKinds) {
  Options o = script(
      R"({"vus":3,"duration":"10s","stages":[{"duration":1000,"target":"5"}],"throw":true,"userAgent":"x","tags":{"a":"b"},
    "thresholds":{"checks":["rate>0.9",{"threshold":"rate>0.5","abortOnFail":true,"delayAbortEval":"10s"}]},"dns":{"ttl":"1m","select":"first"},
    "hosts":{"a.test":"127.0.0.1:80"},"tlsVersion":"tls1.2","setupTimeout":5000,"blockHostnames":["*.test"],"cloud":{"any":[1]},"ext":{"x":1}})");
  EXPECT_EQ(o.vus, 3);
  EXPECT_EQ(*o.duration, Duration(seconds(10)));
  EXPECT_EQ(*(*o.stages)[0].duration, Duration(seconds(1)));
  EXPECT_EQ((*o.stages)[0].target, 5);
  EXPECT_EQ(o.throw_errors, true);
  EXPECT_EQ((*o.thresholds)["checks"][1].abort_on_fail, true);
  EXPECT_EQ((*o.thresholds)["checks"][1].delay_abort_eval, Duration(seconds(10)));
  EXPECT_EQ(o.dns.select, "first");
  EXPECT_EQ(o.tls_version->max, "tls1.2");
  EXPECT_EQ(*o.setup_timeout, Duration(seconds(5)));
  EXPECT_EQ(o.cloud_json, R"({"any":[1]})");
}

TEST(ScriptOptions, MatchesNamesWithoutCaseAndNullIsUnset) {
  Options o = script(R"({"VUS":2,"Duration":null})");
  EXPECT_EQ(o.vus, 2);
  EXPECT_FALSE(o.duration.has_value());
  EXPECT_FALSE(script("null").vus.has_value());
}

TEST(ScriptOptions, NamesTheFirstUnknownField) {
  std::string unknown;
  ASSERT_TRUE(parse_script_options(R"({"vuss":4,"iteration":2})", &unknown).ok());
  EXPECT_EQ(unknown, "iteration");
}

TEST(ScriptOptions, TypeErrorsHaveK6sTexts) {
  EXPECT_EQ(script_error(R"({"vus":"many"})"),
            "strconv.ParseInt: parsing \"many\": invalid syntax");
  EXPECT_EQ(script_error(R"({"vus":true})"),
            "json: cannot unmarshal bool into Go value of type null.Int");
  EXPECT_EQ(script_error(R"({"vus":[1]})"),
            "json: cannot unmarshal  into Go value of type null.Int");
  EXPECT_EQ(script_error(R"({"duration":true})"), "'true' is not a valid duration value");
  EXPECT_EQ(script_error(R"({"throw":"yes"})"),
            "json: cannot unmarshal string into Go value of type null.Bool");
  EXPECT_EQ(script_error(R"({"userAgent":5})"),
            "json: cannot unmarshal float64 into Go value of type null.String");
  EXPECT_EQ(script_error(R"({"tags":{"a":1}})"),
            "parsing options from script got error while parsing \"\\\"a\\\": 1\": json: cannot "
            "unmarshal number into Go struct field Options.tags of type string");
  EXPECT_EQ(script_error(R"({"stages":[{"duration":"1s","target":"x"}]})"),
            "strconv.ParseInt: parsing \"x\": invalid syntax");
  auto ttl = parse_script_options(R"({"dns":{"ttl":"x"}})", nullptr);
  EXPECT_EQ(ttl.error().message(), "invalid DNS TTL: x");
  EXPECT_EQ(exit_of(ttl.error()), 255) << "as k6, which looks at it late";
  EXPECT_THAT(script_error(R"({"vus":})"),
              testing::HasSubstr("invalid character '}' looking for beginning"));
  EXPECT_THAT(script_error("{}x"),
              testing::HasSubstr("invalid character 'x' after top-level value"));
  EXPECT_EQ(script_error(R"({"dns":{"select":"x"}})"), "x does not belong to DNSSelect values");
  EXPECT_EQ(script_error(R"({"blacklistIPs":["x"]})"),
            "failed to parse CIDR 'x': invalid CIDR address: x");
  EXPECT_EQ(script_error(R"({"blockHostnames":["a*b"]})"), "invalid hostname pattern 'a*b'");
  EXPECT_EQ(script_error(R"({"executionSegment":"2"})"),
            "segment end value can't be more than 1 but was 2.00");
  EXPECT_EQ(script_error(R"({"tlsVersion":{"min":"x"}})"), "unknown TLS version 'x'");
  EXPECT_EQ(script_error("5"),
            "parsing options from script got error while parsing \"5\": json: cannot unmarshal "
            "number into Go value of type lib.Options");
  EXPECT_THAT(script_error("{"), testing::StartsWith("unexpected end of JSON input"));
}

/// The piece of the options that k6 shows with a type error, as k6 1.8.1 printed it.
std::string shown(std::string_view json) {
  std::string text = script_error(json);
  const std::string_view begin = "parsing options from script got error while parsing \"";
  if (!text.starts_with(begin)) return "none: " + text;
  text.erase(0, begin.size());
  return text.substr(0, text.find("\": json: "));
}

TEST(ScriptOptions, ShowsThePlaceThatK6Shows) {
  EXPECT_EQ(shown(R"({"vus":1.5})"), R"(\"vus\":)");
  EXPECT_EQ(shown(R"({"vus":100000000000000000000})"), R"(\"vus\": 1000000000)");
  EXPECT_EQ(shown(R"({"stages":{}})"), R"(\"stages\": {)");
  EXPECT_EQ(shown(R"({"stages":"1s:1"})"), R"(\"stages\": \"1s:1\")");
  EXPECT_EQ(shown(R"({"stages":["1s:1"]})"), R"(\"stag)");
  EXPECT_EQ(shown(R"({"scenarios":[]})"), "{");
  EXPECT_EQ(shown(R"({"scenarios":{"a":{"executor":1}}})"), "");
  EXPECT_EQ(shown(R"({"scenarios":{"a":{"executor":"shared-iterations","vus":1.5}}})"),
            R"(\"scenarios\")");
  EXPECT_EQ(shown(R"({"scenarios":{"a":{"executor":"ramping-vus","stages":{}}}})"),
            R"(\"executor\": \"ram)");
  EXPECT_EQ(shown(R"({"thresholds":{"http_reqs":[{"threshold":"count<5","abortOnFail":"x"}]}})"),
            R"(\"htt)");
  EXPECT_EQ(shown(R"({"summaryTrendStats":[1]})"), "1");
  EXPECT_EQ(shown(R"({"systemTags":[1]})"), R"(\"systemT)");
  EXPECT_EQ(shown(R"({"executionSegment":5})"), R"(\"executionSegment\": 5)");
  EXPECT_EQ(shown(R"({"scenarios":{"a":{"executor":"ramping-vus","stages":[1]}}})"),
            R"(\"executor\": \"ramping-vus\",)");
  EXPECT_THAT(script_error(R"({"rps":123456789012345680000})"),
              testing::HasSubstr("cannot unmarshal number 123456789012345680000 into"));
  EXPECT_EQ(shown("[1]"), "[");
  EXPECT_EQ(shown("\"x\""), R"(\"x\")");
  // The text is Go's: sorted, two spaces a level, with its escapes.
  EXPECT_EQ(shown(R"({"tags":{"a":"<b>"},"stages":{"<":1},"rps":2.5})"), R"(\"rps\": 2)")
      << "the first by name";
  EXPECT_EQ(shown(R"({"tags":{"<b>":1}})"), R"(\"\\u003cb\\u003e\": 1)");
}

TEST(ScriptOptions, ScenariosAreStrict) {
  EXPECT_EQ(script_error(R"({"scenarios":{"s":{"executor":"warp-drive"}}})"),
            "unknown executor type 'warp-drive'");
  EXPECT_EQ(script_error(R"({"scenarios":{"a":{"vus":1}}})"),
            "scenario 'a' doesn't have a specified executor type");
  EXPECT_EQ(
      script_error(
          R"({"scenarios":{"s":{"executor":"constant-vus","vus":1,"duration":"1s","colour":"red"}}})"),
      "json: unknown field \"colour\"");
  // A key of another executor is as unknown.
  EXPECT_EQ(script_error(R"({"scenarios":{"s":{"executor":"constant-vus","rate":1}}})"),
            "json: unknown field \"rate\"");
}

TEST(ScriptOptions, ScenariosAreStrictWithinTheirStagesAndOptions) {
  auto stages = [](std::string text) {
    return script_error(R"({"scenarios":{"a":{"executor":"ramping-vus","stages":[)" + text +
                        "]}}}");
  };
  EXPECT_EQ(stages(R"({"duration":"1s","target":1,"foo":1})"), "json: unknown field \"foo\"");
  EXPECT_THAT(stages(R"({"foo":1},{"duration":"x"})"), testing::HasSubstr("invalid duration"));
  EXPECT_EQ(stages(R"(null,{"Duration":"1s"})"), "accepted");
  auto given = [](std::string text) {
    return script_error(R"({"scenarios":{"a":{"executor":"shared-iterations","options":)" + text +
                        "}}}");
  };
  EXPECT_EQ(given(R"({"browser":null,"x":1})"), "json: unknown field \"x\"");
  EXPECT_THAT(given("5"), testing::HasSubstr("cannot unmarshal number into Go struct field "
                                             "Options.scenarios.BaseConfig.options of type "
                                             "lib.ScenarioOptions"));
  EXPECT_THAT(given(R"({"browser":"x"})"),
              testing::HasSubstr("Options.scenarios.BaseConfig.options.browser of type "
                                 "map[string]interface {}"));
  EXPECT_EQ(given("null"), "accepted");
  Options options = script(
      R"({"scenarios":{"a":{"executor":"shared-iterations","options":{"browser":{"type":"x"}}},
                       "b":{"executor":"shared-iterations","options":{}},
                       "c":{"executor":"shared-iterations"}}})");
  EXPECT_THAT(to_json(options),
              testing::HasSubstr(R"("tags":null,"options":{"browser":{"type":"x"}},)"));
  EXPECT_THAT(to_json(options), testing::HasSubstr(R"("tags":null,"options":{"browser":null},)"));
  EXPECT_TRUE(options.scenarios->at("a").browser());
  EXPECT_FALSE(options.scenarios->at("b").browser());
  EXPECT_FALSE(options.scenarios->at("c").browser());
}

TEST(ScriptOptions, FeaturesAreNone) {
  std::string unknown;
  EXPECT_TRUE(parse_script_options(R"({"features":["x"]})", &unknown).ok());
  EXPECT_EQ(unknown, "features");
  unknown.clear();
  EXPECT_TRUE(parse_script_options(R"({"features":null})", &unknown).ok());
  EXPECT_EQ(unknown, "") << "what an archive says of none";
  EXPECT_EQ(script_error(R"({"tlsVersion":{"min":"ssl3.0"}})"), "unknown TLS version 'ssl3.0'");
}

TEST(Validate, CollectsEveryFault) {
  // Golden 18.
  EXPECT_EQ(problems(R"({"scenarios":{
      "a":{"executor":"constant-vus","vus":0,"duration":"100ms"},
      "b":{"executor":"ramping-vus","stages":[]},
      "c":{"executor":"constant-arrival-rate","rate":0,"duration":"1s"},
      "d":{"executor":"shared-iterations","vus":5,"iterations":1,"exec":"nowhere"},
      "e":{"executor":"ramping-arrival-rate","preAllocatedVUs":5,"maxVUs":2,"stages":[{"target":5}]}}})"),
            "There were problems with the specified script configuration:\n"
            "\t- scenario a has configuration errors: the number of VUs must be more than 0, the "
            "duration must be at least 1s, but is 100ms\n"
            "\t- scenario b has configuration errors: at least one stage has to be specified\n"
            "\t- scenario c has configuration errors: the iteration rate must be more than 0, the "
            "number of preAllocatedVUs isn't specified\n"
            "\t- scenario d has configuration errors: the number of iterations (1) can't be less "
            "than the number of VUs (5)\n"
            "\t- scenario e has configuration errors: stage 1 doesn't have a duration, maxVUs "
            "can't be less than preAllocatedVUs\n"
            "\t- executor d: function 'nowhere' not found in exports");
}

TEST(Validate, OtherFaults) {
  const std::string head = "There were problems with the specified script configuration:\n\t- ";
  EXPECT_EQ(problems(R"({"setupTimeout":0})"), head + "setupTimeout must be positive");
  EXPECT_EQ(problems(R"({"duration":"500ms"})"),
            head +
                "scenario default has configuration errors: the duration must be at least 1s, but "
                "is 500ms");
  EXPECT_EQ(
      problems(
          R"({"scenarios":{"a":{"executor":"per-vu-iterations","iterations":0,"vus":-1,"startTime":"-1s","gracefulStop":"-1s"}}})"),
      head +
          "scenario a has configuration errors: the startTime can't be negative, the gracefulStop "
          "timeout can't be negative, the number "
          "of VUs must be more than 0, the number of iterations must be more than 0");
  EXPECT_EQ(problems(R"({"scenarios":{"a b":{"executor":"constant-vus","duration":"1s"}}})"),
            head +
                "scenario a b has configuration errors: the scenario name should contain only "
                "numbers, latin letters, underscores, and dashes");
  EXPECT_EQ(
      problems(
          R"({"scenarios":{"a":{"executor":"ramping-vus","startVUs":0,"stages":[{"duration":"1s","target":0}]}}})"),
      head +
          "scenario a has configuration errors: either startVUs or one of the stages' target "
          "values must be greater than 0");
  EXPECT_EQ(problems("{}", {"other"}),
            head + "executor default: function 'default' not found in exports");
}

TEST(DeriveScenarios, ExcludesPairs) {
  EXPECT_EQ(problems(R"({"iterations":1,"stages":[{"duration":"1s","target":1}]})"),
            "using `iterations` and `stages` options simultaneously is not allowed");
  EXPECT_EQ(problems(R"({"duration":"1s","scenarios":{}})"),
            "using `duration` and `scenarios` options simultaneously is not allowed");
  EXPECT_EQ(problems(R"({"duration":0})"),
            "`duration` option should be more than 0, for infinite duration use the "
            "externally-controlled executor");
  EXPECT_EQ(problems(R"({"duration":"1m","iterations":3,"vus":3})"), "");
}

TEST(DeriveScenarios, VusAloneRunOneIterationEach) {
  Options options =
      script(R"({"vus":4,"scenarios":{"s":{"executor":"constant-vus","duration":"1s"}}})");
  RecordingLog log;
  ASSERT_TRUE(derive_scenarios(options, log).ok());
  EXPECT_THAT(log.lines, ElementsAre("`vus=4` overrides scenarios configuration"));
  EXPECT_EQ(options.scenarios->at("default").kind, ExecutorKind::kSharedIterations);
  EXPECT_EQ(options.scenarios->at("default").iterations, 4);
}

TEST(DeriveScenarios, VusBelowOneAloneAreIgnored) {
  for (const char* vus : {"0", "-1"}) {
    Options options = script(fmt::format(R"({{"vus":{}}})", vus));
    RecordingLog log;
    ASSERT_TRUE(derive_scenarios(options, log).ok());
    EXPECT_THAT(log.lines, ElementsAre(fmt::format("`vus={}` option will be ignored, it only works "
                                                   "in conjunction with `iterations`, `duration`, "
                                                   "or `stages`",
                                                   vus)));
    EXPECT_EQ(options.scenarios->at("default").kind, ExecutorKind::kPerVuIterations);
    EXPECT_TRUE(validate(options, {"default"}).ok());
  }
}

TEST(DeriveScenarios, WarnsOfEmptyLists) {
  Options options = script(R"({"stages":[]})");
  RecordingLog log;
  ASSERT_TRUE(derive_scenarios(options, log).ok());
  EXPECT_THAT(log.lines, ElementsAre("`stages` was explicitly set to an empty value, running the "
                                     "script with 1 iteration in 1 VU"));
  EXPECT_EQ(options.scenarios->at("default").kind, ExecutorKind::kPerVuIterations);
}

TEST(Consolidate, HigherLayersReplaceExecutionButMergeTheRest) {
  RecordingLog log;
  Options file = *parse_config_file(R"({"vus":7,"userAgent":"file","out":["json=x"],"unknown":1})");
  Options of_script = script(
      R"({"scenarios":{"s":{"executor":"constant-vus","duration":"1s"}},"tags":{"a":"1"},"userAgent":"script"})");
  Options environment = *parse_environment({{"K6_ITERATIONS", "5"}, {"K6_TAGS", "b:2"}});
  Options command_line;
  command_line.vus = 2;
  Options all = *consolidate(file, of_script, environment, command_line, log);
  EXPECT_FALSE(all.scenarios.has_value());
  EXPECT_EQ(all.iterations, 5);
  EXPECT_EQ(all.vus, 2);
  EXPECT_EQ(all.user_agent, "script");
  EXPECT_EQ(all.tags, (StringMap{{"b", "2"}}));
  EXPECT_THAT(*all.out, ElementsAre("json=x"));
  EXPECT_EQ(all.dns.policy, std::nullopt) << "scripts see what was set";
  EXPECT_THAT(log.lines,
              ElementsAre("\"env\" level configuration overrode scenarios configuration entirely"));
}

TEST(ToScriptJson, HasNoShortForms) {
  Options options;
  options.vus = 2;
  options.iterations = 3;
  options.local_ips = "127.0.0.1";
  options.system_tags = StringList{"url", "colour", "ip"};
  std::string json = to_script_json(options);
  EXPECT_THAT(json, testing::HasSubstr(R"({"paused":null,"scenarios":null,)"));
  EXPECT_THAT(json, testing::HasSubstr(R"("systemTags":["ip","url"])"));
  EXPECT_THAT(json, testing::EndsWith(R"("consoleOutput":null,"localIPs":"127.0.0.1"})"));
  options.system_tags = StringList{"colour"};
  EXPECT_THAT(to_script_json(options), testing::HasSubstr(R"("systemTags":null)"));
}

TEST(Consolidate, RefusesAnUnknownTrendStat) {
  RecordingLog log;
  auto all = consolidate({}, script(R"({"summaryTrendStats":["foo"]})"), {}, {}, log);
  EXPECT_EQ(all.error().message(), "invalid trend stat 'foo', unknown format");
  EXPECT_EQ(exit_of(all.error()), 255);
}

TEST(Environment, ReadsEachKind) {
  Options o = *parse_environment({{"K6_VUS", "5"},
                                  {"K6_DURATION", "1d"},
                                  {"K6_STAGES", "1s:2,3s:4"},
                                  {"K6_THROW", "true"},
                                  {"K6_USER_AGENT", ""}});
  EXPECT_EQ(o.vus, 5);
  EXPECT_EQ(*o.duration, Duration(hours(24)));
  EXPECT_EQ(o.stages->size(), 2u);
  EXPECT_EQ(o.throw_errors, true);
  EXPECT_FALSE(o.user_agent.has_value());
}

TEST(Environment, ErrorsAreEnvconfigs) {
  auto error = [](const char* name, const char* value) {
    auto parsed = parse_environment({{name, value}});
    EXPECT_EQ(exit_of(parsed.error()), 104);
    return parsed.error().message();
  };
  EXPECT_EQ(error("K6_VUS", "abc"),
            "envconfig.Process: assigning K6_VUS to VUs: converting 'abc' to type null.Int. "
            "details: strconv.ParseInt: parsing \"abc\": "
            "invalid syntax");
  EXPECT_EQ(error("K6_THROW", "1"),
            "envconfig.Process: assigning K6_THROW to Throw: converting '1' to type null.Bool. "
            "details: invalid input:1");
  EXPECT_EQ(error("K6_STAGES", "abc:5"),
            "envconfig.Process: assigning K6_STAGES to Stages: converting 'abc:5' to type "
            "[]lib.Stage. details: time: invalid duration \"abc\"");
  EXPECT_EQ(error("K6_TAGS", "abc"),
            "envconfig.Process: assigning K6_TAGS to RunTags: converting 'abc' to type "
            "map[string]string. details: invalid map item: \"abc\"");
  EXPECT_THAT(error("K6_TAGS", "a:b:c"), testing::EndsWith("invalid map item: \"a:b:c\""));
  EXPECT_THAT(error("K6_TAGS", "a:b,"), testing::EndsWith("invalid map item: \"\""));
}

TEST(ToJson, WritesEveryOption) {
  std::string json =
      to_json(script(R"({"vus":1,"thresholds":{"a":["p(95)<500"]},"hosts":{"a":"b"}})"));
  EXPECT_THAT(json, testing::StartsWith(R"({"paused":null,"vus":1,"duration":null,)"));
  EXPECT_THAT(json, testing::HasSubstr(R"("thresholds":{"a":["p(95)\u003c500"]})"));
  EXPECT_THAT(json, testing::HasSubstr(R"("hosts":{"a":"b"})"));
}

}  // namespace
}  // namespace zelus::options
