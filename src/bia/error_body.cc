#include "bia/error_body.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "bia/bia/service.h"
#include "bia/codec/json_writer.h"
#include "bia/yaml_message.h"

namespace bia {
namespace {

bool is_http_status(int status) { return status >= 200 && status <= 599; }

int code_of(const Error& error) {
  const int status = error.http_status();
  return is_http_status(status) ? status : 500;
}

/// The error's own, and a code that is no status of HTTP.
template <typename F>
void for_each_metadata(const Error& error, F&& each) {
  for (const auto& [key, value] : error.metadata()) each(key, value);
  if (const int status = error.http_status(); !is_http_status(status))
    each("code", std::to_string(status));
}

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_text(std::string& out, int number, std::string_view text) {
  if (text.empty()) return;
  out += static_cast<char>(number << 3 | 2);
  append_varint(out, text.size());
  out += text;
}

/// errors.Status{int32 code = 1; string reason = 2; string message = 3; map<string, string>
/// metadata = 4}
void append_proto(const Error& error, std::string& body) {
  body += '\x08';
  append_varint(body, static_cast<uint64_t>(code_of(error)));
  append_text(body, 2, error.reason());
  append_text(body, 3, error.message());
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    std::string entry;
    append_text(entry, 1, key);
    append_text(entry, 2, value);
    body += '\x22';
    append_varint(body, entry.size());
    body += entry;
  });
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    const bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<uint8_t>(c));
    }
  }
}

void append_form(const Error& error, std::string& body) {
  body += fmt::format("code={}", code_of(error));
  const auto pair = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    body += '&';
    append_escaped(body, key);
    body += '=';
    append_escaped(body, value);
  };
  pair("message", error.message());
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    pair(fmt::format("metadata[{}]", key), value);
  });
  pair("reason", error.reason());
}

/// Go's errors.Error has the Status inside.
void append_yaml(const Error& error, std::string& body) {
  body += fmt::format("status:\n    code: {}\n    reason: ", code_of(error));
  append_yaml_text(body, error.reason());
  body += "\n    message: ";
  append_yaml_text(body, error.message());
  body += "\n    metadata:";
  const size_t before = body.size();
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    body += "\n        ";
    append_yaml_text(body, key);
    body += ": ";
    append_yaml_text(body, value);
  });
  body += body.size() == before ? " {}\n" : "\n";
}

}  // namespace

void append_error_json(const Error& error, std::string& body) {
  codec::JsonWriter out(body);
  out.begin_object();
  out.key("\"code\":");
  out.int32(code_of(error));
  out.key("\"reason\":");
  out.string(error.reason());
  out.key("\"message\":");
  out.string(error.message());
  out.key("\"metadata\":");
  out.begin_object();
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    out.key_text(key);
    out.string(value);
  });
  out.end_object();
  out.end_object();
}

std::string_view append_error(const Error& error, Format format, std::string& body) {
  switch (format) {
    case Format::kProto:
      append_proto(error, body);
      break;
    case Format::kYaml:
      append_yaml(error, body);
      break;
    case Format::kForm:
      append_form(error, body);
      break;
    default:
      append_error_json(error, body);
      return media_type_of(Format::kJson);
  }
  return media_type_of(format);
}

}  // namespace bia
