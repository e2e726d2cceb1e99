#include "fiber/timer_heap.h"

#include <algorithm>

#include "fiber/scheduler_impl.h"

namespace bia::fiber {

void TimerHeap::put(size_t place, Entry entry) {
  entries_[place] = entry;
  entry.fiber->timer_place = static_cast<uint32_t>(place);
}

void TimerHeap::sift_up(size_t place, Entry entry) {
  while (place > 0) {
    size_t parent = (place - 1) / 4;
    if (entries_[parent].at <= entry.at) break;
    put(place, entries_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerHeap::sift_down(size_t place, Entry entry) {
  for (;;) {
    size_t child = place * 4 + 1;
    if (child >= entries_.size()) break;
    size_t end = std::min(child + 4, entries_.size());
    size_t least = child;
    for (size_t other = child + 1; other < end; ++other) {
      if (entries_[other].at < entries_[least].at) least = other;
    }
    if (entries_[least].at >= entry.at) break;
    put(place, entries_[least]);
    place = least;
  }
  put(place, entry);
}

void TimerHeap::push(FiberImpl* fiber, TimePoint at) {
  entries_.push_back({at, fiber});
  sift_up(entries_.size() - 1, {at, fiber});
}

void TimerHeap::move(uint32_t place, TimePoint at) {
  Entry entry{at, entries_[place].fiber};
  if (at < entries_[place].at) {
    sift_up(place, entry);
  } else {
    sift_down(place, entry);
  }
}

void TimerHeap::remove(uint32_t place) {
  entries_[place].fiber->timer_place = kNowhere;
  Entry last = entries_.back();
  entries_.pop_back();
  if (place == entries_.size()) return;
  if (place > 0 && last.at < entries_[(place - 1) / 4].at) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

}  // namespace bia::fiber
