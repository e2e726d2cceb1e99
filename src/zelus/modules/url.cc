#include "zelus/modules/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "bia/http/uri.h"
#include "zelus/modules/idna.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;

namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

Error bad_url(std::string_view text, std::string_view why) {
  return Error(Code::kInvalidArgument, "BAD_URL", fmt::format("parse \"{}\": {}", text, why));
}

/// Go's EscapedPath: kept as written where every character may stand in a path, else decoded and
/// encoded anew.
Result<std::string> escape_path(std::string_view whole, std::string_view path) {
  std::string decoded;
  if (!percent_decode(path, decoded)) {
    size_t at = path.find('%');
    while (at + 2 < path.size() && hex_value(path[at + 1]) >= 0 && hex_value(path[at + 2]) >= 0)
      at = path.find('%', at + 1);
    return bad_url(whole, fmt::format("invalid URL escape \"{}\"", path.substr(at, 3)));
  }
  constexpr std::string_view kAsWritten = "!'()*[]%-_.~$&+,/:;=@";
  auto may_stay = [&](char c) {
    return is_alnum(c) || kAsWritten.find(c) != std::string_view::npos;
  };
  if (std::all_of(path.begin(), path.end(), may_stay)) return std::string(path);
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@";
  std::string out;
  for (char c : decoded) {
    if (is_alnum(c) || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

/// As Go's parseHost: only bytes above ASCII, and the percent sign, may be escaped in a name.
Result<std::string> unescape_host(std::string_view whole, std::string_view host) {
  if (host.starts_with('[')) return std::string(host);
  std::string out;
  for (size_t i = 0; i < host.size(); ++i) {
    if (host[i] != '%') {
      out.push_back(host[i]);
      continue;
    }
    const std::string_view escape = host.substr(i, 3);
    std::string byte;
    if (!percent_decode(escape, byte) ||
        (static_cast<unsigned char>(byte[0]) < 0x80 && byte[0] != '%'))
      return bad_url(whole, fmt::format("invalid URL escape \"{}\"", escape));
    out += byte;
    i += 2;
  }
  return out;
}

Result<void> parse_host(std::string_view whole, std::string_view written, Url& url) {
  const std::string unescaped = BIA_TRY(unescape_host(whole, written));
  std::string_view host = unescaped;
  const size_t name_end = std::min(host.find(':'), host.size());
  url.host_header = ascii_host(host.substr(0, name_end));
  url.host_header += host.substr(name_end);
  host = url.host_header;
  std::string_view port;
  if (host.starts_with('[')) {
    size_t close = host.find(']');
    if (close == std::string_view::npos) return bad_url(whole, "missing ']' in host");
    url.host = std::string(host.substr(1, close - 1));
    port = host.substr(close + 1);
  } else {
    constexpr std::string_view kHostPlain = "-_.~!$&'()*+,;=:[]<>\"%";
    for (char c : host) {
      if (!is_alnum(c) && static_cast<unsigned char>(c) < 0x80 &&
          kHostPlain.find(c) == std::string_view::npos) {
        return bad_url(whole, fmt::format("invalid character \"{}\" in host name", c));
      }
    }
    size_t colon = host.find(':');
    url.host = std::string(host.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : host.substr(colon);
  }
  if (!port.empty()) {
    const std::string_view digits = port.substr(1);
    if (port[0] != ':' || digits.find_first_not_of("0123456789") != std::string_view::npos)
      return bad_url(whole, fmt::format("invalid port \"{}\" after host", port));
    unsigned number = 0;
    auto error = std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
    if (error == std::errc::result_out_of_range || number > 65535) {
      url.port_too_large = std::string(digits);
    } else if (!digits.empty()) {
      url.port = static_cast<uint16_t>(number);
    }
  }
  return {};
}

Result<void> parse_authority(std::string_view whole, std::string_view authority, Url& url) {
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    std::string decoded;
    if (!percent_decode(user, decoded)) return bad_url(whole, "net/url: invalid userinfo");
    url.has_user = true;
    url.has_password = user.find(':') != std::string_view::npos;
    url.user = decoded;
    authority.remove_prefix(at + 1);
  }
  return parse_host(whole, authority, url);
}

}  // namespace

bool percent_decode(std::string_view text, std::string& out) {
  out.reserve(out.size() + text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
      return false;
    out.push_back(static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])));
    i += 2;
  }
  return true;
}

