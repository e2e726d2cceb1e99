#include "bia/base/assert.h"
#include "bia/metrics/registry.h"

namespace bia::metrics {
namespace {

std::atomic<uint64_t> next_registry_id{1};
std::atomic<bool> slot_taken[Shards::kThreadsMax];

// A thread keeps one slot in all registries while it lives. A later thread may take the slot over:
// its adds go on top.
class Slot {
 public:
  Slot() {
    for (index_ = 0; index_ < Shards::kThreadsMax; ++index_) {
      if (!slot_taken[index_].exchange(true, std::memory_order_acquire)) return;
    }
    BIA_ASSERT(index_ < Shards::kThreadsMax);
  }
  ~Slot() { slot_taken[index_].store(false, std::memory_order_release); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  size_t index() const { return index_; }

 private:
  size_t index_ = 0;
};

}  // namespace

thread_local constinit Shards::Local Shards::local_;

Shards::Shards() : id_(next_registry_id.fetch_add(1, std::memory_order_relaxed)) {}

Shards::~Shards() {
  for (auto& entry : shards_) {
    Shard* shard = entry.load(std::memory_order_acquire);
    if (!shard) continue;
    for (auto& chunk : shard->chunks) delete chunk.load(std::memory_order_acquire);
    delete shard;
  }
}

Shards::Shard* Shards::attach() {
  static thread_local Slot slot;
  std::atomic<Shard*>& entry = shards_[slot.index()];
  Shard* shard = entry.load(std::memory_order_acquire);
  if (!shard) {
    shard = new Shard;
    entry.store(shard, std::memory_order_release);
  }
  local_ = {id_, shard};
  return shard;
}

Shards::Chunk* Shards::add_chunk(Shard& shard, size_t index) {
  auto* chunk = new Chunk;
  shard.chunks[index].store(chunk, std::memory_order_release);
  return chunk;
}

uint64_t Shards::sum(uint32_t index) const {
  uint64_t sum = 0;
  for (const auto& entry : shards_) {
    const Shard* shard = entry.load(std::memory_order_acquire);
    const Chunk* chunk =
        shard ? shard->chunks[index / kChunkCells].load(std::memory_order_acquire) : nullptr;
    if (chunk) sum += chunk->cells[index % kChunkCells].load(std::memory_order_relaxed);
  }
  return sum;
}

double Shards::sum_double(uint32_t index) const {
  double sum = 0;
  for (const auto& entry : shards_) {
    const Shard* shard = entry.load(std::memory_order_acquire);
    const Chunk* chunk =
        shard ? shard->chunks[index / kChunkCells].load(std::memory_order_acquire) : nullptr;
    if (chunk)
      sum += __builtin_bit_cast(double,
                                chunk->cells[index % kChunkCells].load(std::memory_order_relaxed));
  }
  return sum;
}

uint64_t Histogram::count() const {
  uint64_t count = 0;
  for (uint32_t bucket = 0; bucket <= bounds_count_; ++bucket)
    count += shards_->sum(cell_ + 1 + bucket);
  return count;
}

}  // namespace bia::metrics
