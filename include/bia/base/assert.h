#pragma once

namespace bia {
/// Prints the failed condition with its place and aborts.
[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace bia

/// For our own bugs, never for input; stays on in release.
#define BIA_ASSERT(condition)                                \
  (__builtin_expect(!!(condition), 1) ? static_cast<void>(0) \
                                      : ::bia::assert_failed(#condition, __FILE__, __LINE__))
