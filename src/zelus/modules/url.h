#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bia/base/result.h"

namespace zelus::modules {

using bia::Result;

/// A URL as Go's net/url reads it, with what a request needs of it ready.
struct Url {
  std::string text;    ///< as given
  std::string tag;     ///< `encoded`, a user's name and password masked: tags `url` and `name`
  std::string scheme;  ///< lower case
  std::string host;    ///< "127.0.0.1", "::1"
  uint16_t port = 80;
  std::string port_too_large;  ///< as written, where it is none: Go finds out when it dials
  std::string host_header;     ///< "127.0.0.1:8080"; the port where it was written
  std::string target;          ///< "/a%20b?x=1"
  std::string encoded;         ///< Go's URL.String(): `response.url`
  std::string user;            ///< decoded "name:password"; empty where there is none
  bool has_user = false;
  bool has_password = false;
  /// "name:password" as Basic has it: the colon is there without a password too.
  std::string credentials() const { return has_password ? user : user + ":"; }
  /// `encoded` with only the password masked: error texts.
  std::string shown() const;
  /// `encoded` without name and password.
  std::string bare() const;
  std::string path() const { return target.substr(0, target.find('?')); }
};

/// Errors: kInvalidArgument with Go's text: `parse "http:// bad": invalid character " " in host
/// name`.
Result<Url> parse_url(std::string_view text);
/// Resolves `reference` (a Location header) against `base` (RFC 3986 section 5.2).
Result<Url> resolve_url(const Url& base, std::string_view reference);
/// Go's url.QueryEscape.
std::string query_escape(std::string_view text);
/// Percent decoding; nullopt-like false for a bad escape.
bool percent_decode(std::string_view text, std::string& out);

/// The URLs that a thread's users asked for last. Belongs to its thread.
class UrlCache {
 public:
  static constexpr size_t kEntriesMax = 1024;
  Result<std::shared_ptr<const Url>> get(std::string_view text);

 private:
  struct Entry {
    std::shared_ptr<const Url> url;
    std::string key;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::list<Entry> entries_;  ///< the last used one first
  std::unordered_map<std::string_view, std::list<Entry>::iterator, Hash> by_text_;
};

}  // namespace zelus::modules
