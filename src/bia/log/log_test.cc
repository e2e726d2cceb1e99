#include "bia/bia/log.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>

#include "bia/bia/middleware.h"
#include "bia/fiber/threads.h"

namespace bia {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

class LogLines {
 public:
  LogLines() {
    log::set_sink([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~LogLines() {
    log::set_sink(nullptr);
    log::set_fields({});
    log::set_masked({});
    log::set_masked_values({});
    log::set_filter(nullptr);
    log::set_level(LogLevel::kInfo);
  }
  std::vector<std::string> lines;
};

TEST(Log, WritesKratosLines) {
  LogLines log_lines;
  log::set_fields({{"service.id", "host-1"}, {"service.name", "helloworld"}});
  log::info("[HTTP] server listening on: [::]:8080");
  log::write(LogLevel::kError, {{"kind", "server"}, {"code", "500"}});
  EXPECT_THAT(
      log_lines.lines,
      ElementsAre(
          MatchesRegex("INFO ts=....-..-..T..:..:..Z service.id=host-1 service.name=helloworld "
                       "msg=.HTTP. server listening on: .::.:8080"),
          MatchesRegex(
              "ERROR ts=[^ ]+ service.id=host-1 service.name=helloworld kind=server code=500")));
}

TEST(Log, DropsWhatIsBelowTheLevel) {
  LogLines log_lines;
  log::debug("hidden");
  log::set_level(LogLevel::kWarn);
  log::info("hidden");
  log::warn("shown");
  EXPECT_EQ(log_lines.lines.size(), 1u);
  EXPECT_FALSE(log::enabled(LogLevel::kInfo));
}

TEST(Log, NoValueForgesALine) {
  LogLines log_lines;
  log::info("a\nERROR ts=x\r\x01\t{} %v");
  EXPECT_THAT(log_lines.lines,
              ElementsAre(testing::EndsWith("msg=a\\nERROR ts=x\\x0d\\x01\\t{} %v")));
}

TEST(Log, MasksFieldsOfLinesAndOfMessages) {
  LogLines log_lines;
  log::set_masked({"token", "typeUrl", "version"});
  log::write(LogLevel::kInfo, {{"token", "abc"}, {"other", "abc"}});
  EXPECT_THAT(log_lines.lines, ElementsAre(testing::EndsWith(" token=*** other=abc")));
  google::protobuf::Api api;
  api.set_name("n");
  api.set_version("1");
  api.add_methods()->set_request_type_url("u");
  google::protobuf::Option& option = *api.add_options();
  option.set_name("o");
  option.mutable_value()->set_type_url("secret");
  EXPECT_EQ(Request(&api).text(),
            "name: \"n\" methods { request_type_url: \"u\" } options { name: \"o\" value { "
            "type_url: \"***\" } } version: \"***\"");
  EXPECT_EQ(api.version(), "1") << "the message itself stays";
  google::protobuf::Struct map;
  (*map.mutable_fields())["token"].set_string_value("abc");
  EXPECT_EQ(Request(&map).text(), "fields { key: \"token\" value { } }");
}

TEST(Log, MasksWhatAnAnyHolds) {
  LogLines log_lines;
  log::set_masked({"version"});
  google::protobuf::Api api;
  api.set_name("n");
  api.set_version("abc");
  google::protobuf::Any inner;
  inner.PackFrom(api);
  google::protobuf::Any outer;
  outer.PackFrom(inner);
  const std::string text = Request(&outer).text();
  EXPECT_THAT(text, testing::HasSubstr("version: \"***\""));
  EXPECT_THAT(text, testing::HasSubstr("name: \"n\""));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("abc")));
  outer.set_type_url("type.googleapis.com/not.Known");
  EXPECT_THAT(Request(&outer).text(), testing::HasSubstr("value: \"***\""));
}

/// "Any" in "Any", as deep as one likes: each is new bytes to whoever opens it, so that no parser's
/// limit holds.
google::protobuf::Any nested(int depth) {
  google::protobuf::Any any;
  for (int i = 0; i < depth; ++i) {
    google::protobuf::Any outer;
    outer.set_type_url("type.googleapis.com/google.protobuf.Any");
    any.SerializeToString(outer.mutable_value());
    any = std::move(outer);
  }
  return any;
}

TEST(Log, OpensAnyUpToADepthAlone) {
  LogLines log_lines;
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    for (const bool masks : {false, true}) {
      if (masks) log::set_masked({"token"});
      const google::protobuf::Any few = nested(5);
      const std::string shallow = Request(&few).text();
      EXPECT_EQ(std::count(shallow.begin(), shallow.end(), '['), 5) << shallow;
      const google::protobuf::Any deep = nested(2'000);
      const std::string text = Request(&deep).text();
      EXPECT_LT(std::count(text.begin(), text.end(), '['), 100);
      google::protobuf::Value value;
      for (int i = 0; i < 48; ++i) {
        google::protobuf::Value outer;
        *outer.mutable_list_value()->add_values() = std::move(value);
        value = std::move(outer);
      }
      EXPECT_EQ(Request(&value).text().find("list_value"), 0u);
      google::protobuf::Any held;
      held.PackFrom(value);
      for (int i = 1; i < 16; ++i) {
        google::protobuf::Any outer;
        outer.PackFrom(held);
        held = std::move(outer);
      }
      EXPECT_NE(Request(&held).text().find("list_value"), std::string::npos) << "opened";
    }
  });
}

TEST(Log, MasksValuesWhereverTheyStand) {
  LogLines log_lines;
  log::set_masked_values({"abc", ""});
  log::write(LogLevel::kInfo, {{"token", "abc"}, {"other", "abcd"}, {"none", ""}});
  EXPECT_THAT(log_lines.lines, ElementsAre(testing::EndsWith(" token=*** other=abcd none=")));
  google::protobuf::Struct map;
  (*map.mutable_fields())["a"].set_string_value("abc");
  EXPECT_EQ(Request(&map).text(), "fields { key: \"a\" value { string_value: \"***\" } }");
  google::protobuf::FieldMask list;
  list.add_paths("x");
  list.add_paths("abc");
  EXPECT_EQ(Request(&list).text(), "paths: \"x\" paths: \"***\"");
}

TEST(Log, DropsWhatAFilterSays) {
  LogLines log_lines;
  log::set_masked({"token"});
  log::set_filter([](LogLevel level, std::span<const LogField> fields) {
    return level < LogLevel::kError && fields[0].first == "token" && fields[0].second == "abc";
  });
  log::write(LogLevel::kInfo, {{"token", "abc"}});
  EXPECT_TRUE(log_lines.lines.empty());
  log::write(LogLevel::kInfo, {{"token", "x"}});
  log::write(LogLevel::kError, {{"token", "abc"}});
  log::set_filter(nullptr);
  log::write(LogLevel::kInfo, {{"token", "abc"}});
  EXPECT_EQ(log_lines.lines.size(), 3u);
}

TEST(ParseLogLevel, TakesAnyCaseAndNamesTheLevels) {
  EXPECT_EQ(*parse_log_level("WARN"), LogLevel::kWarn);
  EXPECT_EQ(*parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("loud").error().message(),
            "log level \"loud\" is not debug, info, warn, error or fatal");
}

TEST(Log, WriterLosesNothingBelowItsLimitAndNeverBlocksAboveIt) {
  LogLines log_lines;
  std::atomic<bool> open{true};
  std::atomic<int> written{0};
  log::set_sink([&](std::string_view) {
    while (!open) sched_yield();
    ++written;
  });
  log::start_writer(64);
  for (int i = 0; i < 50; ++i) log::info("x");
  log::stop_writer();
  EXPECT_EQ(written, 50);
  EXPECT_EQ(log::dropped(), 0u);
  open = false;
  log::start_writer(64);
  for (int i = 0; i < 1000; ++i) log::info("x");  // returns although nobody writes
  const uint64_t dropped = log::dropped();
  EXPECT_GE(dropped, 1000u - 64 - 1);
  open = true;
  log::stop_writer();
  EXPECT_EQ(written + int(dropped), 1050);
  EXPECT_EQ(log::dropped(), dropped);
}

}  // namespace
}  // namespace bia
