#include "zelus/modules/html/html_link.h"

#include <algorithm>

#include "base/text.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

namespace {

std::string decoded(std::string_view text) {
  std::string out;
  return percent_decode(text, out) ? out : std::string(text);
}

/// Cuts what follows `mark` off.
std::string_view cut(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return "";
  std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

bool is_scheme(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

/// Where the port's colon is; npos: there is none.
size_t port_colon(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  return colon != std::string_view::npos && bracket != std::string_view::npos && colon < bracket
             ? std::string_view::npos
             : colon;
}

}  // namespace

std::string HtmlLink::hostname() const {
  const size_t colon = port_colon(host);
  if (colon == std::string::npos) return host;
  std::string name = host.substr(0, colon);
  return name.starts_with('[') && name.ends_with(']') ? name.substr(1, name.size() - 2) : name;
}

std::string HtmlLink::port() const {
  const size_t colon = port_colon(host);
  return colon == std::string::npos ? "" : host.substr(colon + 1);
}

std::optional<HtmlLink> parse_html_link(std::string_view text) {
  HtmlLink link;
  link.fragment = decoded(cut(text, '#'));
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find_first_of("/?")) {
    if (!is_scheme(text.substr(0, colon))) return std::nullopt;
    link.scheme = bia::lower_case(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  link.query = cut(text, '?');
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t slash = std::min(text.find('/'), text.size());
    std::string_view authority = text.substr(0, slash);
    text.remove_prefix(slash);
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
      std::string_view user = authority.substr(0, at);
      authority.remove_prefix(at + 1);
      link.password = decoded(cut(user, ':'));
      link.user = decoded(user);
    }
    link.host = authority;
  } else if (!link.scheme.empty() && !text.starts_with('/')) {
    return link;  // opaque: "mailto:x@y"
  }
  link.path = decoded(text);
  return link;
}

std::string resolve_html_link(std::string_view page, std::string_view reference) {
  if (page.empty()) return std::string(reference);
  auto base = parse_url(page);
  if (!base) return std::string(reference);
  auto resolved = resolve_url(*base, reference);
  return resolved ? resolved->encoded : "";
}

}  // namespace zelus::modules
