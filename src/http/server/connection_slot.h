#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>

namespace bia::http {

/// One of the connections that a server may have, on all its threads together.
class ConnectionSlot {
 public:
  ConnectionSlot(std::atomic<size_t>& taken, size_t most) : taken_(taken) {
    most = std::max<size_t>(most, 1);
    // Not added and taken back, by which one that is refused would keep out another's successor.
    size_t count = taken.load(std::memory_order_relaxed);
    while (count < most && !held_)
      held_ = taken.compare_exchange_weak(count, count + 1, std::memory_order_relaxed);
  }
  ~ConnectionSlot() {
    if (held_) taken_.fetch_sub(1, std::memory_order_relaxed);
  }
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;
  bool held() const { return held_; }

 private:
  std::atomic<size_t>& taken_;
  bool held_ = false;
};

}  // namespace bia::http
