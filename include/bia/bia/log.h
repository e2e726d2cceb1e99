#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// Numbered as in Kratos.
enum class LogLevel : int8_t { kDebug = -1, kInfo = 0, kWarn = 1, kError = 2, kFatal = 3 };
/// "debug", "info", "warn", "error", "fatal", in any case. Errors: kInvalidArgument.
Result<LogLevel> parse_log_level(std::string_view text);

using LogField = std::pair<std::string_view, std::string_view>;

/// The program's log: a line an entry on stderr, as Kratos' standard logger writes it:
///     INFO ts=2026-11-24T15:10:41Z service.id=host-1 service.name=helloworld msg=[HTTP] server
///     listening on: [::]:8080
/// Control characters in values are escaped, so that no input can forge a line. Thread-safe. In a
/// served App a thread of its own writes the lines, so that a slow reader of stderr holds up no
/// request.
namespace log {
void write(LogLevel level, std::initializer_list<LogField> fields);
inline void debug(std::string_view message) { write(LogLevel::kDebug, {{"msg", message}}); }
inline void info(std::string_view message) { write(LogLevel::kInfo, {{"msg", message}}); }
inline void warn(std::string_view message) { write(LogLevel::kWarn, {{"msg", message}}); }
inline void error(std::string_view message) { write(LogLevel::kError, {{"msg", message}}); }
/// Before composing what may be below the level.
bool enabled(LogLevel level);

/// From now on lines go to a queue of `lines_max` and a thread of its own writes them; where the
/// queue is full the oldest line is dropped and counted. Before other threads run.
void start_writer(size_t lines_max);
/// Writes what is queued, ends the thread, and lines are written directly again. After the other
/// threads have ended.
void stop_writer();
/// Lines that the full queue has dropped.
uint64_t dropped();

/// Thread-safe.
void set_level(LogLevel level);
LogLevel level();
/// "info"
std::string_view level_name(LogLevel level);
/// At start-up, before other threads run: what every line begins with, e.g. {"service.id",
/// "host-1"}.
void set_fields(const std::vector<std::pair<std::string, std::string>>& fields);
/// At start-up: fields of lines, and fields of the messages that lines show as text, whose value is
/// "***" (Kratos' FilterKey). Configuration: log.mask.
void set_masked(std::vector<std::string> names);
const std::vector<std::string>& masked();
/// At start-up: values of fields, of lines and of messages, that are "***" wherever they stand
/// (Kratos' FilterValue). Empty ones hide nothing. Configuration: log.mask_values.
void set_masked_values(std::vector<std::string> values);
const std::vector<std::string>& masked_values();
/// At start-up: lines that `drop` says true to are not written (Kratos' FilterFunc). Called by each
/// thread that logs, with the fields as they are before they are masked; it must not log. Null:
/// all are written.
using LogFilter = std::function<bool(LogLevel level, std::span<const LogField> fields)>;
void set_filter(LogFilter drop);
/// Lines go to `sink` instead of stderr, without the newline; null: stderr again. For tests.
void set_sink(std::function<void(std::string_view line)> sink);
}  // namespace log

}  // namespace bia
