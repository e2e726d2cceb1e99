#pragma once
#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "bia/bia/app.h"
#include "bia/bia/log.h"
#include "bia/log/guarded.h"

namespace bia {

inline Result<void> run_hooks(const std::vector<App::Hook>& hooks, std::string_view when) {
  for (const App::Hook& hook : hooks) BIA_TRY(guarded(when, hook));
  return {};
}

inline void run_stop_hooks(const std::vector<App::Hook>& hooks, std::string_view when) {
  for (const App::Hook& hook : hooks) {
    if (auto done = guarded(when, hook); !done)
      log::error(fmt::format("{}: {}", when, done.error().text()));
  }
}

}  // namespace bia
