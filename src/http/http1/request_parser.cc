#include <algorithm>
#include <cstring>

#include "http/http1/head_parser.h"
#include "http/message/chars.h"

namespace bia::http {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 9112 section 2.2: empty lines before a request are skipped, "at least one".
constexpr uint32_t kEmptyLinesMax = 2;
constexpr uint32_t kMethodBytesMax = 32;

/// Of "http://" or "https://", in whatever case (RFC 3986 section 3.1), or 0.
size_t scheme_size(std::string_view target) {
  for (std::string_view each : {"http://", "https://"}) {
    if (equals_lower(target.substr(0, each.size()), each)) return each.size();
  }
  return 0;
}

}  // namespace

void RequestParser::reset() {
  reset_head();
  line_done_ = false;
  start_ = 0;
}

Parsed RequestParser::parse(std::string_view bytes) {
  base_ = bytes.data();
  available_ = static_cast<uint32_t>(bytes.size());
  if (!line_done_) {
    if (Parsed line = parse_request_line(bytes.data(), bytes.size()); line != Parsed::kComplete)
      return line;
    line_done_ = true;
  }
  const Parsed parsed = parse_fields(bytes.data(), bytes.size());
  if (parsed == Parsed::kComplete) first_ = false;
  return parsed;
}

Parsed RequestParser::parse_request_line(const char* base, size_t size) {
  const char* const end = base + size;
  const char* at = base + position_;
  while (at < end && *at == '\r') {
    if (end - at < 2) return Parsed::kNeedMore;
    if (at[1] != '\n' || position_ == 2 * kEmptyLinesMax) {
      return refuse(400, "BAD_REQUEST_LINE", "the request begins with empty lines");
    }
    at += 2;
    position_ += 2;
  }
  start_ = position_;
  const char* const line = at;
  auto more = [&]() {
    // The line's carriage return may be there already, which the limit does not count.
    if (static_cast<size_t>(end - line) <= limits_.request_line_bytes_max + 1)
      return Parsed::kNeedMore;
    return refuse(
        414, "REQUEST_LINE_TOO_LONG",
        "the request line is longer than the limit; server.http.request_line_bytes_max raises it");
  };
  while (at < end && char_is(*at, kTokenChar)) ++at;
  method_size_ = static_cast<uint32_t>(at - line);
  if (method_size_ > kMethodBytesMax) return refuse(501, "BAD_METHOD", "the method is unknown");
  if (at == end) return more();
  if (*at != ' ' || at == line)
    return refuse(400, "BAD_REQUEST_LINE",
                  "the request line does not begin with a method and a space");
  ++at;
  const char* const target = at;
  at = find_stop<0x20>(at, end);
  if (at == end) return more();
  if (*at != ' ' || at == target)
    return refuse(400, "BAD_REQUEST_LINE", "the request line is not METHOD TARGET VERSION");
  target_ = static_cast<uint32_t>(target - base);
  target_size_ = static_cast<uint32_t>(at - target);
  ++at;
  if (Parsed version = parse_version(at, end); version != Parsed::kComplete) {
    return version == Parsed::kNeedMore ? more() : version;
  }
  if (static_cast<size_t>(at + 8 - line) > limits_.request_line_bytes_max) {
    return refuse(
        414, "REQUEST_LINE_TOO_LONG",
        "the request line is longer than the limit; server.http.request_line_bytes_max raises it");
  }
  method_ = method_of(method_text());
  if (Parsed target_parsed = split_target(); target_parsed != Parsed::kComplete)
    return target_parsed;
  position_ = static_cast<uint32_t>(at + 10 - base);
  fields_start_ = position_;
  return Parsed::kComplete;
}

