#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bia/base/result.h"

namespace bia::fiber {

/// Address space only. More than a page, so that a frame with a large array lands in it too and not
/// in the neighbour's stack.
inline constexpr size_t kStackGuardBytes = 64 * 1024;

/// A fiber's stack: `bytes` usable bytes above `base`, the guard below it.
struct Stack {
  char* base = nullptr;
  size_t bytes = 0;
  uint32_t uses = 0;

  char* top() const { return base + bytes; }
};

/// Gives the kernel back the whole pages below `used`, an address in the stack.
void trim_below(const Stack& stack, const void* used) noexcept;

/// Free stacks of one thread, by size. Bounded: what comes back above the bound is unmapped.
class StackPool {
 public:
  StackPool() = default;
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  ~StackPool();

  /// Rounds up to whole pages. Errors: kResourceExhausted naming vm.max_map_count or the memory
  /// limit.
  Result<Stack> acquire(size_t bytes);
  void release(Stack stack) noexcept;

  /// For tests: makes the next mappings fail with this errno.
  void fail_with(int error_number) { failure_ = error_number; }
  size_t free_count(size_t bytes) const;

 private:
  struct Class {
    size_t bytes = 0;
    std::vector<Stack> free;
  };
  Class& class_of(size_t bytes);
  Result<Stack> map(size_t bytes);

  std::vector<Class> classes_;
  int failure_ = 0;
};

}  // namespace bia::fiber
