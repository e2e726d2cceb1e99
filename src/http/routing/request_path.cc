#include "http/routing/request_path.h"

#include <algorithm>
#include <cstdint>

#include "http/message/chars.h"

namespace bia::http {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

}  // namespace

bool has_doubtful_part(std::string_view path) {
  size_t at = 0;
#if defined(__SSE2__)
  constexpr size_t kStep = sizeof(__m128i);
  const __m128i slash = _mm_set1_epi8('/');
  const __m128i dot = _mm_set1_epi8('.');
  const __m128i percent = _mm_set1_epi8('%');
  while (at + kStep < path.size()) {
    const auto here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(path.data() + at));
    const auto next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(path.data() + at + 1));
    const auto either = _mm_or_si128(_mm_cmpeq_epi8(next, slash), _mm_cmpeq_epi8(next, dot));
    const auto parts = _mm_and_si128(_mm_cmpeq_epi8(here, slash), either);
    if (_mm_movemask_epi8(_mm_or_si128(parts, _mm_cmpeq_epi8(here, percent))) != 0) return true;
    if (at + kStep + 1 == path.size()) return false;
    // The last one overlaps.
    at = std::min(at + kStep, path.size() - kStep - 1);
  }
#endif
  for (; at + 1 < path.size(); ++at) {
    if (path[at] == '%') return true;
    if (path[at] == '/' && (path[at + 1] == '/' || path[at + 1] == '.')) return true;
  }
  return false;
}

std::string_view normal_path(std::string_view path, std::string& storage) {
  if (path.find('%') == std::string_view::npos) return path;
  storage.reserve(path.size());
  for (size_t at = 0; at < path.size(); ++at) {
    const int high = path[at] == '%' && at + 2 < path.size() ? hex_digit(path[at + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(path[at + 2]);
    if (low < 0) {
      storage += path[at];
      continue;
    }
    const char c = static_cast<char>(high << 4 | low);
    if (char_is(c, kUnreservedChar) || static_cast<uint8_t>(c) > 0x7f) {
      storage += c;
    } else {
      storage += '%';
      storage += kDigits[static_cast<size_t>(high)];
      storage += kDigits[static_cast<size_t>(low)];
    }
    at += 2;
  }
  return storage == path ? path : storage;
}

std::string escaped_path(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<uint8_t>(c);
    // A browser would read a backslash as a slash: "/\\host" as another host.
    if (byte <= 0x7f && c != '\\') {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kDigits[byte >> 4];
      escaped += kDigits[byte & 0xf];
    }
  }
  return escaped;
}

namespace {

/// Where an escaped slash counts as one, as it does for whoever unescapes what "**" took.
bool hides_parent(std::string_view path) {
  size_t escaped = path.find("%2F");
  if (escaped == std::string_view::npos) return false;
  std::string open(path);
  for (; escaped != std::string::npos; escaped = open.find("%2F", escaped))
    open.replace(escaped, 3, "/");
  return (open + '/').find("/../") != std::string::npos;
}

}  // namespace

bool is_unclean(std::string_view path) {
  for (size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    std::string_view rest = path.substr(at + 1);
    if (rest.starts_with('/')) return true;
    if (!rest.starts_with('.')) continue;
    rest.remove_prefix(rest.starts_with("..") ? 2 : 1);
    if (rest.empty() || rest.starts_with('/')) return true;
  }
  return hides_parent(path);
}

std::string clean_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == "..") {
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    } else if (!part.empty() && part != ".") {
      (clean += '/') += part;
    }
  }
  return clean.empty() ? "/" : clean;
}

}  // namespace bia::http
