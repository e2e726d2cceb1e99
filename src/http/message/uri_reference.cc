#include <algorithm>

#include "bia/http/uri.h"

namespace bia::http {
namespace {

/// RFC 3986 section 5.2.4, of a path that begins with '/'.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);  // with its '/'
    path.remove_prefix(end);
    const bool up = segment == "/..";
    if (!up && segment != "/.") {
      out += segment;
      continue;
    }
    if (up) out.resize(std::min(out.rfind('/'), out.size()));
    if (path.empty()) out += '/';
  }
  return out;
}

}  // namespace

bool has_scheme(std::string_view reference) {
  const size_t colon = reference.find(':');
  return colon != std::string_view::npos && colon < reference.find_first_of("/?#");
}

std::string resolve_reference(std::string_view base, std::string_view reference) {
  constexpr std::string_view kSeparator = "://";
  const size_t scheme_end = std::min(base.find(kSeparator), base.size());
  const std::string_view scheme = base.substr(0, scheme_end);
  const size_t authority = std::min(scheme_end + kSeparator.size(), base.size());
  const size_t path_begin = std::min(base.find_first_of("/?#", authority), base.size());
  const size_t path_end = std::min(base.find_first_of("?#", path_begin), base.size());
  const std::string_view path = base.substr(path_begin, path_end - path_begin);
  if (has_scheme(reference)) return std::string(reference);
  if (reference.starts_with("//")) return std::string(scheme).append(":").append(reference);
  std::string out(base.substr(0, path_begin));
  const size_t end = std::min(reference.find_first_of("?#"), reference.size());
  if (end == 0) {
    out += path;
    // "#part" alone keeps the query.
    if (!reference.starts_with('?'))
      out += base.substr(path_end, base.find('#', path_end) - path_end);
  } else if (reference.starts_with('/')) {
    out += without_dots(reference.substr(0, end));
  } else {
    const std::string_view folder = path.substr(0, path.rfind('/') + 1);
    out +=
        without_dots(std::string(folder.empty() ? "/" : folder).append(reference.substr(0, end)));
  }
  return out.append(reference.substr(end));
}

}  // namespace bia::http
