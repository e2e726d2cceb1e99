#include "zelus/ghz/debug_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "zelus/metrics/go_time.h"
#include "zelus/templates/runes.h"

namespace zelus::ghz {
namespace {

constexpr uint64_t kFirstLines = 100;
constexpr uint64_t kEveryLine = 100;

void append_quoted(std::string& out, std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const std::string valid = templates::text_of(templates::runes_of(text));  // As Go's JSON.
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  out.append(buffer.GetString(), buffer.GetSize());
}

}  // namespace

DebugLine::DebugLine(std::string_view level, std::string_view message) {
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  line_ = fmt::format(R"({{"level":"{}","time":"{}","message":)", level,
                      metrics::rfc3339(now, metrics::TimePrecision::kNano));
  append_quoted(line_, message);
}

void DebugLine::key(std::string_view name) {
  line_ += ',';
  append_quoted(line_, name);
  line_ += ':';
}
DebugLine& DebugLine::text(std::string_view name, std::string_view value) {
  key(name);
  append_quoted(line_, value);
  return *this;
}
DebugLine& DebugLine::number(std::string_view name, int64_t value) {
  key(name);
  line_ += std::to_string(value);
  return *this;
}
DebugLine& DebugLine::seconds(std::string_view name, int64_t nanos) {
  key(name);
  line_ += fmt::format("{}", static_cast<double>(nanos) / 1e9);
  return *this;
}
DebugLine& DebugLine::error(std::string_view name, std::string_view value) {
  if (value.empty()) return json(name, "null");
  return text(name, value);
}
DebugLine& DebugLine::json(std::string_view name, std::string_view value) {
  key(name);
  line_ += value;
  return *this;
}

bia::Result<std::unique_ptr<DebugLog>> DebugLog::open(const std::string& path) {
  int file = -1;
  if (path == "stdout" || path == "stderr")
    file = dup(path == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
  else
    file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0) return std::make_unique<DebugLog>(file);
  std::string why = std::strerror(errno);
  if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] | 0x20);
  return bia::Error(bia::Code::kPermissionDenied, "DEBUG_LOG",
                    fmt::format("open sink \"{0}\": open {0}: {1}", path, why));
}

DebugLog::~DebugLog() { ::close(file_); }

std::unique_ptr<DebugLog> DebugLog::another() const {
  return std::make_unique<DebugLog>(dup(file_));
}

bool DebugLog::wants(std::string_view message) {
  auto found = counts_.find(message);
  if (found == counts_.end()) found = counts_.emplace(std::string(message), Count()).first;
  Count& count = found->second;
  const auto now = std::chrono::steady_clock::now();
  if (now - count.second >= std::chrono::seconds(1)) count = {now, 0};
  ++count.lines;
  return count.lines <= kFirstLines || (count.lines - kFirstLines) % kEveryLine == 0;
}

void DebugLog::write(const DebugLine& line) {
  const std::string text = line.finish();
  // Whole lines: O_APPEND keeps those of the other threads apart. What a full disk loses is lost.
  if (::write(file_, text.data(), text.size()) < 0) return;
}

}  // namespace zelus::ghz
