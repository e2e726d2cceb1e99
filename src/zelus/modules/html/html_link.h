#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace zelus::modules {

/// A link's parts as Go's net/url has them. What is missing is empty.
struct HtmlLink {
  std::string scheme, user, password;
  std::string host;  ///< with its port
  std::string path;  ///< decoded
  std::string query, fragment;

  std::string hostname() const;
  std::string port() const;
};
/// Nullopt for what Go calls no URL.
std::optional<HtmlLink> parse_html_link(std::string_view text);
/// `reference` as seen from `page`; as it is where the page has no address.
std::string resolve_html_link(std::string_view page, std::string_view reference);

}  // namespace zelus::modules
