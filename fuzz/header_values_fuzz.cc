// layer: bia
//
// Values of header fields that a service reads: Accept, Content-Type's parameters, Origin,
// traceparent.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/bia/tracing.h"
#include "bia/content/media_type.h"
#include "bia/middleware/cors.h"

namespace {

bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia;
  // Of just that many bytes, so that a read beyond them is seen.
  const std::string copy(reinterpret_cast<const char*>(data), size);
  const std::string_view text = copy;
  BIA_ASSERT(accepted(text) != Format::kUnknown);
  format_of(text);
  for (const char* name : {"boundary", "q", "charset", ""}) {
    const std::string_view value = media_parameter(text, name);
    BIA_ASSERT(within(value, text) && value.size() <= size);
  }
  SpanContext span;
  if (SpanContext::parse(text, span)) {
    // What was read, written again, reads the same.
    SpanContext again;
    BIA_ASSERT(SpanContext::parse(span.traceparent(), again));
    BIA_ASSERT(again.trace_id == span.trace_id && again.span_id == span.span_id &&
               again.sampled == span.sampled);
  }
  static const Cors cors([] {
    CorsOptions options;
    options.origins = {"https://shop.example", "https://*.example"};
    return options;
  }());
  if (cors.allows(text)) BIA_ASSERT(text.starts_with("https://") && text.ends_with(".example"));
  return 0;
}
