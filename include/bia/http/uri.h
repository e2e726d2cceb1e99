#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace bia::http {

/// The parts of a URL (RFC 3986), views into the text that was parsed; none is percent-decoded.
struct Uri {
  std::string_view scheme;    ///< "http", as written
  std::string_view userinfo;  ///< "user:secret"
  bool has_userinfo = false;
  std::string_view host;  ///< without the brackets of an IPv6 address
  uint16_t port = 0;  ///< as written; else 80 for http and ws, 443 for https and wss, 0 for others
  bool has_port = false;
  std::string_view path;   ///< may be empty
  std::string_view query;  ///< without '?'
  bool has_query = false;
  std::string_view fragment;  ///< without '#'; never sent
  /// "example.org:8080": what a Host field says; the port is left out where it is the scheme's own,
  /// IPv6 in brackets.
  std::string authority() const;
};

/// An absolute URL with host: "http://user@[::1]:8080/a?b#c". Takes what Go's net/url takes:
/// characters outside ASCII and such as '[' or ' ' may stand in the path unescaped. Errors:
/// kInvalidArgument INVALID_URL.
Result<Uri> parse_uri(std::string_view text);

/// "http://h/a", "mailto:a": no reference that takes its scheme from its base (RFC 3986
/// section 4.2).
bool has_scheme(std::string_view reference);

/// What `reference` means where it stands in `base`, an absolute URL (RFC 3986 section 5.2):
/// "../b?c" in "http://h/x/y/z" is "http://h/x/b?c". Neither is checked: `parse_uri` refuses what
/// comes of a wrong one.
std::string resolve_reference(std::string_view base, std::string_view reference);

/// Appends the decoded text; kPlusIsSpace as in forms and queries. False, with `out` as it was, for
/// a '%' without two hexadecimal digits.
enum class Plus : uint8_t { kPlusIsPlus, kPlusIsSpace };
bool percent_decode(std::string_view text, Plus plus, std::string& out);

/// Appends a path as Go's url.URL.EscapedPath writes it: what is a valid encoding already stays,
/// else each byte that a path may not hold is escaped, "/helloworld/[object Object]" becoming
/// "/helloworld/%5Bobject%20Object%5D".
void percent_encode_path(std::string_view path, std::string& out);
/// Appends what Go's url.PathEscape makes of one segment: '/' is escaped too.
void percent_encode_segment(std::string_view segment, std::string& out);
/// Appends what Go's url.QueryEscape makes of it: a space becomes '+'.
void percent_encode_query(std::string_view text, std::string& out);

/// Goes through "a=1&b=2"; names and values are views, still encoded. As Go's url.ParseQuery, parts
/// that hold a ';' are skipped, and so are empty ones.
class QueryIterator {
 public:
  struct Pair {
    std::string_view name;
    std::string_view value;
  };
  explicit QueryIterator(std::string_view query) : rest_(query) {}
  std::optional<Pair> next();

 private:
  std::string_view rest_;
};

}  // namespace bia::http
