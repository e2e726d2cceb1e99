#include "bia/bia/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(ParseLogLevel, TakesAnyCaseAndNamesTheLevels) {
  EXPECT_EQ(*parse_log_level("WARN"), LogLevel::kWarn);
  EXPECT_EQ(*parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("loud").error().message(),
            "log level \"loud\" is not debug, info, warn, error or fatal");
}

}  // namespace
}  // namespace bia
