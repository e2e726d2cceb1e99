#include "zelus/modules/http/cookie_jar.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/text.h"
#include "zelus/modules/http/cookie_text.h"

namespace zelus::modules {

namespace {

std::string default_path(const Url& url) {
  std::string path = url.path();
  size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Max-Age as Go reads it: no zero before other digits.
void set_max_age(Cookie& cookie, std::string_view value) {
  if (value.starts_with('0') && value != "0") return;
  if (value.starts_with('+')) value.remove_prefix(1);
  int64_t seconds = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size()) return;
  cookie.max_age = seconds <= 0 ? -1 : std::min<int64_t>(seconds, 1'000'000'000);
}

void set_attribute(Cookie& cookie, std::string_view name, std::string_view value) {
  if (!std::all_of(value.begin(), value.end(), is_cookie_byte)) return;
  std::string key = bia::lower_case(name);
  if (key == "domain") {
    cookie.domain = std::string(value);
  } else if (key == "path") {
    cookie.path = std::string(value);
  } else if (key == "httponly") {
    cookie.http_only = true;
  } else if (key == "secure") {
    cookie.secure = true;
  } else if (key == "expires") {
    cookie.has_expires = parse_cookie_date(value, cookie.expires_ms);
  } else if (key == "max-age") {
    set_max_age(cookie, value);
  }
}

/// The host as cookies know it.
std::string jar_host(const Url& url) {
  std::string host = bia::lower_case(url.host);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool is_address(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos ||
         host.find(':') != std::string_view::npos;
}

/// The last two labels of a host: as Go's jar does without public suffixes, a cookie leaves it not
/// even where it says "Domain=com".
std::string_view site_of(std::string_view host) {
  const size_t dot = host.rfind('.');
  if (is_address(host) || dot == std::string_view::npos || dot == 0) return host;
  const size_t before = host.rfind('.', dot - 1);
  return before == std::string_view::npos ? host : host.substr(before + 1);
}

/// Where `Secure` cookies travel without TLS too.
bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && is_address(host));
}

/// Fills in the domain; false for another site's cookie.
bool accept_domain(Cookie& cookie, const std::string& host, bool& host_only) {
  std::string& domain = cookie.domain;
  host_only = domain.empty() || is_address(host);
  if (host_only) {
    if (!domain.empty() && domain != host) return false;
    domain = host;
    return true;
  }
  if (domain.starts_with('.')) domain.erase(0, 1);
  if (domain.empty() || domain.starts_with('.') || domain.ends_with('.')) return false;
  domain = bia::lower_case(domain);
  return domain == host || host.ends_with("." + domain);
}

/// Go's time zones are abbreviations, of which it knows UTC alone: the others count as it.
bool is_zone(std::string_view text) {
  if (text.size() < 3 || text.size() > 5) return false;
  if (text.size() > 3 && !text.ends_with('T')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool parse_cookie_date(std::string_view text, int64_t& ms) {
  // "Tue, 24 Nov 2026 15:16:20 GMT", where each part has its width.
  constexpr size_t kDate = 26;
  if (text.size() < kDate || !is_zone(text.substr(kDate))) return false;
  const char separator = text[7];
  if ((separator != ' ' && separator != '-') || text[11] != separator) return false;
  std::string copy(text.substr(0, kDate - 1));
  std::tm parts{};
  const char* end = strptime(
      copy.c_str(), separator == ' ' ? "%a, %d %b %Y %H:%M:%S" : "%a, %d-%b-%Y %H:%M:%S", &parts);
  if (end == nullptr || *end != '\0') return false;
  ms = static_cast<int64_t>(timegm(&parts)) * 1000;
  return true;
}

bool parse_set_cookie(std::string_view header, Cookie& cookie) {
  std::string_view pair = bia::trim(header.substr(0, header.find(';')));
  size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return false;
  std::string_view name = bia::trim(pair.substr(0, equals));
  std::string_view value;
  if (!is_cookie_name(name) || !read_cookie_value(pair.substr(equals + 1), value)) return false;
  cookie.name = std::string(name);
  cookie.value = std::string(value);
  for (size_t at = header.find(';'); at != std::string_view::npos;) {
    size_t next = header.find(';', at + 1);
    std::string_view attribute =
        bia::trim(header.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
    size_t sign = attribute.find('=');
    set_attribute(cookie, bia::trim(attribute.substr(0, sign)),
                  sign == std::string_view::npos ? std::string_view() : attribute.substr(sign + 1));
    at = next;
  }
  return true;
}

void CookieJar::set(const Url& url, Cookie cookie, int64_t now_ms) {
  Stored stored{std::move(cookie), false, INT64_MAX};
  Cookie& c = stored.cookie;
  const std::string host = jar_host(url);
  if (!accept_domain(c, host, stored.host_only)) return;
  if (!stored.host_only && c.domain.find('.') == std::string::npos) stored.site = site_of(host);
  if (!c.path.starts_with('/')) c.path = default_path(url);
  if (c.max_age != 0) {
    stored.expires_ms = c.max_age < 0 ? 0 : now_ms + c.max_age * 1000;
  } else if (c.has_expires) {
    stored.expires_ms = c.expires_ms;
  }
  auto same = std::find_if(stored_.begin(), stored_.end(), [&](const Stored& s) {
    return s.cookie.name == c.name && s.cookie.domain == c.domain && s.cookie.path == c.path &&
           s.site == stored.site;
  });
  if (stored.expires_ms <= now_ms) {
    if (same != stored_.end()) stored_.erase(same);
    return;
  }
  if (same != stored_.end()) {
    *same = std::move(stored);
    return;
  }
  if (stored_.size() >= kCookiesMax) stored_.erase(stored_.begin());
  stored_.push_back(std::move(stored));
}

bool CookieJar::matches(const Stored& stored, const Url& url) {
  std::string host = jar_host(url);
  const Cookie& c = stored.cookie;
  if (host != c.domain && (stored.host_only || !host.ends_with("." + c.domain))) return false;
  if (!stored.site.empty() && site_of(host) != stored.site) return false;
  if (c.secure && url.scheme != "https" && !is_this_machine(host)) return false;
  std::string path = url.path();
  if (path == c.path) return true;
  return path.starts_with(c.path) && (c.path.ends_with('/') || path[c.path.size()] == '/');
}

bool CookieJar::is_own(const Stored& stored, const Url& url) {
  return stored.cookie.domain == jar_host(url) && stored.cookie.path == default_path(url) &&
         matches(stored, url);
}

std::vector<std::pair<std::string, std::string>> CookieJar::for_url(const Url& url,
                                                                    int64_t now_ms) {
  std::erase_if(stored_, [now_ms](const Stored& s) { return s.expires_ms <= now_ms; });
  std::vector<const Stored*> chosen;
  for (const Stored& s : stored_) {
    if (matches(s, url)) chosen.push_back(&s);
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const Stored* a, const Stored* b) {
    return a->cookie.path.size() > b->cookie.path.size();
  });
  std::vector<std::pair<std::string, std::string>> out;
  for (const Stored* s : chosen) out.emplace_back(s->cookie.name, s->cookie.value);
  return out;
}

void CookieJar::clear(const Url& url) {
  std::erase_if(stored_, [&url](const Stored& s) { return is_own(s, url); });
}

void CookieJar::remove(const Url& url, std::string_view name) {
  std::erase_if(stored_, [&](const Stored& s) { return s.cookie.name == name && is_own(s, url); });
}

}  // namespace zelus::modules
