#include "bia/http/uri.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/message/chars.h"

namespace bia::http {
namespace {

constexpr size_t kUrlQuotedMax = 200;

Error bad_url(std::string_view text, std::string_view what) {
  std::string quoted;
  for (char c : text.substr(0, kUrlQuotedMax)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return Error(Code::kInvalidArgument, "INVALID_URL",
               fmt::format("parse \"{}\": {}", quoted, what));
}

bool is_scheme(std::string_view text) {
  auto letter = [](char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; };
  if (text.empty() || !letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

uint16_t default_port(std::string_view scheme) {
  if (equals_lower(scheme, "http") || equals_lower(scheme, "ws")) return 80;
  if (equals_lower(scheme, "https") || equals_lower(scheme, "wss")) return 443;
  return 0;
}

/// Empty where `rest` ("", ":", ":80") is no port; `:` alone means none, as in Go.
bool parse_port(std::string_view rest, Uri& uri) {
  if (rest.empty()) return true;
  if (rest[0] != ':') return false;
  rest.remove_prefix(1);
  if (rest.empty()) return true;
  uint32_t port = 0;
  for (char c : rest) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
    if (port > 65535) return false;
  }
  uri.port = static_cast<uint16_t>(port);
  uri.has_port = true;
  return true;
}

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<uint8_t>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// Go's shouldEscape in mode encodePath: also "$&+,/:;=@" stay.
bool stays_in_path(char c) {
  return char_is(c, kUnreservedChar) ||
         std::string_view("$&+,/:;=@").find(c) != std::string_view::npos;
}

/// Go's validEncoded: may the text pass as an encoded path as it is?
bool is_encoded_path(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '%') {
      if (i + 2 >= path.size() || hex_digit(path[i + 1]) < 0 || hex_digit(path[i + 2]) < 0)
        return false;
      i += 2;
    } else if (!stays_in_path(c) && std::string_view("!'()*[]").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string Uri::authority() const {
  const bool v6 = host.find(':') != std::string_view::npos;
  std::string text = v6 ? fmt::format("[{}]", host) : std::string(host);
  if (has_port && port != default_port(scheme)) text += fmt::format(":{}", port);
  return text;
}

Result<Uri> parse_uri(std::string_view text) {
  for (char c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)
      return bad_url(text, "net/url: invalid control character in URL");
  }
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return bad_url(text, text.find(':') == 0 ? "missing protocol scheme"
                                             : "the URL has no scheme; write http://HOST/PATH");
  }
  Uri uri;
  uri.scheme = text.substr(0, colon);
  if (uri.scheme.empty()) return bad_url(text, "missing protocol scheme");
  if (!is_scheme(uri.scheme))
    return bad_url(text, "first path segment in URL cannot contain colon");
  uri.port = default_port(uri.scheme);
  std::string_view rest = text.substr(colon + 3);
  if (const size_t hash = rest.find('#'); hash != std::string_view::npos) {
    uri.fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    uri.userinfo = authority.substr(0, at);
    uri.has_userinfo = true;
    authority.remove_prefix(at + 1);
  }
  std::string_view port_part;
  if (authority.starts_with('[')) {
    const size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return bad_url(text, "missing ']' in host");
    uri.host = authority.substr(1, bracket - 1);
    port_part = authority.substr(bracket + 1);
  } else {
    const size_t mark = std::min(authority.find(':'), authority.size());
    uri.host = authority.substr(0, mark);
    port_part = authority.substr(mark);
  }
  if (!parse_port(port_part, uri))
    return bad_url(text, fmt::format("invalid port \"{}\" after host", port_part));
  if (uri.host.empty()) return bad_url(text, "the URL has no host");
  for (char c : uri.host) {
    if (static_cast<uint8_t>(c) < 0x80 && !char_is(c, kHostChar)) {
      return bad_url(text, fmt::format("invalid character \"{}\" in host name", c));
    }
  }
  const size_t mark = rest.find('?');
  uri.path = rest.substr(0, mark);
  if (mark != std::string_view::npos) {
    uri.query = rest.substr(mark + 1);
    uri.has_query = true;
  }
  for (size_t i = uri.path.find('%'); i != std::string_view::npos; i = uri.path.find('%', i + 1)) {
    const std::string_view escape = uri.path.substr(i, 3);
    if (escape.size() < 3 || hex_digit(escape[1]) < 0 || hex_digit(escape[2]) < 0) {
      return bad_url(text, fmt::format("invalid URL escape \"{}\"", escape));
    }
  }
  return uri;
}

bool percent_decode(std::string_view text, Plus plus, std::string& out) {
  const size_t before = out.size();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) {
        out.resize(before);
        return false;
      }
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += c == '+' && plus == Plus::kPlusIsSpace ? ' ' : c;
    }
  }
  return true;
}

void percent_encode_path(std::string_view path, std::string& out) {
  if (is_encoded_path(path)) {
    out += path;
    return;
  }
  // Go decodes first and encodes the result. A malformed escape, which Go refuses, is taken as a
  // literal '%'.
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%' && i + 2 < path.size() && hex_digit(path[i + 1]) >= 0 &&
        hex_digit(path[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(path[i + 1]) << 4 | hex_digit(path[i + 2]));
      i += 2;
    }
    if (stays_in_path(c)) {
      out += c;
    } else {
      append_escaped(c, out);
    }
  }
}

void percent_encode_segment(std::string_view segment, std::string& out) {
  for (char c : segment) {
    if (c != '/' && c != ';' && c != ',' && stays_in_path(c)) {
      out += c;
    } else {
      append_escaped(c, out);
    }
  }
}

void percent_encode_query(std::string_view text, std::string& out) {
  for (char c : text) {
    if (char_is(c, kUnreservedChar)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      append_escaped(c, out);
    }
  }
}

std::optional<QueryIterator::Pair> QueryIterator::next() {
  while (!rest_.empty()) {
    const std::string_view part = rest_.substr(0, rest_.find('&'));
    rest_.remove_prefix(std::min(part.size() + 1, rest_.size()));
    if (part.empty() || part.find(';') != std::string_view::npos) continue;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) return Pair{part, {}};
    return Pair{part.substr(0, equals), part.substr(equals + 1)};
  }
  return std::nullopt;
}

}  // namespace bia::http
