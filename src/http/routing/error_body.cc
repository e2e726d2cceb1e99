#include "http/routing/error_body.h"

#include <fmt/format.h>

#include "bia/base/json_string.h"
#include "bia/http/router.h"

namespace bia::http {
namespace {

/// An answer that ends an exchange: neither informational nor beyond what HTTP has.
constexpr int kStatusMin = 200, kStatusMax = 599;

/// All but the metadata.
void append_head(std::string& out, int status, std::string_view reason, std::string_view message) {
  fmt::format_to(std::back_inserter(out), "{{\"code\":{},\"reason\":", status);
  append_json_string(out, reason);
  out += ",\"message\":";
  append_json_string(out, message);
  out += ",\"metadata\":{";
}

}  // namespace

int answer_status(const Error& error) {
  const int status = error.http_status();
  return status >= kStatusMin && status <= kStatusMax ? status : 500;
}

void append_error_json(std::string& out, int status, std::string_view reason,
                       std::string_view message) {
  append_head(out, status, reason, message);
  out += "}}";
}

void append_error_json(std::string& out, const Error& error) {
  append_head(out, answer_status(error), error.reason(), error.message());
  for_each_metadata(error, [&out](std::string_view key, std::string_view value) {
    if (out.back() != '{') out += ',';
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  });
  out += "}}";
}

void write_error(ServerResponse& response, int status, std::string_view reason,
                 std::string_view message) {
  response.set_status(status);
  response.set_header("Content-Type", "application/json");
  response.body().clear();
  append_error_json(response.body(), status, reason, message);
}

void write_error(ServerResponse& response, const Error& error) {
  response.set_status(answer_status(error));
  response.set_header("Content-Type", "application/json");
  response.body().clear();
  append_error_json(response.body(), error);
}

}  // namespace bia::http
