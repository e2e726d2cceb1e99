#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "bia/fiber/sync.h"

namespace bia::http {

/// The streams of one HTTP/2 connection of a server: those in use, and a few that wait for the next
/// requests. A stream has `live_index`, `begin()`, `on_closed()`, `idle()`: its handler has
/// returned and it is not open; and `rest()`: it gives back what only large messages need.
template <typename Stream>
class StreamPool {
 public:
  /// Streams in use; those whose handlers outlive them count as well.
  size_t live() const { return live_.size(); }

  /// One that begins. `make` makes one where none waits.
  template <typename Make>
  Stream& take(Make make) {
    std::unique_ptr<Stream> stream;
    if (free_.empty()) {
      stream = make();
    } else {
      stream = std::move(free_.back());
      free_.pop_back();
    }
    stream->live_index = live_.size();
    stream->begin();
    live_.push_back(std::move(stream));
    return *live_.back();
  }

  /// Calls `each` with every stream in use; it may end the one that it is given.
  template <typename Each>
  void for_each(Each each) {
    for (size_t i = live_.size(); i-- > 0;) each(*live_[i]);
  }

  /// Takes the stream back if it is idle. It may be in use up the stack: the next `take` uses it,
  /// or the next `release` deletes it.
  void release(Stream& stream) {
    if (!stream.idle()) return;
    const size_t index = stream.live_index;
    std::unique_ptr<Stream> owned = std::move(live_[index]);
    if (index + 1 != live_.size()) {
      live_[index] = std::move(live_.back());
      live_[index]->live_index = index;
    }
    live_.pop_back();
    owned->rest();
    if (free_.size() == kFreeMax) free_.pop_back();
    free_.push_back(std::move(owned));
    if (live_.empty()) emptied_.wake_all();
  }

  /// Deletes those that wait. Not for a fiber of the connection, up whose stack one may be in use.
  void shrink() { std::vector<std::unique_ptr<Stream>>().swap(free_); }

  /// The connection is gone: cancels the handlers that still run, and waits until they have
  /// returned. Suspends.
  void end() {
    for (size_t i = live_.size(); i-- > 0;) {
      Stream& stream = *live_[i];
      stream.on_closed();
      release(stream);
    }
    while (!live_.empty()) {
      if (!emptied_.wait()) fiber::yield();
    }
  }

 private:
  static constexpr size_t kFreeMax = 64;
  std::vector<std::unique_ptr<Stream>> live_;
  std::vector<std::unique_ptr<Stream>> free_;
  fiber::WaitQueue emptied_;
};

}  // namespace bia::http
