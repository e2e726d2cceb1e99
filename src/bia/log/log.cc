#include "bia/bia/log.h"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"

namespace bia {
namespace {

struct LevelName {
  std::string_view config;
  std::string_view line;
  spdlog::level::level_enum spdlog;
};
// In the order of LogLevel, from kDebug.
constexpr std::array<LevelName, 5> kLevels = {{{"debug", "DEBUG", spdlog::level::debug},
                                               {"info", "INFO", spdlog::level::info},
                                               {"warn", "WARN", spdlog::level::warn},
                                               {"error", "ERROR", spdlog::level::err},
                                               {"fatal", "FATAL", spdlog::level::critical}}};

constexpr std::string_view kMask = "***";

const LevelName& names_of(LogLevel level) { return kLevels.at(size_t(int(level) + 1)); }

bool is_in(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class FunctionSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> function)
      : function_(std::move(function)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    function_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}
  std::function<void(std::string_view)> function_;
};

// The one global of the layer: a log has to be there for code that nobody handed one to (a
// handler's exception, a signal).
struct Log {
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::logger> logger;
  std::string fields;
  std::vector<std::string> masked;
  std::vector<std::string> masked_values;
  log::LogFilter filter;
  uint64_t dropped_before = 0;
  std::atomic<LogLevel> level{LogLevel::kInfo};

  Log() { to_stderr(); }
  void to_stderr() { to(std::make_shared<spdlog::sinks::stderr_sink_mt>()); }
  void to(spdlog::sink_ptr sink) {
    if (writer) {
      // Never block: of a request's thread and the log, the log waits.
      logger = std::make_shared<spdlog::async_logger>(
          "bia", std::move(sink), writer, spdlog::async_overflow_policy::overrun_oldest);
    } else {
      logger = std::make_shared<spdlog::logger>("bia", std::move(sink));
    }
    logger->set_level(spdlog::level::trace);
    logger->set_pattern("%v");
    // The writer's stderr has no buffer; a flush would be a second entry of the queue.
    logger->flush_on(writer ? spdlog::level::off : spdlog::level::trace);
  }
};

Log& the_log() {
  static Log instance;
  return instance;
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
}

void append_time(std::string& out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  const std::string lower = lower_case(text);
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i].config == lower) return LogLevel(int(i) - 1);
  }
  return Error(Code::kInvalidArgument, "LOG_LEVEL",
               fmt::format("log level \"{}\" is not debug, info, warn, error or fatal", text));
}

namespace log {

bool enabled(LogLevel level) { return level >= the_log().level.load(std::memory_order_relaxed); }

void write(LogLevel level, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  Log& log = the_log();
  if (log.filter && log.filter(level, {fields.begin(), fields.size()})) return;
  std::string line(names_of(level).line);
  line += " ts=";
  append_time(line);
  line += log.fields;
  for (const auto& [key, value] : fields) {
    line.append(" ").append(key).append("=");
    const bool hidden = is_in(log.masked, key) || is_in(log.masked_values, value);
    append_escaped(line, hidden ? kMask : value);
  }
  log.logger->log(names_of(level).spdlog, spdlog::string_view_t(line.data(), line.size()));
}

void start_writer(size_t lines_max) {
  Log& log = the_log();
  std::vector<spdlog::sink_ptr> sinks = log.logger->sinks();
  log.writer = std::make_shared<spdlog::details::thread_pool>(lines_max, 1);
  log.to(sinks.front());
}

void stop_writer() {
  Log& log = the_log();
  if (!log.writer) return;
  const spdlog::sink_ptr sink = log.logger->sinks().front();
  const auto writer = std::exchange(log.writer, nullptr);
  log.dropped_before += writer->overrun_counter();
  log.to(sink);
}  // The pool's last owner writes what is queued before it goes.

uint64_t dropped() {
  const Log& log = the_log();
  return log.dropped_before + (log.writer ? log.writer->overrun_counter() : 0);
}

LogLevel level() { return the_log().level.load(std::memory_order_relaxed); }
std::string_view level_name(LogLevel level) { return names_of(level).config; }

void set_level(LogLevel level) { the_log().level.store(level, std::memory_order_relaxed); }

void set_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  for (const auto& [key, value] : fields) {
    text.append(" ").append(key).append("=");
    append_escaped(text, value);
  }
  the_log().fields = std::move(text);
}

void set_masked(std::vector<std::string> names) { the_log().masked = std::move(names); }
const std::vector<std::string>& masked() { return the_log().masked; }

void set_masked_values(std::vector<std::string> values) {
  std::erase(values, "");
  the_log().masked_values = std::move(values);
}
const std::vector<std::string>& masked_values() { return the_log().masked_values; }

void set_filter(LogFilter drop) { the_log().filter = std::move(drop); }

void set_sink(std::function<void(std::string_view)> sink) {
  if (sink) {
    the_log().to(std::make_shared<FunctionSink>(std::move(sink)));
  } else {
    the_log().to_stderr();
  }
}

}  // namespace log
}  // namespace bia
