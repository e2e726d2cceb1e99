// The formats of protoc-gen-validate's and protovalidate's string rules.
#include "bia/cel/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "codec/time_text.h"

namespace bia::rules {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

template <typename F>
bool all(std::string_view text, F&& good) {
  return std::all_of(text.begin(), text.end(), good);
}

/// RFC 3986: unreserved, sub-delims, percent-encoded, and `more`.
bool is_uri_text(std::string_view text, std::string_view more) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_alphanumeric(c) &&
               std::string_view("-._~!$&'()*+,;=").find(c) == std::string_view::npos &&
               more.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// What is percent-encoded in a host's name is UTF-8 (RFC 3986 section 3.2.2).
bool is_host_text(std::string_view text) {
  if (!is_uri_text(text, "")) return false;
  if (text.find('%') == std::string_view::npos) return true;
  std::string decoded;
  codec::percent_decode(text, codec::Plus::kLiteral, decoded);
  return codec::is_utf8(decoded);
}

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_ip_literal(std::string_view text) {
  if ((text.starts_with('v') || text.starts_with('V')) && text.size() > 3) {
    const size_t dot = text.find('.');
    return dot != std::string_view::npos && dot > 1 && dot + 1 < text.size() &&
           all(text.substr(1, dot - 1), is_hex) && is_uri_text(text.substr(dot + 1), ":") &&
           text.find('%') == std::string_view::npos;
  }
  // RFC 6874: a zone is behind "%25".
  const size_t zone = text.find("%25");
  if (zone == std::string_view::npos) return is_ipv6(text);
  return is_ipv6(text.substr(0, zone)) && zone + 3 < text.size() &&
         is_host_text(text.substr(zone + 3));
}

bool is_authority(std::string_view text) {
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!is_uri_text(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return false;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const size_t colon = text.rfind(':');
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (!is_host_text(text.substr(0, colon))) return false;
  }
  // RFC 3986 knows no greatest port.
  return all(port, is_digit);
}

/// hier-part or relative-part, with query and fragment.
bool is_after_scheme(std::string_view text) {
  const size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    if (!is_uri_text(text.substr(hash + 1), ":@/?")) return false;
    text = text.substr(0, hash);
  }
  const size_t question = text.find('?');
  if (question != std::string_view::npos) {
    if (!is_uri_text(text.substr(question + 1), ":@/?")) return false;
    text = text.substr(0, question);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t slash = std::min(text.find('/'), text.size());
    if (!is_authority(text.substr(0, slash))) return false;
    text.remove_prefix(slash);
  }
  return is_uri_text(text, ":@/");
}

bool is_name_part(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && text.size() <= 5 && error == std::errc() &&
         end == text.data() + text.size() && number <= 65535 &&
         (text.size() == 1 || text.front() != '0');
}

bool read_address(int family, std::string_view text, unsigned char (&bytes)[sizeof(in6_addr)]) {
  // inet_pton stops at a NUL and takes what is before it.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_address(int family, std::string_view text) {
  unsigned char bytes[sizeof(in6_addr)];
  return read_address(family, text, bytes);
}

}  // namespace

/// Bytes that begin a character, eight at a time: std::count_if becomes vector code that costs 120
/// instructions for a name of six letters, this a fourth.
size_t runes(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  size_t continuing = 0;
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    // 10xxxxxx: the highest bit and not the next one.
    continuing += ((word >> 7 & ~(word >> 6) & kOnes) * kOnes) >> 56;
  }
  for (; at < text.size(); ++at) continuing += (text[at] & 0xC0) == 0x80;
  return text.size() - continuing;
}

