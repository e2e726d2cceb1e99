#include "js/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace bia::js {

namespace {

/// Addresses that slabs are taken from, of all threads: QuickJS asks for the size of memory without
/// saying whose it is. Costs no memory until a slab is used.
class Reserved {
 public:
  Reserved() {
#if !defined(__SANITIZE_ADDRESS__)
    void* at = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    // Where addresses are limited (ulimit -v), all is malloc's.
    if (at != MAP_FAILED) begin_ = static_cast<char*>(at);
#endif
  }
  bool has(const void* memory) const {
    return reinterpret_cast<uintptr_t>(memory) - reinterpret_cast<uintptr_t>(begin_) < kBytes &&
           begin_ != nullptr;
  }
  /// Null when all is used up.
  char* slab() {
    if (begin_ == nullptr) return nullptr;
    size_t at = used_.fetch_add(Heap::kSlabBytes, std::memory_order_relaxed);
    if (at + Heap::kSlabBytes > kBytes) return nullptr;
#ifdef MADV_POPULATE_WRITE
    // One call for 64 faults; an old kernel refuses it, and the faults come one by one.
    madvise(begin_ + at, Heap::kSlabBytes, MADV_POPULATE_WRITE);
#endif
    return begin_ + at;
  }

 private:
  static constexpr size_t kBytes = size_t{64} << 30;
  char* begin_ = nullptr;
  std::atomic<size_t> used_ = 0;
};

Reserved& reserved() {
  static Reserved all;
  return all;
}

/// What QuickJS asks for at once: 40 bytes, and as many blocks as fit into the rest.
bool is_piece(size_t bytes) {
  return bytes <= Heap::kPieceBytes && bytes > Heap::kPieceBytes - 552;
}

}  // namespace

std::shared_ptr<Heap> Heap::of_thread() {
  thread_local std::weak_ptr<Heap> mine;
  std::shared_ptr<Heap> heap = mine.lock();
  if (!heap) mine = heap = std::shared_ptr<Heap>(new Heap);
  return heap;
}

Heap::~Heap() {
  if (keep_) return;
  // The addresses stay ours: `usable_bytes` tells by them whose memory it is.
  for (char* slab : slabs_) madvise(slab, kSlabBytes, MADV_DONTNEED);
}

const JSMallocFunctions& Heap::functions() {
  static constexpr JSMallocFunctions kFunctions = {&allocate_zeroed, &allocate, &release,
                                                   &reallocate, &usable_bytes};
  return kFunctions;
}

void* Heap::piece() {
  if (free_ != nullptr) return std::exchange(free_, free_->next);
  if (given_ == kSlabBytes) {
    char* slab = reserved().slab();
    if (slab == nullptr) return nullptr;
    slabs_.push_back(slab);
    given_ = 0;
  }
  void* out = slabs_.back() + given_;
  given_ += kPieceBytes;
  return out;
}

void* Heap::allocate(void* opaque, size_t bytes) {
  if (is_piece(bytes)) {
    if (void* out = static_cast<Heap*>(opaque)->piece()) return out;
  }
  return std::malloc(bytes);
}

void* Heap::allocate_zeroed(void*, size_t count, size_t bytes) { return std::calloc(count, bytes); }

void Heap::release(void* opaque, void* memory) {
  if (!reserved().has(memory)) return std::free(memory);
  auto* heap = static_cast<Heap*>(opaque);
  heap->free_ = new (memory) Free{heap->free_};
}

void* Heap::reallocate(void* opaque, void* memory, size_t bytes) {
  if (!reserved().has(memory)) return std::realloc(memory, bytes);
  if (bytes != 0 && bytes <= kPieceBytes) return memory;
  void* out = bytes == 0 ? nullptr : std::malloc(bytes);
  if (out != nullptr) std::memcpy(out, memory, kPieceBytes);
  if (out != nullptr || bytes == 0) release(opaque, memory);
  return out;
}

size_t Heap::usable_bytes(const void* memory) {
  return reserved().has(memory) ? kPieceBytes : malloc_usable_size(const_cast<void*>(memory));
}

}  // namespace bia::js
