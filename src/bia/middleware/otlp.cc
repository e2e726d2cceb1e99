#include "bia/middleware/otlp.h"

#include <algorithm>

#include "codec/wire_format.h"

namespace bia::otlp {
namespace {

using codec::put_bytes;
using codec::put_fixed64;
using codec::put_uint;

std::string key_value(std::string_view key, const Tracer::Value& value) {
  std::string any;
  if (const auto* text = std::get_if<std::string>(&value)) {
    put_bytes(any, 1, *text);
  } else {
    put_uint(any, 3, uint64_t(std::get<int64_t>(value)));
  }
  std::string out;
  put_bytes(out, 1, key);
  put_bytes(out, 2, any);
  return out;
}

template <size_t N>
std::string_view view_of(const std::array<char, N>& bytes) {
  return {bytes.data(), N};
}

}  // namespace

std::string encode_span(const Tracer::Span& span) {
  std::string out;
  put_bytes(out, 1, view_of(span.context.trace_id));
  put_bytes(out, 2, view_of(span.context.span_id));
  if (std::any_of(span.parent_id.begin(), span.parent_id.end(), [](char c) { return c != 0; }))
    put_bytes(out, 4, view_of(span.parent_id));
  put_bytes(out, 5, span.name);
  put_uint(out, 6, uint64_t(span.kind));
  put_fixed64(out, 7, uint64_t(span.start_unix_ns));
  put_fixed64(out, 8, uint64_t(span.end_unix_ns));
  for (const auto& [key, value] : span.attributes) put_bytes(out, 9, key_value(key, value));
  std::string status;
  if (span.failed) {
    std::string event;
    put_fixed64(event, 1, uint64_t(span.end_unix_ns));
    put_bytes(event, 2, "exception");
    put_bytes(event, 3, key_value("exception.type", std::string("bia::Error")));
    put_bytes(event, 3, key_value("exception.message", span.message));
    put_bytes(out, 11, event);
    put_bytes(status, 2, span.message);
  }
  put_uint(status, 3, span.failed ? 2 : 1);
  put_bytes(out, 15, status);
  return out;
}

std::string encode_export(const TracingOptions& options, const std::vector<std::string>& spans,
                          size_t begin, size_t end) {
  std::string resource;
  const auto attribute = [&resource](std::string_view key, const std::string& value) {
    if (!value.empty()) put_bytes(resource, 1, key_value(key, value));
  };
  attribute("service.name", options.service_name);
  attribute("service.version", options.service_version);
  attribute("service.instance.id", options.service_id);
  attribute("telemetry.sdk.name", "bia");
  attribute("telemetry.sdk.language", "cpp");
  std::string scope;
  put_bytes(scope, 1, "bia");
  std::string scope_spans;
  put_bytes(scope_spans, 1, scope);
  for (size_t i = begin; i < end; ++i) put_bytes(scope_spans, 2, spans[i]);
  std::string resource_spans;
  put_bytes(resource_spans, 1, resource);
  put_bytes(resource_spans, 2, scope_spans);
  std::string out;
  put_bytes(out, 1, resource_spans);
  return out;
}

}  // namespace bia::otlp
