#include "bia/service/error_body.h"

#include <fmt/format.h>

#include "bia/bia/service.h"
#include "bia/codec/form.h"
#include "bia/content/yaml_message.h"
#include "grpc/proto_wire.h"
#include "http/routing/error_body.h"

namespace bia {
namespace {

using http::answer_status;
using http::for_each_metadata;

/// errors.Status{int32 code = 1; string reason = 2; string message = 3; map<string, string>
/// metadata = 4}
void append_proto(const Error& error, std::string& body) {
  const auto put_text = [](std::string& out, uint32_t field, std::string_view text) {
    if (!text.empty()) grpc::put_bytes(out, field, text);
  };
  grpc::put_uint(body, 1, static_cast<uint64_t>(answer_status(error)));
  put_text(body, 2, error.reason());
  put_text(body, 3, error.message());
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    std::string entry;
    put_text(entry, 1, key);
    put_text(entry, 2, value);
    grpc::put_bytes(body, 4, entry);
  });
}

void append_form(const Error& error, std::string& body) {
  body += fmt::format("code={}", answer_status(error));
  const auto pair = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    body += '&';
    codec::append_query_escaped(body, key);
    body += '=';
    codec::append_query_escaped(body, value);
  };
  pair("message", error.message());
  for_each_metadata(error, [&](std::string_view key, std::string_view value) {
    pair(fmt::format("metadata[{}]", key), value);
  });
  pair("reason", error.reason());
}

/// Go's errors.Error has the Status inside.
void append_yaml(const Error& error, std::string& body) {
  body += fmt::format("status:\n    code: {}\n    reason: ", answer_status(error));
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
  http::append_error_json(body, error);
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
