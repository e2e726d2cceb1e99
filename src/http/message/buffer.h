#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace bia::http {

/// Bytes on their way: filled at the end, consumed at the front. Unlike std::string it does not
/// zero what a read is about to fill, and it gives its memory back when asked to.
class Buffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  char* data() { return bytes_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }
  /// Where the next read goes.
  std::span<char> space() { return {bytes_.get() + end_, capacity_ - end_}; }
  void filled(size_t count) { end_ += count; }
  void consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// Drops what lies behind the first `count` bytes.
  void truncate(size_t count) { end_ = begin_ + count; }
  void clear() { begin_ = end_ = 0; }
  void release() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }
  /// Room for `count` more bytes; moves what is held, so views end here.
  void reserve(size_t count) {
    if (capacity_ - end_ >= count) return;
    make_room(count);
  }
  void append(std::string_view text) {
    reserve(text.size());
    if (!text.empty()) std::memcpy(bytes_.get() + end_, text.data(), text.size());
    end_ += text.size();
  }

 private:
  void make_room(size_t count) {
    const size_t held = size();
    if (held + count <= capacity_ && begin_ >= held) {
      std::memcpy(bytes_.get(), bytes_.get() + begin_, held);
    } else {
      size_t wanted = capacity_ < kBytesMin ? kBytesMin : capacity_;
      while (wanted < held + count) wanted *= 2;
      std::unique_ptr<char[]> bigger(new char[wanted]);
      if (held != 0) std::memcpy(bigger.get(), bytes_.get() + begin_, held);
      bytes_ = std::move(bigger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = held;
  }
  static constexpr size_t kBytesMin = 1024;

  std::unique_ptr<char[]> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace bia::http
