#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zelus/modules/url.h"

namespace zelus::modules {

/// A cookie as Set-Cookie gave it (RFC 6265 section 5.2); the domain as it was written.
struct Cookie {
  std::string name, value, domain, path;
  bool http_only = false;
  bool secure = false;
  bool has_expires = false;
  int64_t expires_ms = 0;  ///< since 1970
  int64_t max_age = 0;     ///< seconds; below 0: gone at once (Max-Age=0)
};
/// False for what is no cookie.
bool parse_set_cookie(std::string_view header, Cookie& cookie);
/// RFC 1123 as Go reads it, also with `-` in the date: "Tue, 24 Nov 2026 15:16:20 GMT". False for
/// anything else.
bool parse_cookie_date(std::string_view text, int64_t& ms);

/// A user's cookies (RFC 6265 section 5.3, without public suffixes; as Go's, `Secure` ones also go
/// to this machine without TLS).
class CookieJar {
 public:
  /// More than this a user: the oldest goes.
  static constexpr size_t kCookiesMax = 3000;

  void set(const Url& url, Cookie cookie, int64_t now_ms);
  /// What a request to that URL sends: longer paths first, then older ones.
  std::vector<std::pair<std::string, std::string>> for_url(const Url& url, int64_t now_ms);
  /// As k6: those that the URL sends and that have its host and its default path.
  void clear(const Url& url);
  void remove(const Url& url, std::string_view name);
  void clear() { stored_.clear(); }
  bool empty() const { return stored_.empty(); }

 private:
  struct Stored {
    Cookie cookie;
    bool host_only;
    int64_t expires_ms;     ///< INT64_MAX: with the session
    std::string site = {};  ///< of a domain without a dot, "com": who set it
  };
  static bool matches(const Stored& stored, const Url& url);
  static bool is_own(const Stored& stored, const Url& url);
  std::vector<Stored> stored_;  ///< in order of creation
};

int64_t unix_now_ms();

}  // namespace zelus::modules
