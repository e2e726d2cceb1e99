#include "js/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

namespace bia::js {
namespace {

TEST(Heap, GivesPiecesBackAndOthersToMalloc) {
  auto heap = Heap::of_thread();
  EXPECT_EQ(heap, Heap::of_thread());
  const JSMallocFunctions& functions = Heap::functions();
  std::vector<void*> pieces;
  for (size_t i = 0; i < 3 * Heap::kSlabBytes / Heap::kPieceBytes; ++i) {
    void* piece = functions.js_malloc(heap.get(), 4072);
    ASSERT_NE(piece, nullptr);
    EXPECT_GE(functions.js_malloc_usable_size(piece), 4072u);
    std::memset(piece, static_cast<int>(i), 4072);
    pieces.push_back(piece);
  }
  EXPECT_EQ(std::set<void*>(pieces.begin(), pieces.end()).size(), pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto* bytes = static_cast<unsigned char*>(pieces[i]);
    EXPECT_EQ(bytes[0], static_cast<unsigned char>(i));
    EXPECT_EQ(bytes[4071], static_cast<unsigned char>(i));
    functions.js_free(heap.get(), pieces[i]);
  }
  for (size_t bytes : {0, 1, 3000, 4097, 100'000}) {
    void* other = functions.js_malloc(heap.get(), bytes);
    functions.js_free(heap.get(), other);
  }
  functions.js_free(heap.get(), nullptr);
}

TEST(Heap, KeepsWhatIsInAPieceThatGrows) {
  auto heap = Heap::of_thread();
  const JSMallocFunctions& functions = Heap::functions();
  for (size_t bytes : {100, 4080}) {
    auto* memory = static_cast<char*>(functions.js_malloc(heap.get(), bytes));
    std::memset(memory, 7, bytes);
    for (size_t larger : {4090, 9000, 500'000}) {
      memory = static_cast<char*>(functions.js_realloc(heap.get(), memory, larger));
      ASSERT_NE(memory, nullptr);
      EXPECT_EQ(memory[0], 7);
      EXPECT_EQ(memory[bytes - 1], 7);
    }
    functions.js_free(heap.get(), memory);
  }
  auto* zeroed = static_cast<char*>(functions.js_calloc(heap.get(), 4, 1000));
  EXPECT_EQ(std::count(zeroed, zeroed + 4000, 0), 4000);
  functions.js_free(heap.get(), zeroed);
  void* gone = functions.js_realloc(heap.get(), functions.js_malloc(heap.get(), 4080), 0);
  EXPECT_EQ(gone, nullptr);
}

TEST(Heap, HasBlocksOfEverySize) {
  auto heap = Heap::of_thread();
  const JSMallocFunctions& functions = Heap::functions();
  std::vector<std::pair<char*, size_t>> blocks;
  for (size_t bytes = 1; bytes < Heap::kBlockBytesMax + 3000; bytes += 61) {
    auto* memory = static_cast<char*>(functions.js_malloc(heap.get(), bytes));
    ASSERT_NE(memory, nullptr);
    ASSERT_GE(functions.js_malloc_usable_size(memory), bytes);
    std::memset(memory, static_cast<int>(bytes % 251), functions.js_malloc_usable_size(memory));
    blocks.emplace_back(memory, bytes);
  }
  for (auto& [memory, bytes] : blocks) {
    EXPECT_EQ(std::count(memory, memory + bytes, static_cast<char>(bytes % 251)),
              static_cast<ptrdiff_t>(bytes));
    const size_t other = (bytes * 7) % Heap::kBlockBytesMax + 1;
    memory = static_cast<char*>(functions.js_realloc(heap.get(), memory, other));
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(memory[std::min(other, bytes) - 1], static_cast<char>(bytes % 251));
    functions.js_free(heap.get(), memory);
  }
}

}  // namespace
}  // namespace bia::js
