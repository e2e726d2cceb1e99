#include "http/http2/http2_stream.h"

#include <utility>

namespace bia::http {

void Http2StreamMap::insert(Http2Stream& stream) {
  constexpr size_t kSlotsMin = 8;
  if (2 * (size_ + 1) > slots_.size()) {
    std::vector<Http2Stream*> before(slots_.empty() ? kSlotsMin : slots_.size() * 2);
    before.swap(slots_);
    size_ = 0;
    for (Http2Stream* old : before) {
      if (old) insert(*old);
    }
  }
  Http2Stream* moving = &stream;
  size_t i = place(stream.id_);
  for (size_t passed = 0; slots_[i]; i = next(i), ++passed) {
    size_t theirs = distance(i);
    if (theirs >= passed) continue;
    std::swap(moving, slots_[i]);
    passed = theirs;
  }
  slots_[i] = moving;
  ++size_;
}

void Http2StreamMap::replace(Http2Stream& stream) {
  size_t i = place(stream.id_);
  while (slots_[i]->id_ != stream.id_) i = next(i);
  slots_[i] = &stream;
}

void Http2StreamMap::erase(int32_t id) {
  if (size_ == 0) return;
  size_t hole = place(id);
  while (slots_[hole] && slots_[hole]->id_ != id) hole = next(hole);
  if (!slots_[hole]) return;
  --size_;
  // What follows and is not in its place moves up.
  for (size_t i = next(hole); slots_[i] && distance(i) > 0; i = next(i)) {
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = nullptr;
}

}  // namespace bia::http