/// "HTTP/1.1\r\n" at `at`. The preface of HTTP/2 is a request line of its own, and the first thing
/// on its connection (RFC 9113 section 3.4).
Parsed RequestParser::parse_version(const char* at, const char* end) {
  constexpr std::string_view kName = "HTTP/";
  const std::string_view rest(at, std::min<size_t>(static_cast<size_t>(end - at), 10));
  const size_t compared = std::min(rest.size(), kName.size());
  if (rest.substr(0, compared) != kName.substr(0, compared)) {
    return refuse(400, "BAD_REQUEST_LINE", "the request line is not METHOD TARGET VERSION");
  }
  if (rest.size() < 10) {
    // A bare line feed would leave us waiting for more of a line that has ended.
    return rest.find('\n') == std::string_view::npos
               ? Parsed::kNeedMore
               : refuse(400, "BAD_REQUEST_LINE", "the request line's version is malformed");
  }
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!digit(rest[5]) || rest[6] != '.' || !digit(rest[7]) || rest[8] != '\r' || rest[9] != '\n') {
    return refuse(400, "BAD_REQUEST_LINE", "the request line's version is malformed");
  }
  if (rest[5] == '2' && start_ == 0 && first_) {
    const std::string_view all(base_, available_);
    const size_t seen = std::min(all.size(), kHttp2Preface.size());
    if (all.substr(0, seen) == kHttp2Preface.substr(0, seen)) {
      return seen == kHttp2Preface.size() ? Parsed::kHttp2 : Parsed::kNeedMore;
    }
  }
  if (rest[5] != '1')
    return refuse(505, "BAD_VERSION", "only HTTP/1.1 and HTTP/1.0 are spoken here");
  // RFC 9110 section 2.5: a higher minor version is taken as the highest that is spoken.
  version_minor_ = rest[7] == '0' ? 0 : 1;
  return Parsed::kComplete;
}

/// RFC 9112 section 3.2: origin-form, absolute-form, and the asterisk of OPTIONS.
Parsed RequestParser::split_target() {
  const std::string_view text = target();
  path_ = target_;
  if (text[0] != '/') {
    if (method_ == Method::kConnect) return refuse(501, "BAD_METHOD", "CONNECT is for proxies");
    if (text == "*" && method_ == Method::kOptions) {
      path_size_ = 1;
      query_ = target_ + 1;
      query_size_ = 0;
      return Parsed::kComplete;
    }
    const size_t scheme = scheme_size(text);
    const size_t slash = scheme == 0 ? std::string_view::npos
                                     : std::min(text.find_first_of("/?", scheme), text.size());
    if (scheme == 0 || slash == scheme)
      return refuse(400, "BAD_TARGET", "the request target is neither a path nor a URL");
    const std::string_view authority = text.substr(scheme, slash - scheme);
    // "@" neither: a name before it (RFC 9110 section 4.2.4) hides which host is meant.
    if (!is_host_field(authority))
      return refuse(400, "BAD_TARGET", "the URL has no host with or without a port");
    authority_ = target_ + static_cast<uint32_t>(scheme);
    authority_size_ = static_cast<uint32_t>(authority.size());
    path_ += static_cast<uint32_t>(slash);
  }
  const uint32_t target_end = target_ + target_size_;
  const char* const begin = base_ + path_;
  const auto rest = static_cast<size_t>(target_end - path_);
  if (rest != 0 && std::memchr(begin, '#', rest) != nullptr) {
    return refuse(400, "BAD_TARGET", "the request target has a fragment");
  }
  const auto* mark = rest == 0 ? nullptr : static_cast<const char*>(std::memchr(begin, '?', rest));
  path_size_ = mark == nullptr ? static_cast<uint32_t>(rest) : static_cast<uint32_t>(mark - begin);
  query_ = mark == nullptr ? target_end : path_ + path_size_ + 1;
  query_size_ = target_end - query_;
  if (path_size_ == 0) {
    // Of "http://host" it is "/" (RFC 9110 section 4.2.3), as the one before the host.
    path_ = authority_ - 1;
    path_size_ = 1;
  }
  return Parsed::kComplete;
}

}  // namespace bia::http
