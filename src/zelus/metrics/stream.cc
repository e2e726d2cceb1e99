#include "zelus/metrics/stream.h"

namespace zelus::metrics {

SampleStream::SampleStream(bia::fiber::Scheduler& producer, bia::fiber::Scheduler& consumer,
                           Consumer consume, WhenFull when_full)
    : producer_(producer),
      consumer_(consumer),
      consume_(std::move(consume)),
      when_full_(when_full) {
  chunk_.reserve(kStreamChunkSamples);
}

void SampleStream::push(Sample sample) {
  if (chunk_.size() >= kStreamChunkSamples) {
    flush();
    while (chunk_.size() >= kStreamChunkSamples) {
      // Still full: too many chunks are under way. A cancelled fiber must not lose the line either,
      // so that it spills over the limit.
      if (when_full_ == WhenFull::kDrop) {
        ++dropped_;
        return;
      }
      if (!bia::fiber::in_fiber()) break;
      bia::TimePoint before = bia::now();
      bool woken = waiters_.wait().ok();
      held_ += bia::now() - before;
      if (!woken) break;
      flush();
    }
  }
  chunk_.push_back(std::move(sample));
}

void SampleStream::flush() {
  if (chunk_.empty() || under_way_ >= kStreamChunksMax) return;
  ++under_way_;
  SampleChunk full;
  full.reserve(kStreamChunkSamples);
  full.swap(chunk_);
  auto shared = std::make_shared<SampleChunk>(std::move(full));
  consumer_.post([this, shared] {
    consume_(std::move(*shared), [this] {
      producer_.post([this] {
        --under_way_;
        waiters_.wake_all();
      });
    });
  });
}

}  // namespace zelus::metrics
