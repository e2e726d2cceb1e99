#include "http/http1/head_parser.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/message/body_limit.h"
#include "http/message/chars.h"

namespace bia::http {
void HeadParser::reset_head() {
  position_ = 0;
  fields_start_ = 0;
  version_minor_ = 1;
  host_count_ = 0;
  authority_size_ = 0;
  expect_continue_ = false;
  has_transfer_encoding_ = false;
  chunked_ = false;
  connection_close_ = false;
  connection_keep_alive_ = false;
  connection_upgrade_ = false;
  has_upgrade_ = false;
  folded_ = false;
  content_length_ = kNoLength;
  fields_.clear();
}

std::string_view HeadParser::find(std::string_view name_wanted) const {
  for (const FieldRef& field : fields_) {
    if (field.name_size == name_wanted.size() && field_name_equals(name(field), name_wanted))
      return value(field);
  }
  return {};
}

std::string_view HeadParser::bad_line() const {
  constexpr size_t kQuotedMax = 80;
  std::string_view rest(base_ + position_, available_ - position_);
  return rest.substr(0, std::min(rest.find_first_of("\r\n"), kQuotedMax));
}

Parsed HeadParser::refuse(int status, const char* reason, const char* message) {
  problem_ = {status, reason, message};
  return Parsed::kBad;
}

Parsed HeadParser::need_more(size_t size) {
  if (size - fields_start_ > limits_.header_bytes_max) {
    return refuse(
        431, "HEADERS_TOO_LARGE",
        "the header fields are longer than the limit; server.http.header_bytes_max raises it");
  }
  return Parsed::kNeedMore;
}

Parsed HeadParser::parse_fields(const char* base, size_t size) {
  const char* const end = base + size;
  for (;;) {
    const char* at = base + position_;
    if (at == end) return need_more(size);
    if (*at == '\r') {
      if (end - at < 2) return Parsed::kNeedMore;
      if (at[1] != '\n')
        return refuse(400, "BAD_HEADER", "carriage return without line feed in the header fields");
      if (position_ - fields_start_ > limits_.header_bytes_max) return need_more(position_);
      position_ += 2;
      return check_framing();
    }
    const char* name = at;
    while (at < end && char_is(*at, kTokenChar)) ++at;
    if (at == end) return need_more(size);
    if (*at != ':' || at == name) {
      if ((*name == ' ' || *name == '\t') && side_ == Side::kResponse && !fields_.empty()) {
        if (Parsed line = fold(at, end); line != Parsed::kComplete) return line;
        continue;
      }
      if (*name == ' ' || *name == '\t')
        return refuse(400, "BAD_HEADER", "folded header lines are obsolete and refused");
      if (*at == ' ' || *at == '\t')
        return refuse(400, "BAD_HEADER", "white space between a field's name and its colon");
      return refuse(400, "BAD_HEADER", "a header line has no valid field name and colon");
    }
    FieldRef field;
    field.name = position_;
    field.name_size = static_cast<uint32_t>(at - name);
    ++at;
    while (at < end && (*at == ' ' || *at == '\t')) ++at;
    const char* stop = find_stop<0x1f>(at, end);
    if (end - stop < 2) {
      if (stop < end && *stop != '\r')
        return refuse(400, "BAD_HEADER", "a control character in a field's value");
      return need_more(size);
    }
    if (stop[0] != '\r') {
      return refuse(400, "BAD_HEADER",
                    *stop == '\n' ? "a line ends without carriage return"
                                  : "a control character in a field's value");
    }
    if (stop[1] != '\n')
      return refuse(400, "BAD_HEADER", "a carriage return inside a field's value");
    const char* value_end = stop;
    while (value_end > at && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    field.value = static_cast<uint32_t>(at - base);
    field.value_size = static_cast<uint32_t>(value_end - at);
    if (fields_.size() == limits_.header_count_max) {
      return refuse(431, "TOO_MANY_HEADERS",
                    "more header fields than the limit; server.http.header_count_max raises it");
    }
    fields_.push_back(field);
    if (Parsed known = known_field(field); known != Parsed::kComplete) return known;
    position_ = static_cast<uint32_t>(stop + 2 - base);
  }
}

/// RFC 9112 section 5.2: a user agent takes such lines as one. Not where they frame the message.
Parsed HeadParser::fold(const char* at, const char* end) {
  FieldRef& field = fields_.back();
  if (field_name_equals(name(field), "content-length") ||
      field_name_equals(name(field), "transfer-encoding"))
    return refuse(400, "BAD_HEADER", "a folded line in a field about the message's framing");
  const char* const stop = find_stop<0x1f>(at, end);
  if (stop == end || (*stop == '\r' && end - stop < 2)) return need_more(available_);
  if (stop[0] != '\r' || stop[1] != '\n')
    return refuse(400, "BAD_HEADER", "a control character in a field's value");
  field.value_size = static_cast<uint32_t>(stop - base_) - field.value;
  folded_ = true;
  position_ = static_cast<uint32_t>(stop + 2 - base_);
  return Parsed::kComplete;
}

Parsed HeadParser::known_field(const FieldRef& field) {
  const std::string_view field_name = name(field);
  const std::string_view field_value = value(field);
  switch (field.name_size) {
    case 4:
      if (side_ == Side::kRequest && equals_lower(field_name, "host")) {
        if (host_count_ < 2) ++host_count_;
        if (!is_host_field(field_value))
          return refuse(400, "BAD_HOST", "Host is not a host with or without a port");
      }
      break;
    case 6:
      if (side_ == Side::kRequest && equals_lower(field_name, "expect")) {
        if (!equals_lower(field_value, "100-continue")) {
          return refuse(417, "BAD_EXPECT", "only 100-continue is known as an expectation");
        }
        expect_continue_ = true;
      }
      break;
    case 7:
      if (equals_lower(field_name, "upgrade")) has_upgrade_ = true;
      break;
    case 10:
      if (equals_lower(field_name, "connection")) connection_field(field_value);
      break;
    case 14:
      if (equals_lower(field_name, "content-length")) return content_length_field(field_value);
      break;
    case 17:
      if (equals_lower(field_name, "transfer-encoding"))
        return transfer_encoding_field(field_value);
      break;
    default:
      break;
  }
  return Parsed::kComplete;
}

Parsed HeadParser::content_length_field(std::string_view text) {
  constexpr size_t kDigitsMax = 18;  // below 2^63, and no file is longer
  if (text.empty() || text.size() > kDigitsMax)
    return refuse(400, "BAD_CONTENT_LENGTH", "Content-Length is no number of bytes");
  uint64_t length = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return refuse(400, "BAD_CONTENT_LENGTH", "Content-Length is no number of bytes");
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  // A response that repeats one length is common and harmless (RFC 9112 section 6.3); a request
  // that does is refused, as a proxy before us might have read another of them.
  if (content_length_ != kNoLength && (side_ == Side::kRequest || content_length_ != length)) {
    return refuse(400, "BAD_CONTENT_LENGTH", "more than one Content-Length");
  }
  content_length_ = length;
  return Parsed::kComplete;
}

Parsed HeadParser::transfer_encoding_field(std::string_view text) {
  if (has_transfer_encoding_)
    return refuse(400, "BAD_TRANSFER_ENCODING", "more than one Transfer-Encoding");
  has_transfer_encoding_ = true;
  chunked_ = equals_lower(text, "chunked");
  if (!chunked_ && !(side_ == Side::kResponse && equals_lower(text, "identity"))) {
    return refuse(501, "BAD_TRANSFER_ENCODING", "only chunked is known as a transfer encoding");
  }
  return Parsed::kComplete;
}

void HeadParser::connection_field(std::string_view list) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view option = trim(list.substr(0, comma));
    if (equals_lower(option, "close")) connection_close_ = true;
    if (equals_lower(option, "keep-alive")) connection_keep_alive_ = true;
    if (equals_lower(option, "upgrade")) connection_upgrade_ = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// RFC 9112 section 3.2.2: what the target says goes before Host, whatever that says.
void HeadParser::take_authority() {
  for (FieldRef& field : fields_) {
    if (!field_name_equals(name(field), "host")) continue;
    field.value = authority_;
    field.value_size = authority_size_;
  }
}

Parsed HeadParser::check_framing() {
  if (has_transfer_encoding_) {
    // RFC 9112 section 6.1: the two together are how requests are smuggled past a proxy.
    if (content_length_ != kNoLength) {
      return refuse(400, "AMBIGUOUS_LENGTH", "both Content-Length and Transfer-Encoding are given");
    }
    if (version_minor_ == 0 && side_ == Side::kRequest) {
      return refuse(400, "BAD_TRANSFER_ENCODING", "HTTP/1.0 has no Transfer-Encoding");
    }
  }
  if (side_ == Side::kResponse) return Parsed::kComplete;
  if (host_count_ != 1 && (version_minor_ >= 1 || host_count_ > 1)) {
    return refuse(400, "BAD_HOST", host_count_ == 0 ? "Host is missing" : "more than one Host");
  }
  if (authority_size_ != 0) take_authority();
  // RFC 9110 section 10.1.1: a client of HTTP/1.0 does not wait for it.
  if (version_minor_ == 0) expect_continue_ = false;
  if (content_length_ != kNoLength && content_length_ > body_bytes_most(limits_)) {
    return refuse(413, "BODY_TOO_LARGE",
                  "the body is longer than the limit; server.http.body_bytes_max raises it");
  }
  return Parsed::kComplete;
}

}  // namespace bia::http
