// The Cookie field of a request.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "zelus/modules/http/cookie_text.h"
#include "zelus/modules/http/exchange.h"

namespace zelus::modules {

namespace {
/// Go's standard logger, whose lines k6 logs.
void warn_dropped(Vu& vu, std::string_view byte) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char time[32];
  const size_t size = std::strftime(time, sizeof(time), "%Y/%m/%d %H:%M:%S", &local);
  vu.script().log(
      LogLevel::kInfo,
      fmt::format("{} net/http: invalid byte {} in Cookie.Value; dropping invalid bytes",
                  std::string_view(time, size), byte),
      {});
}
}  // namespace

std::string Exchange::cookie_line(Vu& vu, const Url& url) const {
  std::string line(request.headers.get("Cookie"));
  std::string dropped;
  auto add = [&](const std::string& name, const std::string& value) {
    append_cookie(line, name, value, dropped);
    if (!dropped.empty()) warn_dropped(vu, dropped);
  };
  // As k6: the cookies of the parameters, then the jar's but those that they replace.
  for (const auto& cookie : request.cookies) add(cookie.name, cookie.value);
  if (request.jar == nullptr || request.jar->empty()) return line;
  for (const auto& pair : request.jar->for_url(url, unix_now_ms())) {
    const bool replaced = std::any_of(
        request.cookies.begin(), request.cookies.end(),
        [&](const auto& cookie) { return cookie.replace && cookie.name == pair.first; });
    if (!replaced) add(pair.first, pair.second);
  }
  return line;
}

}  // namespace zelus::modules
