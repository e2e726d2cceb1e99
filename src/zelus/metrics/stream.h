#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "zelus/metrics/metric.h"
#include "zelus/metrics/tags.h"

namespace zelus::metrics {

/// Pairs that are no tags (vu, iter, exec.vu.metrics.metadata): they go into single samples only.
/// Immutable once shared.
using Metadata = std::vector<Tag>;

/// When a sample was taken, and what else belongs to it. Cheap to copy; make one for all samples of
/// a request.
struct Moment {
  int64_t unix_ns = 0;
  const std::shared_ptr<const Metadata>* metadata = nullptr;
};

struct Sample {
  /// Of the shard's registry and interner; both outlive every chunk.
  const Metric* metric;
  const TagSet* tags;
  int64_t unix_ns;
  double value;
  std::shared_ptr<const Metadata> metadata;
};

/// Samples in one chunk, and chunks on their way to the consumer.
inline constexpr size_t kStreamChunkSamples = 4096;
inline constexpr size_t kStreamChunksMax = 64;
using SampleChunk = std::vector<Sample>;

/// Carries single samples of one thread to a consumer on another, in order. Bounded: when
/// kStreamChunksMax chunks are under way, kHold suspends the recording fiber until one comes back,
/// kDrop counts and forgets.
class SampleStream {
 public:
  enum class WhenFull { kHold, kDrop };
  /// Runs on the consumer's thread for each chunk; must not suspend, and calls `done` (on the
  /// consumer's thread) once the chunk is used up.
  using Consumer = std::function<void(SampleChunk chunk, std::function<void()> done)>;

  /// `producer` is the scheduler of the shard's thread.
  SampleStream(bia::fiber::Scheduler& producer, bia::fiber::Scheduler& consumer, Consumer consume,
               WhenFull when_full);
  /// Producer's thread. Suspends while full and kHold.
  void push(Sample sample);
  /// Producer's thread: the next `push` may suspend.
  bool full() const {
    return chunk_.size() >= kStreamChunkSamples && under_way_ >= kStreamChunksMax;
  }
  /// Producer's thread: sends the chunk begun, however small.
  void flush();

  /// Producer's thread: nothing kept, nothing under way.
  bool idle() const { return chunk_.empty() && under_way_ == 0; }
  /// Producer's thread: how long fibers were held back; samples dropped.
  bia::Duration held() const { return held_; }
  uint64_t dropped() const { return dropped_; }

 private:
  bia::fiber::Scheduler& producer_;
  bia::fiber::Scheduler& consumer_;
  Consumer consume_;
  WhenFull when_full_;
  SampleChunk chunk_;
  size_t under_way_ = 0;
  bia::fiber::WaitQueue waiters_;
  bia::Duration held_{};
  uint64_t dropped_ = 0;
};

}  // namespace zelus::metrics
