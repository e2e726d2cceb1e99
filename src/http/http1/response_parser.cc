#include <algorithm>

#include "http/http1/head_parser.h"
#include "http/message/chars.h"

namespace bia::http {

void ResponseParser::reset() {
  reset_head();
  line_done_ = false;
}

Parsed ResponseParser::parse(std::string_view bytes) {
  base_ = bytes.data();
  available_ = static_cast<uint32_t>(bytes.size());
  if (!line_done_) {
    if (Parsed line = parse_status_line(bytes.data(), bytes.size()); line != Parsed::kComplete)
      return line;
    line_done_ = true;
  }
  return parse_fields(bytes.data(), bytes.size());
}

/// "HTTP/1.1 200 OK\r\n"; the reason may be empty, and the space before it missing, as some servers
/// send it.
Parsed ResponseParser::parse_status_line(const char* base, size_t size) {
  constexpr std::string_view kName = "HTTP/1.";
  constexpr size_t kStatusEnd = 12;
  const std::string_view bytes(base, size);
  const size_t compared = std::min(size, kName.size());
  if (bytes.substr(0, compared) != kName.substr(0, compared)) {
    return refuse(502, "BAD_RESPONSE", "malformed HTTP response");
  }
  if (size < kStatusEnd + 1) {
    return bytes.find('\n') == std::string_view::npos
               ? Parsed::kNeedMore
               : refuse(502, "BAD_RESPONSE", "malformed HTTP status line");
  }
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!digit(bytes[7])) return refuse(502, "BAD_RESPONSE", "malformed HTTP version");
  if (bytes[8] != ' ' || !digit(bytes[9]) || !digit(bytes[10]) || !digit(bytes[11]) ||
      bytes[9] == '0') {
    return refuse(502, "BAD_RESPONSE", "malformed HTTP status code");
  }
  if (bytes[kStatusEnd] != ' ' && bytes[kStatusEnd] != '\r') {
    return refuse(502, "BAD_RESPONSE", "malformed HTTP status code");
  }
  // RFC 9110 section 2.5: a higher minor version is taken as the highest that is spoken.
  version_minor_ = bytes[7] == '0' ? 0 : 1;
  status_ = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');
  const char* const reason = base + kStatusEnd + (bytes[kStatusEnd] == ' ' ? 1 : 0);
  const char* const end = base + size;
  const char* const stop = find_stop<0x1f>(reason, end);
  if (end - stop < 2) {
    if (stop < end && *stop != '\r')
      return refuse(502, "BAD_RESPONSE", "malformed HTTP status line");
    return need_more(size);
  }
  if (stop[0] != '\r' || stop[1] != '\n')
    return refuse(502, "BAD_RESPONSE", "malformed HTTP status line");
  reason_ = static_cast<uint32_t>(reason - base);
  reason_size_ = static_cast<uint32_t>(stop - reason);
  const size_t line_bytes = static_cast<size_t>(stop + 2 - base);
  // As where it comes in pieces.
  if (line_bytes > limits_.header_bytes_max) return need_more(line_bytes);
  position_ = static_cast<uint32_t>(line_bytes);
  fields_start_ = position_;
  return Parsed::kComplete;
}

}  // namespace bia::http
