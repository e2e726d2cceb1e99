#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bia::http {

/// Bytes that wait to be a stream's DATA, at the pace that its peer takes them. Its memory follows
/// what waits, however much has gone through it.
class SendQueue {
 public:
  /// Above this a writer suspends until the peer has taken some.
  static constexpr size_t kWaitingMax = 64 * 1024;

  void append(std::string_view bytes) { bytes_.append(bytes); }
  size_t waiting() const { return bytes_.size() - taken_; }
  bool full() const { return waiting() > kWaitingMax; }
  /// Copies as many as there is room for; those stay until `drop_taken`.
  size_t take(std::span<char> into) {
    const size_t size = std::min(into.size(), waiting());
    std::memcpy(into.data(), bytes_.data() + taken_, size);
    taken_ += size;
    return size;
  }
  /// Once they outweigh the rest: moving that costs less than taking them did, also where all of a
  /// long answer waits.
  void drop_taken() {
    if (taken_ == bytes_.size()) return clear();
    if (taken_ > kWaitingMax && taken_ >= waiting()) bytes_.erase(0, std::exchange(taken_, 0));
  }
  size_t taken() const { return taken_; }
  /// All are to be taken once more; `drop_taken` was not called.
  void rewind() { taken_ = 0; }
  void clear() {
    bytes_.clear();
    taken_ = 0;
  }
  /// Its storage, while nothing was taken: for what is written in one piece.
  std::string& text() { return bytes_; }
  const std::string& text() const { return bytes_; }
  /// Empties it, and gives back what is above `kept_max`.
  void rest(size_t kept_max) {
    if (bytes_.capacity() > kept_max) std::string().swap(bytes_);
    clear();
  }

 private:
  std::string bytes_;
  size_t taken_ = 0;
};

}  // namespace bia::http
