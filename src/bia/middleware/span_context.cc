// W3C Trace Context's header traceparent: https://www.w3.org/TR/trace-context/#traceparent-header
#include <fmt/format.h>

#include "base/text.h"
#include "bia/bia/tracing.h"

namespace bia {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Lower-case hex, as the specification asks; all zeros is no id.
template <size_t N>
bool parse_id(std::string_view text, std::array<char, N>& id) {
  char seen = 0;
  for (size_t i = 0; i < N; ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    id[i] = char(high << 4 | low);
    seen = char(seen | id[i]);
  }
  return seen != 0;
}

}  // namespace

std::string SpanContext::trace_id_text() const {
  return hex_of({trace_id.data(), trace_id.size()});
}
std::string SpanContext::span_id_text() const { return hex_of({span_id.data(), span_id.size()}); }
std::string SpanContext::traceparent() const {
  return fmt::format("00-{}-{}-0{}", trace_id_text(), span_id_text(), sampled ? 1 : 0);
}

bool SpanContext::parse(std::string_view text, SpanContext& into) {
  constexpr size_t kSize = 55;
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const bool version_0 = text.starts_with("00");
  if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0 || text.starts_with("ff")) return false;
  if (version_0 ? text.size() != kSize : text.size() > kSize && text[kSize] != '-') return false;
  SpanContext found;
  const int low = hex_digit(text[54]);
  if (!parse_id(text.substr(3), found.trace_id) || !parse_id(text.substr(36), found.span_id) ||
      hex_digit(text[53]) < 0 || low < 0)
    return false;
  found.sampled = (low & 1) != 0;
  into = found;
  return true;
}

}  // namespace bia
