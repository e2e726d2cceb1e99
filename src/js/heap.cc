#include "js/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
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
    // Behind the slabs, a byte for each run: its class.
    void* at = mmap(nullptr, kBytes + kBytes / Heap::kRunBytes, PROT_READ | PROT_WRITE,
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
    return begin_ + at;
  }
  /// Of the run that has `memory`.
  uint8_t& size_class(const void* memory) const {
    const auto offset = static_cast<size_t>(static_cast<const char*>(memory) - begin_);
    return reinterpret_cast<uint8_t*>(begin_ + kBytes)[offset / Heap::kRunBytes];
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

constexpr size_t kFine = 64, kCoarse = 256;  ///< steps of classes up to a piece, and above
constexpr size_t kPieceClass = Heap::kPieceBytes / kFine;

bool is_block(size_t bytes) {
  return bytes > Heap::kBlockBytesMin && bytes <= Heap::kBlockBytesMax;
}

}  // namespace

size_t Heap::class_of(size_t bytes) {
  // What QuickJS asks for at once: 40 bytes, and as many small blocks as fit into the rest.
  if (bytes > kPieceBytes - 552 && bytes <= kPieceBytes) return kPieceClass;
  if (bytes < kPieceBytes) return (bytes + kFine - 1) / kFine;
  return kPieceClass + (bytes - kPieceBytes + kCoarse - 1) / kCoarse;
}

size_t Heap::bytes_of(size_t size_class) {
  return size_class <= kPieceClass ? size_class * kFine
                                   : kPieceBytes + (size_class - kPieceClass) * kCoarse;
}

std::shared_ptr<Heap> Heap::of_thread() {
  thread_local std::weak_ptr<Heap> mine;
  std::shared_ptr<Heap> heap = mine.lock();
  if (!heap) mine = heap = std::shared_ptr<Heap>(new Heap);
  return heap;
}

Heap::~Heap() { drop(); }

void Heap::drop() {
  // Each thread its own, in parallel: a process that ends gives all back on one core. The
  // addresses stay ours: `usable_bytes` tells by them whose memory it is.
  for (char* slab : slabs_) madvise(slab, kSlabBytes, MADV_DONTNEED);
}

const JSMallocFunctions& Heap::functions() {
  static constexpr JSMallocFunctions kFunctions = {&allocate_zeroed, &allocate, &release,
                                                   &reallocate, &usable_bytes};
  return kFunctions;
}

char* Heap::run(size_t size_class) {
  const size_t runs = size_class <= kPieceClass ? 1 : 4;
  // A slab's last runs may be too few.
  if (given_ + runs * kRunBytes > kSlabBytes) {
    char* slab = reserved().slab();
    if (slab == nullptr) return nullptr;
    slabs_.push_back(slab);
    given_ = 0;
  }
  char* out = slabs_.back() + given_;
  for (size_t i = 0; i < runs; ++i, given_ += kRunBytes) {
    reserved().size_class(slabs_.back() + given_) = static_cast<uint8_t>(size_class);
#ifdef MADV_POPULATE_WRITE
    // One call for 64 faults; an old kernel refuses it, and the faults come one by one.
    if (given_ % kPartBytes == 0) madvise(slabs_.back() + given_, kPartBytes, MADV_POPULATE_WRITE);
#endif
  }
  Blocks& blocks = blocks_[size_class];
  blocks.next = out;
  blocks.end = out + runs * kRunBytes;
  return out;
}

void* Heap::block(size_t size_class) {
  Blocks& blocks = blocks_[size_class];
  if (blocks.free != nullptr) return std::exchange(blocks.free, blocks.free->next);
  const size_t bytes = bytes_of(size_class);
  if (static_cast<size_t>(blocks.end - blocks.next) < bytes && run(size_class) == nullptr)
    return nullptr;
  return std::exchange(blocks.next, blocks.next + bytes);
}

void* Heap::allocate(void* opaque, size_t bytes) {
  if (is_block(bytes)) {
    if (void* out = static_cast<Heap*>(opaque)->block(class_of(bytes))) return out;
  }
  return std::malloc(bytes);
}

void* Heap::allocate_zeroed(void* opaque, size_t count, size_t bytes) {
  size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all) || !is_block(all))
    return std::calloc(count, bytes);
  void* out = allocate(opaque, all);
  return out == nullptr ? nullptr : std::memset(out, 0, all);
}

void Heap::release(void* opaque, void* memory) {
  if (!reserved().has(memory)) return std::free(memory);
  Blocks& blocks = static_cast<Heap*>(opaque)->blocks_[reserved().size_class(memory)];
  blocks.free = new (memory) Free{blocks.free};
}

void* Heap::reallocate(void* opaque, void* memory, size_t bytes) {
  if (memory == nullptr) return bytes == 0 ? nullptr : allocate(opaque, bytes);
  if (!reserved().has(memory)) return std::realloc(memory, bytes);
  const size_t had = usable_bytes(memory);
  // What shrinks a little stays.
  if (bytes <= had && bytes > had / 2) return memory;
  void* out = bytes == 0 ? nullptr : allocate(opaque, bytes);
  if (out != nullptr) std::memcpy(out, memory, std::min(bytes, had));
  if (out != nullptr || bytes == 0) release(opaque, memory);
  return out;
}

size_t Heap::usable_bytes(const void* memory) {
  return reserved().has(memory) ? bytes_of(reserved().size_class(memory))
                                : malloc_usable_size(const_cast<void*>(memory));
}

}  // namespace bia::js
