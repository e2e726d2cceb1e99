// layer: zelus/modules
//
// Set-Cookie lines, one a line, into a user's jar, and what a request then sends.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "zelus/modules/http/cookie_jar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zelus::modules;
  constexpr int64_t kNow = 1'800'000'000'000;
  static const Url url = parse_url("https://shop.example.com/a/b?c=d").value();
  static const Url other = parse_url("https://example.org/").value();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  CookieJar jar;
  size_t set = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    Cookie cookie;
    if (parse_set_cookie(line, cookie)) {
      BIA_ASSERT(!cookie.name.empty());
      BIA_ASSERT(cookie.name.find_first_of("=;") == std::string::npos);
      BIA_ASSERT(cookie.value.find(';') == std::string::npos);
      jar.set(url, cookie, kNow);
      ++set;
    }
    int64_t ms = 0;
    if (parse_cookie_date(line, ms)) BIA_ASSERT(ms % 1000 == 0);
  }
  BIA_ASSERT(jar.for_url(url, kNow).size() <= set);
  BIA_ASSERT(jar.for_url(other, kNow).empty());
  return 0;
}
