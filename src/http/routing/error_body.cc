#include "http/routing/error_body.h"

#include <fmt/format.h>

#include "bia/http/router.h"

namespace bia::http {
namespace {

/// Bytes of the UTF-8 sequence that `text` begins with; 0 where it is none (RFC 3629).
size_t utf8_length(std::string_view text) {
  const auto byte = [text](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0u;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned second = byte(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned second = byte(1);
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text[0];
    size_t used = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint8_t>(c));
    } else if (static_cast<uint8_t>(c) < 0x80) {
      out += c;
    } else if (const size_t length = utf8_length(text); length != 0) {
      out += text.substr(0, length);
      used = length;
    } else {
      out += "\xef\xbf\xbd";
    }
    text.remove_prefix(used);
  }
  out += '"';
}

}  // namespace

void append_error_json(std::string& out, int status, std::string_view reason,
                       std::string_view message,
                       const std::vector<std::pair<std::string, std::string>>& metadata) {
  fmt::format_to(std::back_inserter(out), "{{\"code\":{},\"reason\":", status);
  append_json_string(out, reason);
  out += ",\"message\":";
  append_json_string(out, message);
  out += ",\"metadata\":{";
  for (const auto& [key, value] : metadata) {
    if (out.back() != '{') out += ',';
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  }
  out += "}}";
}

void write_error(ServerResponse& response, int status, std::string_view reason,
                 std::string_view message) {
  response.set_status(status);
  response.set_header("Content-Type", "application/json");
  response.body().clear();
  append_error_json(response.body(), status, reason, message, {});
}

void write_error(ServerResponse& response, const Error& error) {
  response.set_status(error.http_status());
  response.set_header("Content-Type", "application/json");
  response.body().clear();
  append_error_json(response.body(), error.http_status(), error.reason(), error.message(),
                    error.metadata());
}

}  // namespace bia::http
