#include "zelus/templates/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "codec/go_quote.h"

namespace zelus::templates {
namespace {

enum class Part { kPath, kUser, kFragment, kQuery, kHost };

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool stays(char c, Part part) {
  if (is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~') return true;
  switch (part) {
    case Part::kPath:
      return std::string_view("$&+,/:;=@").find(c) != std::string_view::npos;
    case Part::kUser:
      return std::string_view("$&+,;=").find(c) != std::string_view::npos;
    case Part::kFragment:
      return std::string_view("$&+,/:;=?@!()*").find(c) != std::string_view::npos;
    case Part::kHost:
      return std::string_view("!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos;
    case Part::kQuery:
      return false;
  }
  return false;
}

std::string escaped(std::string_view text, Part part) {
  std::string out;
  for (char c : text) {
    if (stays(c, part))
      out += c;
    else if (c == ' ' && part == Part::kQuery)
      out += '+';
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool unescaped(std::string_view text, std::string& out, std::string& problem) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) {
      problem = "invalid URL escape " + bia::codec::go_quote(text.substr(i, 3));
      return false;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return true;
}

/// Cuts "scheme:" off. False: a colon begins the text.
bool take_scheme(std::string_view& text, std::string& scheme) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') {
      if (i == 0) return false;
      scheme = bia::lower_case(text.substr(0, i));
      text.remove_prefix(i + 1);
      return true;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (i == 0 || (!is_alnum(c) && c != '+' && c != '-' && c != '.'))) return true;
  }
  return true;
}

bool good_port(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return colon == std::string_view::npos ||
         host.substr(colon + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

bool parse_authority(std::string_view text, Url& url, std::string& problem) {
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    std::string_view user = text.substr(0, at);
    text.remove_prefix(at + 1);
    url.has_user = true;
    const size_t colon = user.find(':');
    std::string name, password;
    if (!unescaped(user.substr(0, colon), name, problem)) return false;
    url.user = escaped(name, Part::kUser);
    if (colon != std::string_view::npos) {
      if (!unescaped(user.substr(colon + 1), password, problem)) return false;
      url.user += ':' + escaped(password, Part::kUser);
    }
  }
  if (!good_port(text)) {
    const size_t colon = text.rfind(':');
    problem = fmt::format("invalid port {} after host", bia::codec::go_quote(text.substr(colon)));
    return false;
  }
  return unescaped(text, url.host, problem);
}

}  // namespace

std::string query_escape(std::string_view text) { return escaped(text, Part::kQuery); }

std::string Url::hostname() const {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::optional<Url> parse_url(std::string_view whole, std::string& problem) {
  Url url;
  auto wrong = [&](std::string_view what) -> std::optional<Url> {
    problem = fmt::format("parse {}: {}", bia::codec::go_quote(whole), what);
    return std::nullopt;
  };
  std::string_view text = whole;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F)
      return wrong("net/url: invalid control character in URL");
  }
  std::string inner;
  if (const size_t mark = text.find('#'); mark != std::string_view::npos) {
    if (!unescaped(text.substr(mark + 1), url.fragment, inner)) return wrong(inner);
    text = text.substr(0, mark);
  }
  if (!take_scheme(text, url.scheme)) return wrong("missing protocol scheme");
  if (const size_t mark = text.find('?'); mark != std::string_view::npos) {
    url.query = text.substr(mark + 1);
    url.force_query = url.query.empty();
    text = text.substr(0, mark);
  }
  if (!text.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = text;
      return url;
    }
    const std::string_view segment = text.substr(0, text.find('/'));
    if (segment.find(':') != std::string_view::npos)
      return wrong("first path segment in URL cannot contain colon");
  }
  if (text.starts_with("//") && (!url.scheme.empty() || !text.starts_with("///"))) {
    text.remove_prefix(2);
    const size_t slash = std::min(text.find('/'), text.size());
    if (!parse_authority(text.substr(0, slash), url, inner)) return wrong(inner);
    text = text.substr(slash);
  }
  url.raw_path = text;
  if (!unescaped(text, url.path, inner)) return wrong(inner);
  return url;
}

std::string url_text(const Url& url) {
  std::string out;
  if (!url.scheme.empty()) out += url.scheme + ':';
  if (!url.opaque.empty()) {
    out += url.opaque;
  } else {
    if (!url.scheme.empty() || !url.host.empty() || !url.user.empty()) {
      if (!url.host.empty() || !url.path.empty() || !url.user.empty()) out += "//";
      if (!url.user.empty()) out += url.user + '@';
      out += escaped(url.host, Part::kHost);
    }
    const std::string path = escaped(url.path, Part::kPath);
    if (!path.empty() && path[0] != '/' && !url.host.empty()) out += '/';
    if (out.empty() && path.substr(0, path.find('/')).find(':') != std::string::npos) out += "./";
    out += path;
  }
  if (!url.query.empty()) out += '?' + url.query;
  if (!url.fragment.empty()) out += '#' + escaped(url.fragment, Part::kFragment);
  return out;
}

}  // namespace zelus::templates
