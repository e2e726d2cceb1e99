#pragma once
#include <fmt/format.h>

#include <exception>
#include <string_view>

#include "bia/base/error.h"

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

}  // namespace bia
