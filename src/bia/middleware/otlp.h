#pragma once
#include <string>
#include <vector>

#include "bia/bia/tracing.h"

/// OpenTelemetry's protobufs (opentelemetry/proto/trace/v1, collector/trace/v1), the few fields
/// that a span here has.
namespace bia::otlp {

/// A Span's bytes.
std::string encode_span(const Tracer::Span& span);
/// An ExportTraceServiceRequest with spans of one service.
std::string encode_export(const TracingOptions& options, const std::vector<std::string>& spans,
                          size_t begin, size_t end);

}  // namespace bia::otlp