std::string query_escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  url.text = std::string(text);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      return bad_url(text, "net/url: invalid control character in URL");
  }
  std::string_view rest = text.substr(0, text.find('#'));
  size_t colon = rest.find(':');
  size_t slash = rest.find_first_of("/?");
  if (colon == 0) return bad_url(text, "missing protocol scheme");
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash)) {
    std::string_view scheme = rest.substr(0, colon);
    for (size_t i = 0; i < scheme.size(); ++i) {
      char c = scheme[i];
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (i == 0 || !(is_alnum(c) || c == '+' || c == '-' || c == '.'))) {
        return bad_url(text, i == 0 ? "first path segment in URL cannot contain colon"
                                    : "first path segment in URL cannot contain colon");
      }
      url.scheme.push_back(letter ? static_cast<char>(c | 0x20) : c);
    }
    rest.remove_prefix(colon + 1);
  }
  url.port = url.scheme == "https" ? 443 : 80;
  std::string_view query;
  if (size_t mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark);
    rest = rest.substr(0, mark);
  }
  std::string authority_text;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    size_t end = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, end);
    BIA_TRY(parse_authority(text, authority, url));
    for (char c : authority) {
      if (static_cast<unsigned char>(c) < 0x80) {
        authority_text.push_back(c);
      } else {
        append_escaped(authority_text, c);
      }
    }
    rest.remove_prefix(end);
  }
  std::string path = BIA_TRY(escape_path(text, rest));
  url.target = path.empty() ? "/" : path;
  // A blank would end the request line early.
  for (char c : query) {
    if (c == ' ') {
      url.target += "%20";
    } else {
      url.target.push_back(c);
    }
  }
  std::string rest_text = fmt::format("{}{}", path, query);
  if (size_t hash = text.find('#'); hash != std::string_view::npos) rest_text += text.substr(hash);
  std::string_view separator = url.scheme.empty() ? "" : "://";
  url.encoded = fmt::format("{}{}{}{}", url.scheme, separator, authority_text, rest_text);
  url.tag = url.encoded;
  if (url.has_user) {
    std::string_view mask = url.user.find(':') == std::string::npos ? "****" : "****:****";
    url.tag = fmt::format("{}{}{}@{}{}", url.scheme, separator, mask, url.host_header, rest_text);
  }
  return url;
}

std::string Url::shown() const {
  size_t colon = user.find(':');
  if (!has_user || colon == std::string::npos) return encoded;
  size_t at = encoded.find('@');
  return fmt::format("{}://{}:***{}", scheme, user.substr(0, colon),
                     at == std::string::npos ? "" : encoded.substr(at));
}

std::string Url::bare() const {
  if (!has_user) return encoded;
  const size_t begin = scheme.size() + std::string_view("://").size();
  const size_t at = encoded.substr(0, encoded.find_first_of("/?#", begin)).rfind('@');
  return encoded.substr(0, begin) + encoded.substr(at + 1);
}

// As Go's ResolveReference: who asked is still known to the same host.
Result<Url> resolve_url(const Url& base, std::string_view reference) {
  return parse_url(bia::http::resolve_reference(base.encoded, reference));
}

Result<std::shared_ptr<const Url>> UrlCache::get(std::string_view text) {
  if (auto found = by_text_.find(text); found != by_text_.end()) {
    if (found->second != entries_.begin())
      entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->url;
  }
  auto url = std::make_shared<const Url>(BIA_TRY(parse_url(text)));
  if (entries_.size() >= kEntriesMax) {
    by_text_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({url, std::string(text)});
  by_text_.emplace(entries_.front().key, entries_.begin());
  return url;
}

}  // namespace zelus::modules
