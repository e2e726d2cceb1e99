// logrus' formatters.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "codec/utf8.h"
#include "zelus/metrics/go_time.h"
#include "zelus/options/go_quote.h"
#include "zelus/run/log.h"

namespace zelus::run {

using options::LogField;
using options::LogLevel;

namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kShortLevels[] = {"DEBU", "INFO", "WARN", "ERRO"};
constexpr int kColours[] = {37, 36, 33, 31};
constexpr size_t kMessageColumns = 44;

bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/' || c == '@' || c == '^' || c == '+';
  });
}

std::string common_escape(unsigned char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      return "";
  }
}

/// encoding/json's string, with its escapes for HTML and for JavaScript.
std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t length = bia::codec::utf8_length(text, at);
    const std::string_view character = text.substr(at, std::max<size_t>(length, 1));
    at += character.size();
    const auto c = static_cast<unsigned char>(character[0]);
    if (std::string common = common_escape(c); !common.empty()) {
      out += common;
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", c);
    } else if (length == 0) {
      out += "\\ufffd";
    } else if (character == "\u2028" || character == "\u2029") {
      out += character == "\u2028" ? "\\u2028" : "\\u2029";
    } else {
      out += character;
    }
  }
  return out + '"';
}

std::string value_text(std::string_view value) {
  return plain(value) ? std::string(value) : options::go_quote(value);
}

size_t runes(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::vector<LogField> by_key(std::span<const LogField> fields) {
  std::vector<LogField> sorted(fields.begin(), fields.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const LogField& a, const LogField& b) { return a.key < b.key; });
  return sorted;
}

std::string json_line(LogLevel level, std::string_view message, std::span<const LogField> fields,
                      std::string_view time) {
  std::vector<LogField> all(fields.begin(), fields.end());
  all.push_back({"level", kLevels[static_cast<size_t>(level)]});
  all.push_back({"msg", message});
  all.push_back({"time", time});
  std::string out;
  for (const LogField& field : by_key(all))
    out += fmt::format("{}{}:{}", out.empty() ? "{" : ",", json_quoted(field.key),
                       json_quoted(field.value));
  return out + "}\n";
}

std::string colour_line(LogLevel level, std::string_view message, std::span<const LogField> fields,
                        std::chrono::seconds since_start) {
  auto index = static_cast<size_t>(level);
  if (message.ends_with('\n')) message.remove_suffix(1);
  size_t width = runes(message);
  std::string out = fmt::format(
      "\x1b[{}m{}\x1b[0m[{:04}] {}{} ", kColours[index], kShortLevels[index], since_start.count(),
      message, std::string(width < kMessageColumns ? kMessageColumns - width : 0, ' '));
  for (const LogField& field : by_key(fields))
    out +=
        fmt::format(" \x1b[{}m{}\x1b[0m={}", kColours[index], field.key, value_text(field.value));
  return out + "\n";
}

}  // namespace

std::string rfc3339_now() {
  std::string out;
  metrics::append_rfc3339(out, metrics::UnixTime{std::time(nullptr), 0},
                          metrics::TimePrecision::kSeconds);
  return out;
}

std::string format_log_line(LogFormat format, LogLevel level, std::string_view message,
                            std::span<const LogField> fields, std::string_view time,
                            std::chrono::seconds since_start) {
  switch (format) {
    case LogFormat::kRaw:
      return std::string(message) + "\n";
    case LogFormat::kJson:
      return json_line(level, message, fields, time);
    case LogFormat::kColour:
      return colour_line(level, message, fields, since_start);
    case LogFormat::kText:
      break;
  }
  // logrus quotes the time always, as it holds colons.
  std::string out =
      fmt::format("time={} level={}", options::go_quote(time), kLevels[static_cast<size_t>(level)]);
  if (!message.empty()) out += " msg=" + value_text(message);
  for (const LogField& field : by_key(fields))
    out += fmt::format(" {}={}", field.key, value_text(field.value));
  return out + "\n";
}

}  // namespace zelus::run
