#include "bia/app/ops_routes.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <iterator>

#include "bia/app/cpu_profile.h"
#include "bia/app/server_config.h"
#include "bia/bia/log.h"
#include "bia/fiber/scheduler.h"
#include "bia/http/router.h"
#include "bia/http/server.h"

namespace bia {
namespace {

using http::PathParams;
using http::ServerRequest;
using http::ServerResponse;

/// How long all checks of one GET /readyz may take; probes give up after a second by default.
constexpr Duration kReadyTimeout = std::chrono::seconds(1);
constexpr int64_t kProfileSecondsMax = 60;

void answer(ServerResponse& response, int status, std::string_view type, std::string_view body) {
  response.set_status(status);
  response.add_header("Content-Type", type);
  response.add_header("Cache-Control", "no-store");
  response.body().append(body);
}

constexpr std::string_view kText = "text/plain; charset=utf-8";

/// "?level=debug": the value of the one parameter that these routes have.
std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return {};
}

void answer_level(ServerResponse& response) {
  answer(response, 200, kText, fmt::format("{}\n", log::level_name(log::level())));
}

void put_level(ServerRequest& request, const PathParams&, ServerResponse& response) {
  auto level = parse_log_level(parameter(request.query(), "level"));
  if (!level) return http::write_error(response, level.error());
  log::set_level(*level);
  log::warn(fmt::format("log level set to {} by {}", log::level_name(*level), request.peer()));
  answer_level(response);
}

void answer_memory(ServerRequest&, const PathParams&, ServerResponse& response) {
  const struct mallinfo2 heap = mallinfo2();
  answer(response, 200, kText,
         fmt::format("heap_in_use_bytes {}\nheap_free_bytes {}\nheap_system_bytes {}\n"
                     "mapped_bytes {}\nmapped_blocks {}\ntop_free_bytes {}\n",
                     heap.uordblks, heap.fordblks, heap.arena, heap.hblkhd, heap.hblks,
                     heap.keepcost));
}

void answer_profile(ServerRequest& request, const PathParams&, ServerResponse& response) {
  const std::string_view text = parameter(request.query(), "seconds");
  int64_t seconds = text.empty() ? 5 : 0;
  for (char c : text)
    seconds = c >= '0' && c <= '9' && seconds < 1000 ? seconds * 10 + c - '0' : 1000;
  if (seconds < 1 || seconds > kProfileSecondsMax) {
    return http::write_error(response, 400, "SECONDS",
                             fmt::format("seconds must be 1 to {}", kProfileSecondsMax));
  }
  auto profile = cpu_profile(std::chrono::seconds(seconds));
  if (!profile) return http::write_error(response, profile.error());
  answer(response, 200, kText, *profile);
}

constexpr std::string_view kIndex =
    "GET /debug/log                  the log level\n"
    "PUT /debug/log?level=debug      sets it: debug, info, warn, error, fatal\n"
    "GET /debug/memory               the heap's figures\n"
    "GET /debug/profile?seconds=5    where the CPU time goes, as collapsed stacks (flamegraph.pl, "
    "speedscope)\n";

}  // namespace

void OpsRoutes::answer_ready(ServerResponse& response) const {
  if (!ready()) return answer(response, 503, kText, "not ready\n");
  const fiber::ScopedDeadline scope(Deadline::after(kReadyTimeout));
  std::string failed;
  for (const auto& [name, check] : checks_) {
    if (auto done = check(); !done) {
      log::warn(fmt::format("not ready: {}: {}", name, done.error().text()));
      fmt::format_to(std::back_inserter(failed), "not ready: {}\n", name);
    }
  }
  if (!failed.empty()) return answer(response, 503, kText, failed);
  answer(response, 200, kText, "ready\n");
}

Result<void> OpsRoutes::add_debug(http::Router& router) {
  BIA_TRY(
      router.add("GET", "/debug", [](ServerRequest&, const PathParams&, ServerResponse& response) {
        answer(response, 200, kText, kIndex);
      }));
  BIA_TRY(router.add(
      "GET", "/debug/log",
      [](ServerRequest&, const PathParams&, ServerResponse& response) { answer_level(response); }));
  BIA_TRY(router.add("PUT", "/debug/log", put_level));
  BIA_TRY(router.add("GET", "/debug/memory", answer_memory));
  return router.add("GET", "/debug/profile", answer_profile);
}

Result<void> OpsRoutes::add_routes(const ServerConfig& config, http::Router& router) {
  if (config.health_enabled) {
    BIA_TRY(router.add("GET", config.live_path,
                       [](ServerRequest&, const PathParams&, ServerResponse& response) {
                         answer(response, 200, kText, "ok\n");
                       }));
    BIA_TRY(router.add("GET", config.ready_path,
                       [this](ServerRequest&, const PathParams&, ServerResponse& response) {
                         answer_ready(response);
                       }));
  }
  if (config.debug_enabled) return add_debug(router);
  return {};
}

}  // namespace bia
