#include "zelus/run/log.h"

#include <gtest/gtest.h>

namespace zelus::run {
namespace {

using options::LogField;
using options::LogLevel;
using std::chrono::seconds;

std::string line(LogFormat format, LogLevel level, std::string_view message,
                 std::vector<LogField> fields = {}) {
  return format_log_line(format, level, message, fields, "2026-11-24T15:09:43Z", seconds(5));
}

TEST(LogLine, TextQuotesWhatNeedsIt) {
  EXPECT_EQ(line(LogFormat::kText, LogLevel::kError, "unknown flag: --viruses"),
            "time=\"2026-11-24T15:09:43Z\" level=error msg=\"unknown flag: --viruses\"\n");
  EXPECT_EQ(line(LogFormat::kText, LogLevel::kInfo, "plain", {{"source", "console"}}),
            "time=\"2026-11-24T15:09:43Z\" level=info msg=plain source=console\n");
  EXPECT_EQ(line(LogFormat::kText, LogLevel::kWarning, "a\n\t\"b\" \\ \x01 µ \xff",
                 {{"z", ""}, {"a", "x y"}}),
            "time=\"2026-11-24T15:09:43Z\" level=warning msg=\"a\\n\\t\\\"b\\\" \\\\ \\x01 µ "
            "\\xff\" a=\"x y\" z=\n");
  EXPECT_EQ(line(LogFormat::kText, LogLevel::kInfo, "", {{"source", "console"}}),
            "time=\"2026-11-24T15:09:43Z\" level=info source=console\n");
}

TEST(LogLine, JsonSortsKeysAndEscapesHtml) {
  EXPECT_EQ(line(LogFormat::kJson, LogLevel::kInfo, "<a> & \"b\"\n", {{"source", "console"}}),
            "{\"level\":\"info\",\"msg\":\"\\u003ca\\u003e \\u0026 "
            "\\\"b\\\"\\n\",\"source\":\"console\",\"time\":\"2026-11-24T15:09:43Z\"}\n");
}

TEST(LogLine, RawIsTheMessage) {
  EXPECT_EQ(line(LogFormat::kRaw, LogLevel::kInfo, "a b", {{"source", "console"}}), "a b\n");
}

TEST(LogLine, ColourPadsTheMessageTo44Columns) {
  EXPECT_EQ(line(LogFormat::kColour, LogLevel::kInfo, "hello µ", {{"source", "console"}}),
            "\x1b[36mINFO\x1b[0m[0005] hello µ                                       "
            "\x1b[36msource\x1b[0m=console\n");
  EXPECT_EQ(line(LogFormat::kColour, LogLevel::kError, "gone\n"),
            "\x1b[31mERRO\x1b[0m[0005] gone                                         \n");
}

TEST(Log, RefusesUnknownOutputs) {
  Terminal terminal({-1, false}, {-1, false});
  EXPECT_EQ(Log::create({"nowhere", "", false, false}, terminal).error().message(),
            "unsupported log output 'nowhere'");
  EXPECT_EQ(Log::create({"loki=http://x", "", false, false}, terminal).error().code(),
            bia::Code::kUnimplemented);
  EXPECT_EQ(Log::create({"file=/nonexistent/x", "", false, false}, terminal).error().message(),
            "provided directory '/nonexistent' does not exist");
  EXPECT_EQ(Log::create({"file", "", false, false}, terminal).error().message(),
            "error while parsing logfile configuration key `file` with no value");
  EXPECT_EQ(Log::create({"file=/tmp/x,size=5", "", false, false}, terminal).error().message(),
            "unknown logfile config key size");
  EXPECT_EQ(Log::create({"file=/tmp/x,level=loud", "", false, false}, terminal).error().message(),
            "unknown log level loud");
  EXPECT_TRUE(Log::create({"none", "json", true, false}, terminal).ok());
}

}  // namespace
}  // namespace zelus::run
