#pragma once
// What AddressSanitizer and ThreadSanitizer must be told about stacks; nothing in other builds.
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define BIA_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BIA_FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define BIA_FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BIA_FIBER_TSAN 1
#endif
#endif

#ifdef BIA_FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef BIA_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace bia::fiber::sanitizer {

/// Frames that were left by a switch, not by a return, leave their red zones behind.
inline void unpoison([[maybe_unused]] const void* base, [[maybe_unused]] size_t bytes) {
#ifdef BIA_FIBER_ASAN
  __asan_unpoison_memory_region(base, bytes);
#endif
}

}  // namespace bia::fiber::sanitizer
