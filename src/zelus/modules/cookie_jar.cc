#include "zelus/modules/cookie_jar.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace zelus::modules {

namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}
std::string default_path(const Url& url) {
  std::string path = url.path();
  size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

void set_attribute(Cookie& cookie, std::string_view name, std::string_view value) {
  std::string key = bia::lower_case(name);
  if (key == "domain") {
    cookie.domain = bia::lower_case(value.starts_with('.') ? value.substr(1) : value);
  } else if (key == "path") {
    cookie.path = std::string(value);
  } else if (key == "httponly") {
    cookie.http_only = true;
  } else if (key == "secure") {
    cookie.secure = true;
  } else if (key == "expires") {
    cookie.has_expires = parse_cookie_date(value, cookie.expires_ms);
  } else if (key == "max-age") {
    int64_t seconds = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size())
      cookie.max_age = seconds <= 0 ? -1 : std::min<int64_t>(seconds, 1'000'000'000);
  }
}

}  // namespace

int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool parse_cookie_date(std::string_view text, int64_t& ms) {
  std::string copy(text);
  for (const char* format : {"%a, %d %b %Y %H:%M:%S", "%a, %d-%b-%Y %H:%M:%S",
                             "%A, %d-%b-%y %H:%M:%S", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = strptime(copy.c_str(), format, &parts);
    if (end == nullptr) continue;
    std::string_view rest = bia::trim(end);
    if (!rest.empty() && rest != "GMT" && rest != "UTC") continue;
    ms = static_cast<int64_t>(timegm(&parts)) * 1000;
    return true;
  }
  return false;
}

bool parse_set_cookie(std::string_view header, Cookie& cookie) {
  std::string_view pair = header.substr(0, header.find(';'));
  size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return false;
  std::string_view name = bia::trim(pair.substr(0, equals));
  std::string_view value = bia::trim(pair.substr(equals + 1));
  if (!is_token(name)) return false;
  if (value.size() > 1 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  cookie.name = std::string(name);
  cookie.value = std::string(value);
  for (size_t at = header.find(';'); at != std::string_view::npos;) {
    size_t next = header.find(';', at + 1);
    std::string_view attribute =
        bia::trim(header.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
    size_t sign = attribute.find('=');
    set_attribute(cookie, bia::trim(attribute.substr(0, sign)),
                  sign == std::string_view::npos ? std::string_view()
                                                 : bia::trim(attribute.substr(sign + 1)));
    at = next;
  }
  return true;
}

void CookieJar::set(const Url& url, Cookie cookie, int64_t now_ms) {
  Stored stored{std::move(cookie), false, INT64_MAX};
  std::string host = bia::lower_case(url.host);
  Cookie& c = stored.cookie;
  c.domain = bia::lower_case(c.domain);
  if (c.domain.empty() || c.domain == host) {
    stored.host_only = c.domain.empty();
    c.domain = host;
  } else if (!host.ends_with("." + c.domain) ||
             host.find_first_not_of("0123456789.") == std::string::npos) {
    return;  // Another site's cookie.
  }
  if (!c.path.starts_with('/')) c.path = default_path(url);
  if (c.max_age != 0) {
    stored.expires_ms = c.max_age < 0 ? 0 : now_ms + c.max_age * 1000;
  } else if (c.has_expires) {
    stored.expires_ms = c.expires_ms;
  }
  auto same = std::find_if(stored_.begin(), stored_.end(), [&](const Stored& s) {
    return s.cookie.name == c.name && s.cookie.domain == c.domain && s.cookie.path == c.path;
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
  std::string host = bia::lower_case(url.host);
  const Cookie& c = stored.cookie;
  if (host != c.domain && (stored.host_only || !host.ends_with("." + c.domain))) return false;
  if (c.secure && url.scheme != "https") return false;
  std::string path = url.path();
  if (path == c.path) return true;
  return path.starts_with(c.path) && (c.path.ends_with('/') || path[c.path.size()] == '/');
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
  std::erase_if(stored_, [&url](const Stored& s) { return matches(s, url); });
}

void CookieJar::remove(const Url& url, std::string_view name) {
  std::erase_if(stored_, [&](const Stored& s) { return s.cookie.name == name && matches(s, url); });
}

}  // namespace zelus::modules
