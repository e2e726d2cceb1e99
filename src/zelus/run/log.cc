#include "zelus/run/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "zelus/run/go_error.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::LogField;
using options::LogLevel;

namespace {

void write_file(int fd, std::string_view text) {
  // One write a line: several threads append to the same file.
  while (::write(fd, text.data(), text.size()) < 0 && errno == EINTR) {
  }
}

Result<int> open_to_append(const std::string& path, mode_t mode) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
  if (fd >= 0) return fd;
  return Error(Code::kNotFound, "LOG_FILE",
               fmt::format("failed to open logfile {}: {}", path, std::strerror(errno)));
}

Result<LogLevel> parse_level(std::string_view name) {
  if (name == "debug" || name == "trace") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning" || name == "warn") return LogLevel::kWarning;
  if (name == "error" || name == "fatal" || name == "panic") return LogLevel::kError;
  return Error(Code::kInvalidArgument, "LOG_LEVEL", fmt::format("unknown log level {}", name));
}

/// "file=PATH[,level=L]", with k6's texts for what is wrong with it.
Result<int> open_log_file(std::string_view setting, LogLevel& level) {
  auto bad = [](std::string text) {
    return Error(Code::kInvalidArgument, "LOG_OUTPUT", std::move(text));
  };
  std::string path;
  for (std::string_view left = setting; !left.empty();) {
    std::string_view pair = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), pair.size() + 1));
    size_t equals = pair.find('=');
    std::string_view key = pair.substr(0, equals);
    std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (value.empty())
      return bad(
          fmt::format("error while parsing logfile configuration key `{}` with no value", pair));
    if (key == "file") {
      path = value;
    } else if (key == "level") {
      level = BIA_TRY(parse_level(value));
    } else {
      return bad(fmt::format("unknown logfile config key {}", key));
    }
  }
  std::string folder = std::filesystem::path(path).parent_path().string();
  std::error_code failed;
  if (!folder.empty() && !std::filesystem::is_directory(folder, failed))
    return bad(fmt::format("provided directory '{}' does not exist", folder));
  return open_to_append(path, 0600);
}

}  // namespace

Result<std::unique_ptr<Log>> Log::create(const Settings& settings, Terminal& terminal) {
  std::unique_ptr<Log> log(new Log(terminal));
  if (settings.verbose) log->level_ = LogLevel::kDebug;
  bool tty = false;
  std::string_view output = settings.output;
  if (output == "stderr") {
    tty = terminal.err_is_tty();
  } else if (output == "stdout") {
    log->output_ = Output::kStdout;
    tty = terminal.out_is_tty();
  } else if (output == "none") {
    log->output_ = Output::kNone;
  } else if (output.starts_with("loki")) {
    return Error(
        Code::kUnimplemented, "LOKI_NOT_BUILT",
        "--log-output=loki is not built into zelus; use stderr, stdout, none or file=PATH");
  } else if (output == "file" || output.starts_with("file=")) {
    log->output_ = Output::kFile;
    log->file_ = BIA_TRY(open_log_file(output, log->file_level_));
  } else {
    return Error(Code::kInvalidArgument, "LOG_OUTPUT",
                 fmt::format("unsupported log output '{}'", output));
  }
  if (settings.format == "json") {
    log->format_ = LogFormat::kJson;
  } else if (settings.format == "raw") {
    log->format_ = LogFormat::kRaw;
  } else if (tty && !settings.no_color) {
    log->format_ = LogFormat::kColour;
  }
  return log;
}

Log::~Log() {
  if (file_ >= 0) ::close(file_);
  if (console_file_ >= 0) ::close(console_file_);
}

Result<void> Log::set_console_file(const std::string& path) {
  auto file = open_to_append(path, 0644);
  if (!file) return Error(Code::kNotFound, "CONSOLE_FILE", go_open_error(path));
  console_file_ = *file;
  return {};
}

void Log::log(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!enabled(level)) return;
  bool console = std::any_of(fields.begin(), fields.end(), [](const LogField& f) {
    return f.key == "source" && f.value == "console";
  });
  auto since_start = std::chrono::duration_cast<std::chrono::seconds>(bia::now() - started_);
  if (console && console_file_ >= 0) {
    // k6: the file has nothing but the console, which its lines need not say.
    std::vector<LogField> rest(fields.begin(), fields.end());
    std::erase_if(rest, [](const LogField& f) { return f.key == "source"; });
    const LogFormat format = format_ == LogFormat::kColour ? LogFormat::kText : format_;
    write_file(console_file_,
               format_log_line(format, level, message, rest, rfc3339_now(), since_start));
    return;
  }
  std::string line = format_log_line(format_, level, message, fields, rfc3339_now(), since_start);
  switch (output_) {
    case Output::kStderr:
      return terminal_.write_err(line);
    case Output::kStdout:
      return terminal_.write_out(line);
    case Output::kFile:
      if (level >= file_level_) write_file(file_, line);
      return;
    case Output::kNone:
      return;
  }
}

}  // namespace zelus::run
