#pragma once
#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <vector>

#include "bia/bia/app.h"
#include "bia/bia/log.h"

namespace bia {

/// What the author's code throws is reported as what it returns is: nothing may leave the fiber.
template <typename F>
Result<void> guarded(std::string_view what, F&& function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return Error(Code::kInternal, "EXCEPTION", fmt::format("{} threw: {}", what, exception.what()));
  } catch (...) {
    return Error(Code::kInternal, "EXCEPTION",
                 fmt::format("{} threw what is no std::exception", what));
  }
}

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
