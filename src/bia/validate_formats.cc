// The formats of protovalidate's string rules.
#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "bia/bia/validate.h"

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
         is_uri_text(text.substr(zone + 3), "");
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
    if (!is_uri_text(text.substr(0, colon), "")) return false;
  }
  unsigned number = 0;
  if (!all(port, is_digit)) return false;
  return port.empty() ||
         (std::from_chars(port.data(), port.data() + port.size(), number).ec == std::errc() &&
          number <= 65535);
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

}  // namespace

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
  const std::string address(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  unsigned char bytes[16] = {};
  int bits = 0;
  if (version != 6 && inet_pton(AF_INET, address.c_str(), bytes) == 1) {
    bits = 32;
  } else if (version != 4 && inet_pton(AF_INET6, address.c_str(), bytes) == 1) {
    bits = 128;
  }
  int count = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), count);
  if (bits == 0 || address.size() != std::strlen(address.c_str()) || error != std::errc() ||
      end != length.data() + length.size() || !is_digit(length.front()) || count > bits ||
      (length.size() > 1 && length.front() == '0'))
    return false;
  for (int bit = count; strict && bit < bits; ++bit) {
    if (bytes[bit / 8] >> (7 - bit % 8) & 1) return false;
  }
  return true;
}

bool is_host_and_port(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.rfind(']');
    return end != std::string_view::npos && text.substr(end).starts_with("]:") &&
           is_ip(text.substr(1, end - 1), 6) && is_port(text.substr(end + 2));
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = text.substr(0, colon);
  return is_port(text.substr(colon + 1)) && (is_host(host) || is_ipv4(host));
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

struct Pattern::Impl {
  explicit Impl(std::string_view text)
      : expression(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet) {}
  re2::RE2 expression;
};
Pattern::Pattern(std::string_view text) : impl_(std::make_unique<Impl>(text)) {}
Pattern::~Pattern() = default;
bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), impl_->expression);
}

bool path_in(std::string_view path, std::string_view of) {
  return path == of || (path.size() > of.size() && path.starts_with(of) && path[of.size()] == '.');
}

}  // namespace bia::rules
