#include "fiber/stack.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "fiber/sanitizers.h"

namespace bia::fiber {
namespace {

// From linux/mman.h of 6.13: a guard inside a mapping, so that neighbouring stacks stay one mapping
// and vm.max_map_count does not bound the number of fibers at 32,000. Older kernels answer EINVAL.
constexpr int kMadvGuardInstall = 102;

// What a returned stack keeps committed, and the size from which every return is trimmed to it.
constexpr size_t kKeptBytes = 16 * 1024;
constexpr size_t kLargeBytes = 1024 * 1024;
// A small stack is trimmed at each 64th return: the system call (0.3 us) every time would cost more
// than the fiber (50 ns).
constexpr uint32_t kUsesBetweenTrims = 64;
// Free stacks kept a class: as many as a burst of small handlers needs, few of the large ones.
constexpr size_t kFreeSmallMax = 512;
constexpr size_t kFreeLargeMax = 64;

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

size_t mapping_count() {
  std::ifstream file("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

Error out_of_stacks(int error_number, size_t bytes) {
  std::string limit = first_line("/proc/sys/vm/max_map_count");
  rlimit memory{};
  getrlimit(RLIMIT_AS, &memory);
  std::string address_space =
      memory.rlim_cur == RLIM_INFINITY ? "unlimited" : fmt::format("{} bytes", memory.rlim_cur);
  return Error(Code::kResourceExhausted, "OUT_OF_STACKS",
               fmt::format("no memory for a fiber's stack of {} KB: {} (mappings {}, "
                           "vm.max_map_count {}, address space limit {})",
                           bytes / 1024, std::strerror(error_number), mapping_count(), limit,
                           address_space))
      .with_hint(
          "raise the limit that is reached: sysctl -w vm.max_map_count=1048576, ulimit -v "
          "unlimited, or the container's memory limit");
}

void unmap(const Stack& stack) noexcept {
  munmap(stack.base - kStackGuardBytes, stack.bytes + kStackGuardBytes);
}

void trim(const Stack& stack) noexcept {
  if (stack.bytes > kKeptBytes) madvise(stack.base, stack.bytes - kKeptBytes, MADV_DONTNEED);
}

}  // namespace

void trim_below(const Stack& stack, const void* used) noexcept {
  const auto below = static_cast<size_t>(static_cast<const char*>(used) - stack.base);
  const size_t free = below / page_bytes() * page_bytes();
  if (free > 0) madvise(stack.base, free, MADV_DONTNEED);
}

StackPool::~StackPool() {
  for (const Class& klass : classes_) {
    for (const Stack& stack : klass.free) unmap(stack);
  }
}

StackPool::Class& StackPool::class_of(size_t bytes) {
  for (Class& klass : classes_) {
    if (klass.bytes == bytes) return klass;
  }
  classes_.push_back({bytes, {}});
  // Reserved now, so that `release` never allocates.
  classes_.back().free.reserve(bytes >= kLargeBytes ? kFreeLargeMax : kFreeSmallMax);
  return classes_.back();
}

size_t StackPool::free_count(size_t bytes) const {
  for (const Class& klass : classes_) {
    if (klass.bytes == bytes) return klass.free.size();
  }
  return 0;
}

Result<Stack> StackPool::acquire(size_t bytes) {
  bytes = (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
  Class& klass = class_of(bytes);
  if (klass.free.empty()) return map(bytes);
  Stack stack = klass.free.back();
  klass.free.pop_back();
  return stack;
}

void StackPool::release(Stack stack) noexcept {
  // All frames but the outermost one have returned.
  size_t outermost = std::min(stack.bytes, kKeptBytes);
  sanitizer::unpoison(stack.top() - outermost, outermost);
  bool large = stack.bytes >= kLargeBytes;
  Class& klass = class_of(stack.bytes);
  if (klass.free.size() >= (large ? kFreeLargeMax : kFreeSmallMax)) {
    unmap(stack);
    return;
  }
  if (large || ++stack.uses % kUsesBetweenTrims == 0) trim(stack);
  klass.free.push_back(stack);
}

Result<Stack> StackPool::map(size_t bytes) {
  constexpr size_t guard = kStackGuardBytes;
  void* memory = MAP_FAILED;
  if (failure_ == 0) {
    memory = mmap(nullptr, bytes + guard, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  } else {
    errno = failure_;
  }
  if (memory == MAP_FAILED) return out_of_stacks(errno, bytes);
  // A huge page would commit 2 MB where a fiber touches 8 KB.
  madvise(memory, bytes + guard, MADV_NOHUGEPAGE);
  if (madvise(memory, guard, kMadvGuardInstall) != 0 && mprotect(memory, guard, PROT_NONE) != 0) {
    int error_number = errno;
    munmap(memory, bytes + guard);
    return out_of_stacks(error_number, bytes);
  }
  Stack stack;
  stack.base = static_cast<char*>(memory) + guard;
  stack.bytes = bytes;
  return stack;
}

}  // namespace bia::fiber
