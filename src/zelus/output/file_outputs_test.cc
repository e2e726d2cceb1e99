#include <gmock/gmock.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "zelus/metrics/go_time.h"
#include "zelus/output/csv.h"
#include "zelus/output/json.h"
#include "zelus/output/outputs.h"
#include "zelus/output/test_support.h"

namespace zelus::output {
namespace {

using ::testing::HasSubstr;
using testing::in_fiber;
using testing::TestRun;
using namespace std::chrono_literals;

constexpr int64_t kTime = 1'795'545'638'677'145'566;

struct TempDir {
  TempDir() {
    char name[] = "/tmp/zelus_output_XXXXXX";
    path = mkdtemp(name);
  }
  ~TempDir() { static_cast<void>(std::system(("rm -r " + path).c_str())); }
  std::string path;
};

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Runs an output over the samples that `record` makes.
std::string written(TestRun& run, const std::string& name,
                    const std::function<void(metrics::Shard&)>& record) {
  in_fiber([&](bia::fiber::ThreadGroup& threads) {
    std::string names[] = {name};
    auto outputs = Outputs::create(names, run.context());
    ASSERT_TRUE(outputs.ok()) << outputs.error().message();
    metrics::Aggregator aggregator(run.thresholds);
    aggregator.add_shard(threads.scheduler(0), run.shard);
    ASSERT_TRUE((*outputs)->start(aggregator, {{&threads.scheduler(0), &run.shard}}).ok());
    record(run.shard);
    EXPECT_TRUE((*outputs)->stop().ok());
    EXPECT_EQ((*outputs)->dropped(), 0u);
  });
  return run.printed;
}

void record_some(metrics::Shard& shard) {
  const metrics::TagSet* tags = shard.tags().of(
      {{"group", ""}, {"url", "/a,b"}, {"run", "a<b>&\"c\"\xe2\x80\xa8\xc3\xa9\x01\t"}});
  auto metadata =
      std::make_shared<const metrics::Metadata>(metrics::Metadata{{"iter", "0"}, {"vu", "1"}});
  metrics::MetricId cc = shard.registry().id_of("cc");
  shard.add(cc, tags, 1234567, {kTime, &metadata});
  shard.add(cc, tags, 1e-5, {kTime});
  shard.add(shard.registry().id_of("tt"), shard.tags().of({{"m", " lead"}, {"nl", "a\nb"}}), 12.5,
            {kTime - kTime % 1'000'000'000});
}

struct Utc {
  Utc() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

metrics::ThresholdSpecs thresholds() {
  return {{"tt", {{"p(95)<500", false, {}}, {"avg<1", true, 10s}, {"max<1", true, {}}}},
          {"tt{a:b,c:d}", {{"avg<1", false, {}}}}};
}

TEST(JsonOutput, WritesK6sLines) {
  Utc utc;
  TestRun run(thresholds());
  EXPECT_EQ(
      written(run, "json=-", record_some),
      R"({"type":"Metric","data":{"name":"cc","type":"counter","contains":"default","thresholds":[],"submetrics":null},"metric":"cc"})"
      "\n"
      R"({"metric":"cc","type":"Point","data":{"time":"2026-11-24T18:40:38.677145566Z","value":1.234567e+06,"tags":{"group":"",)"
      "\"run\":\"a\\u003cb\\u003e\\u0026\\\"c\\\"\\u2028\xc3\xa9\\u0001\\t\""
      R"(,"url":"/a,b"},"metadata":{"iter":"0","vu":"1"}}})"
      "\n"
      R"({"metric":"cc","type":"Point","data":{"time":"2026-11-24T18:40:38.677145566Z","value":1e-05,"tags":{"group":"",)"
      "\"run\":\"a\\u003cb\\u003e\\u0026\\\"c\\\"\\u2028\xc3\xa9\\u0001\\t\""
      R"(,"url":"/a,b"}}})"
      "\n"
      R"({"type":"Metric","data":{"name":"tt","type":"trend","contains":"time","thresholds":["p(95)<500",)"
      R"({"threshold":"avg<1","abortOnFail":true,"delayAbortEval":"10s"},{"threshold":"max<1","abortOnFail":true,"delayAbortEval":null}],)"
      R"("submetrics":[{"name":"tt{a:b,c:d}","suffix":"a:b,c:d","tags":{"a":"b","c":"d"}}]},"metric":"tt"})"
      "\n"
      R"({"metric":"tt","type":"Point","data":{"time":"2026-11-24T18:40:38Z","value":12.5,"tags":{"m":" lead","nl":"a\nb"}}})"
      "\n");
}

TEST(JsonOutput, WritesFilesAndGzip) {
  TempDir dir;
  TestRun plain;
  written(plain, "json=" + dir.path + "/x.json", record_some);
  std::string text = content(dir.path + "/x.json");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  TestRun zipped;
  written(zipped, "json=" + dir.path + "/x.json.gz", record_some);
  gzFile file = gzopen((dir.path + "/x.json.gz").c_str(), "rb");
  std::string read(text.size() + 10, '\0');
  read.resize(static_cast<size_t>(gzread(file, read.data(), static_cast<unsigned>(read.size()))));
  gzclose(file);
  EXPECT_EQ(read, text);
}

TEST(JsonOutput, WritesEachLineWithItsOwnTags) {
  constexpr int kSets = 9000;
  TempDir dir;
  TestRun run;
  written(run, "json=" + dir.path + "/x.json", [](metrics::Shard& shard) {
    metrics::MetricId cc = shard.registry().id_of("cc");
    for (int i = 0; i < 2 * kSets; ++i)
      shard.add(cc, shard.tags().of({{"i", std::to_string(i % kSets)}}), i, {kTime + i});
  });
  std::istringstream text(content(dir.path + "/x.json"));
  std::string line;
  std::getline(text, line);
  int lines = 0;
  for (; std::getline(text, line); ++lines) {
    ASSERT_THAT(line, HasSubstr("\"tags\":{\"i\":\"" + std::to_string(lines % kSets) + "\"}}}"));
    ASSERT_THAT(line, HasSubstr(metrics::rfc3339(kTime + lines, metrics::TimePrecision::kNano)));
  }
  EXPECT_EQ(lines, 2 * kSets);
}

TEST(JsonOutput, SaysWhyAFileCannotBeOpened) {
  TestRun run;
  in_fiber([&](bia::fiber::ThreadGroup&) {
    auto missing = run.create("json=/nonexist/x.json");
    EXPECT_EQ((*missing)->start().error().message(),
              "open /nonexist/x.json: no such file or directory");
    auto folder = run.create("json=/tmp");
    EXPECT_EQ((*folder)->start().error().message(), "open /tmp: is a directory");
    EXPECT_EQ((*folder)->description(), "json (/tmp)");
  });
}

TEST(JsonOutput, LogsAFullDiskOnceAndGoesOn) {
  TestRun run;
  written(run, "json=/dev/full", record_some);
  ASSERT_EQ(run.log.lines.size(), 1u);
  EXPECT_EQ(run.log.lines[0],
            "error: Sample couldn't be marshalled to JSON error=write /dev/full: no space left on "
            "device filename=/dev/full output=json");
}

TEST(CsvOutput, WritesK6sLines) {
  Utc utc;
  TestRun run({}, metrics::SystemTags::of(std::vector<std::string>{"vu", "iter", "group", "url"}));
  EXPECT_EQ(written(run, "csv=-", record_some),
            "metric_name,timestamp,metric_value,group,url,extra_tags,metadata\n"
            "cc,1795545638,1234567.000000,,\"/"
            "a,b\",\"run=a<b>&\"\"c\"\"\xe2\x80\xa8\xc3\xa9\x01\t\",iter=0&vu=1\n"
            "cc,1795545638,0.000010,,\"/a,b\",\"run=a<b>&\"\"c\"\"\xe2\x80\xa8\xc3\xa9\x01\t\",\n"
            "tt,1795545638,12.500000,,,\"m= lead&nl=a\nb\",\n");
}

TEST(CsvOutput, TakesItsTimeFormats) {
  Utc utc;
  for (const auto& [format, text] :
       std::map<std::string, std::string>{{"unix_milli", "1795545638677"},
                                          {"unix_micro", "1795545638677145"},
                                          {"unix_nano", "1795545638677145566"},
                                          {"rfc3339", "2026-11-24T18:40:38Z"},
                                          {"rfc3339_nano", "2026-11-24T18:40:38.677145566Z"}}) {
    TestRun run;
    run.environment["K6_CSV_TIME_FORMAT"] = format;
    EXPECT_THAT(written(run, "csv=fileName=-,saveInterval=20ms", record_some),
                HasSubstr("\ncc," + text + ",1234567.000000,"));
  }
}

TEST(CsvOutput, RefusesBadSettings) {
  TestRun run;
  EXPECT_EQ(run.error_of("csv=/nonexist/x"),
            "could not create the 'csv' output: open /nonexist/x: no such file or directory");
  EXPECT_EQ(run.error_of("csv=saveInterval=x"),
            "could not create the 'csv' output: time: invalid duration \"x\"");
  EXPECT_EQ(run.error_of("csv=foo=1"),
            "could not create the 'csv' output: unknown key \"foo\" as argument for csv output");
  EXPECT_EQ(
      run.error_of("csv=fileName="),
      "could not create the 'csv' output: couldn't parse \"fileName=\" as argument for csv output");
  EXPECT_EQ(run.error_of("csv=timeFormat=zz,fileName=-"),
            "could not create the 'csv' output: zz does not belong to TimeFormat values");
  EXPECT_THAT(run.error_of("csv=saveInterval=0,fileName=-"), HasSubstr("has to be more than 0"));
  run.environment["K6_CSV_SAVE_INTERVAL"] = "x";
  EXPECT_THAT(run.error_of("csv=-"), HasSubstr("envconfig.Process: assigning K6_CSV_SAVE_INTERVAL "
                                               "to SaveInterval: converting 'x' to type"));
}

TEST(CsvOutput, TakesCollectorsOfTheConfiguration) {
  TestRun run;
  run.collectors["csv"] = R"({"file_name":"-","time_format":"unix_nano","save_interval":"2s"})";
  auto output = run.create("csv");
  ASSERT_TRUE(output.ok());
  EXPECT_EQ((*output)->description(), "csv (stdout)");
  EXPECT_EQ((*output)->interval(), 2s);
  run.collectors["csv"] = "[";
  EXPECT_THAT(run.error_of("csv"), HasSubstr("collectors.csv"));
}

TEST(CsvField, QuotesAsGo) {
  auto field = [](std::string_view text) {
    std::string out;
    append_csv_field(out, text);
    return out;
  };
  EXPECT_EQ(field("plain text"), "plain text");
  EXPECT_EQ(field(""), "");
  EXPECT_EQ(field(" lead"), "\" lead\"");
  EXPECT_EQ(field("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(field("\\."), "\"\\.\"");
  EXPECT_EQ(field("a\rb"), "\"a\rb\"");
}

TEST(Outputs, KeepEverySampleOfAFastProducer) {
  TempDir dir;
  TestRun run;
  constexpr int kSamples = 300'000;
  written(run, "csv=" + dir.path + "/x.csv", [&](metrics::Shard& shard) {
    metrics::SeriesId series = shard.resolve(metrics::kHttpReqs, shard.tags().empty());
    for (int i = 0; i < kSamples; ++i) shard.add(series, 1, {kTime});
  });
  std::string text = content(dir.path + "/x.csv");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), kSamples + 1);
  EXPECT_FALSE(run.shard.streaming());
}

TEST(Outputs, DescribeThemselves) {
  TestRun run;
  std::vector<std::string> names = {"json=a.json", "csv=-"};
  auto outputs = Outputs::create(names, run.context());
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ((*outputs)->description(), "json (a.json), csv (stdout)");
  auto none = Outputs::create({}, run.context());
  EXPECT_EQ((*none)->description(), "-");
  EXPECT_TRUE((*none)->empty());
}

TEST(CreateOutput, NamesWhatThereIsAndWhatIsMissing) {
  TestRun run;
  EXPECT_EQ(run.error_of("nosuch=5"),
            "invalid output type 'nosuch', available types are: cloud, csv, "
            "experimental-opentelemetry, experimental-prometheus-rw, influxdb, "
            "json, opentelemetry, statsd, web-dashboard");
  EXPECT_THAT(run.error_of("influxdb=http://x"),
              HasSubstr("zelus does not have k6's output 'influxdb' yet"));
  EXPECT_THAT(
      run.error_of("kafka"),
      HasSubstr(
          "could not create the 'kafka' output: the kafka output was deprecated in k6 v0.32.0"));
  EXPECT_THAT(run.error_of(""), HasSubstr("invalid output type ''"));
}

}  // namespace
}  // namespace zelus::output
