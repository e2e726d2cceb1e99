#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "js/engine.h"

namespace bia::js {

/// Memory of a thread's runtimes. QuickJS asks for the space of small objects in pieces of nearly
/// 4 KiB, for each of which glibc grows the heap of a thread by a system call (a seventh of the
/// time that 1,000 users take to start). Here they are cut from slabs that are mapped at once; what
/// is larger or smaller is malloc's. Belongs to one thread.
class Heap {
 public:
  static constexpr size_t kPieceBytes = 4096;
  static constexpr size_t kSlabBytes = 256 * 1024;

  /// The calling thread's, which lives as long as a runtime of it.
  static std::shared_ptr<Heap> of_thread();
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// With a Heap as their `opaque`.
  static const JSMallocFunctions& functions();
  /// The memory outlives the Heap: something in it is left as it is until the process ends.
  void keep() { keep_ = true; }

 private:
  struct Free {
    Free* next;
  };
  Heap() = default;
  static void* allocate(void* opaque, size_t bytes);
  static void* allocate_zeroed(void* opaque, size_t count, size_t bytes);
  static void* reallocate(void* opaque, void* memory, size_t bytes);
  static void release(void* opaque, void* memory);
  static size_t usable_bytes(const void* memory);
  void* piece();

  Free* free_ = nullptr;
  std::vector<char*> slabs_;
  size_t given_ = kSlabBytes;  ///< of the last slab
  bool keep_ = false;
};

}  // namespace bia::js
