#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace zelus::templates {

/// Go's url.QueryEscape.
std::string query_escape(std::string_view text);

/// What Go's url.Parse tells apart.
struct Url {
  std::string scheme, opaque, user, host, path, raw_path, query, fragment;
  bool has_user = false;
  bool force_query = false;
  /// Without port and brackets.
  std::string hostname() const;
};
/// `problem` gets Go's error.
std::optional<Url> parse_url(std::string_view text, std::string& problem);
/// Go's URL.String. `user` is in its written form.
std::string url_text(const Url& url);

}  // namespace zelus::templates