bool is_hostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; }))
      return false;
    if (end + 1 == text.size()) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool is_email(std::string_view text) {
  const size_t at = text.rfind('@');
  if (text.size() > 254 || at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  // RFC 5322's atoms; bytes above ASCII as RFC 6531 has them.
  const bool atoms = std::all_of(local.begin(), local.end(), [](char c) {
    return is_alphanumeric(c) || (c & 0x80) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
  return atoms && is_hostname(text.substr(at + 1));
}

bool is_ipv4(std::string_view text) { return is_address(AF_INET, text); }
bool is_ipv6(std::string_view text) { return is_address(AF_INET6, text); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_ip_bytes(std::string_view bytes, int version) {
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (bytes.size() != 4 && bytes.size() != 16) return false;
  const bool is_4 = bytes.size() == 4 || bytes.starts_with(kMapped);
  return version == 0 || (version == 4) == is_4;
}

bool is_duration(int64_t seconds, int32_t nanos) {
  constexpr int32_t kSecond = 1'000'000'000;
  return seconds >= -codec::kDurationSecondsMax && seconds <= codec::kDurationSecondsMax &&
         nanos > -kSecond && nanos < kSecond && (seconds <= 0 || nanos >= 0) &&
         (seconds >= 0 || nanos <= 0);
}

bool is_timestamp(int64_t seconds, int32_t nanos) {
  return seconds >= codec::kTimestampSecondsMin && seconds <= codec::kTimestampSecondsMax &&
         nanos >= 0 && nanos < 1'000'000'000;
}

bool is_utf8(std::string_view text) { return codec::is_utf8(text); }

bool is_html_email(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0) return false;
  const bool local = all(text.substr(0, at), [](char c) {
    return is_alphanumeric(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
  });
  std::string_view domain = text.substr(at + 1);
  if (!local || domain.empty()) return false;
  for (;;) {
    const size_t dot = std::min(domain.find('.'), domain.size());
    const std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !all(label, [](char c) { return is_alphanumeric(c) || c == '-'; }))
      return false;
    if (dot == domain.size()) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool is_host(std::string_view text) {
  if (!is_hostname(text)) return false;
  if (text.ends_with('.')) text.remove_suffix(1);
  // A last label of digits alone would be taken for an address.
  return !all(text.substr(text.rfind('.') + 1), is_digit);
}

bool is_ip(std::string_view text, int version) {
  if (version != 6 && is_ipv4(text)) return true;
  if (version == 4) return false;
  const size_t zone = text.find('%');
  if (zone == std::string_view::npos) return is_ipv6(text);
  return zone + 1 < text.size() && is_ipv6(text.substr(0, zone)) &&
         text.find('\0', zone) == std::string_view::npos;
}

bool is_ip_prefix(std::string_view text, int version, bool strict) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, slash);
  const std::string_view length = text.substr(slash + 1);
  unsigned char bytes[sizeof(in6_addr)] = {};
  int bits = 0;
  if (version != 6 && read_address(AF_INET, address, bytes)) {
    bits = 32;
  } else if (version != 4 && read_address(AF_INET6, address, bytes)) {
    bits = 128;
  }
  int count = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), count);
  if (bits == 0 || error != std::errc() || end != length.data() + length.size() ||
      !is_digit(length.front()) || count > bits || (length.size() > 1 && length.front() == '0'))
    return false;
  for (int bit = count; strict && bit < bits; ++bit) {
    if (bytes[bit / 8] >> (7 - bit % 8) & 1) return false;
  }
  return true;
}

bool is_host_and_port(std::string_view text, bool port_required) {
  if (text.starts_with('[')) {
    const size_t end = text.rfind(']');
    if (end == std::string_view::npos || !is_ip(text.substr(1, end - 1), 6)) return false;
    const std::string_view after = text.substr(end + 1);
    return after.empty() ? !port_required : after.starts_with(':') && is_port(after.substr(1));
  }
  const size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (!is_host(host) && !is_ipv4(host)) return false;
  return colon == std::string_view::npos ? !port_required : is_port(text.substr(colon + 1));
}

bool is_uri(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != std::string_view::npos && is_scheme(text.substr(0, colon)) &&
         is_after_scheme(text.substr(colon + 1));
}

bool is_uri_reference(std::string_view text) {
  if (is_uri(text)) return true;
  // A first segment with a colon would be a scheme.
  const std::string_view segment = text.substr(0, text.find_first_of("/?#"));
  return segment.find(':') == std::string_view::npos && is_after_scheme(text);
}

bool is_trimmed_uuid(std::string_view text) { return text.size() == 32 && all(text, is_hex); }

bool is_ulid(std::string_view text) {
  return text.size() == 26 && text.front() >= '0' && text.front() <= '7' && all(text, [](char c) {
           return is_digit(c) ||
                  (is_letter(c) && std::string_view("ilou").find(static_cast<char>(c | 32)) ==
                                       std::string_view::npos);
         });
}

bool is_protobuf_name(std::string_view text) {
  for (;;) {
    const size_t dot = std::min(text.find('.'), text.size());
    if (!is_name_part(text.substr(0, dot))) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_dotted_protobuf_name(std::string_view text) {
  return text.starts_with('.') && is_protobuf_name(text.substr(1));
}

bool is_header_name(std::string_view text, bool strict) {
  if (text.empty()) return false;
  if (!strict) return text.find_first_of(std::string_view("\0\n\r", 3)) == std::string_view::npos;
  if (text.starts_with(':')) text.remove_prefix(1);
  return !text.empty() && all(text, [](char c) {
    return is_alphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_|~`").find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text, bool strict) {
  if (!strict) return text.find_first_of(std::string_view("\0\n\r", 3)) == std::string_view::npos;
  return all(text, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code == '\t' || (code >= 0x20 && code != 0x7f);
  });
}

}  // namespace bia::rules
