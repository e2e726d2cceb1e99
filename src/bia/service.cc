#include "bia/bia/service.h"

#include "bia/codec/json_writer.h"

namespace bia {
namespace {

/// HTTP knows no other final statuses; a business code outside goes into the metadata.
bool is_http_status(int status) { return status >= 200 && status <= 599; }

}  // namespace

Service::~Service() = default;

void append_error_json(const Error& error, std::string& body) {
  codec::JsonWriter out(body);
  int status = error.http_status();
  bool known = is_http_status(status);
  out.begin_object();
  out.key("\"code\":");
  out.int32(known ? status : 500);
  out.key("\"reason\":");
  out.string(error.reason());
  out.key("\"message\":");
  out.string(error.message());
  out.key("\"metadata\":");
  out.begin_object();
  for (const auto& [key, value] : error.metadata()) {
    out.key_text(key);
    out.string(value);
  }
  if (!known) {
    out.key_text("code");
    out.string(std::to_string(status));
  }
  out.end_object();
  out.end_object();
}

}  // namespace bia
