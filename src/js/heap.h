#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "js/engine.h"

namespace bia::js {

/// Memory of a thread's runtimes. QuickJS asks for the space of small objects in pieces of nearly
/// 4 KiB, and for what is larger one by one; for each of them glibc grows the heap of a thread by a
/// system call (a fifth of the time that 1,000 users take to start). Here they are cut from slabs,
/// by classes of size; what is larger or smaller is malloc's. Belongs to one thread.
class Heap {
 public:
  static constexpr size_t kPieceBytes = 4096;
  static constexpr size_t kSlabBytes = 4 * 1024 * 1024;
  /// Of a slab, made ready at once.
  static constexpr size_t kPartBytes = 256 * 1024;
  /// Of a slab, of one class; four at once for blocks above a piece.
  static constexpr size_t kRunBytes = 16 * 1024;
  static constexpr size_t kBlockBytesMin = 512, kBlockBytesMax = 32 * 1024;

  /// The calling thread's, which lives as long as a runtime of it.
  static std::shared_ptr<Heap> of_thread();
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// Gives the slabs' memory back while things are in it, which nobody may touch any more.
  void drop();

  /// With a Heap as their `opaque`.
  static const JSMallocFunctions& functions();

 private:
  struct Free {
    Free* next;
  };
  struct Blocks {
    Free* free = nullptr;
    char *next = nullptr, *end = nullptr;  ///< of the last run
  };
  static constexpr size_t kClasses = 177;
  static size_t class_of(size_t bytes);
  static size_t bytes_of(size_t size_class);
  Heap() = default;
  static void* allocate(void* opaque, size_t bytes);
  static void* allocate_zeroed(void* opaque, size_t count, size_t bytes);
  static void* reallocate(void* opaque, void* memory, size_t bytes);
  static void release(void* opaque, void* memory);
  static size_t usable_bytes(const void* memory);
  void* block(size_t size_class);
  char* run(size_t size_class);

  std::array<Blocks, kClasses> blocks_;
  std::vector<char*> slabs_;
  size_t given_ = kSlabBytes;  ///< of the last slab
};

}  // namespace bia::js
