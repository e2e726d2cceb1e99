#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bia/base/time.h"

namespace bia::fiber {

class FiberImpl;

/// A 4-ary heap of fibers by time. Each fiber is in it at most once and knows its place, so that it
/// can be moved and removed.
class TimerHeap {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  TimePoint first_at() const { return entries_.front().at; }
  FiberImpl* first() const { return entries_.front().fiber; }
  TimePoint at(uint32_t place) const { return entries_[place].at; }
  void push(FiberImpl* fiber, TimePoint at);
  void move(uint32_t place, TimePoint at);
  void remove(uint32_t place);

 private:
  struct Entry {
    TimePoint at;
    FiberImpl* fiber;
  };
  void put(size_t place, Entry entry);
  void sift_up(size_t place, Entry entry);
  void sift_down(size_t place, Entry entry);

  std::vector<Entry> entries_;
};

}  // namespace bia::fiber
