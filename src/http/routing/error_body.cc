#include "http/routing/error_body.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "bia/http/router.h"

namespace bia::http {
namespace {

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
    } else if (const size_t length = utf8_length(text, 0); length != 0) {
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
