#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bia::http {

class Http2Events;

/// What a connection knows of one stream. Owners derive their calls from it; the connection never
/// owns one.
class Http2Stream {
 public:
  /// 0 while it belongs to no connection.
  int32_t id() const { return id_; }
  bool is_open() const { return id_ != 0; }
  /// Of the header block that has just ended, as RFC 9113 section 6.5.2 counts: above
  /// `Http2Options::header_bytes_max` the rest of it was not told.
  size_t block_bytes() const { return block_bytes_; }
  /// What is still to come by its content-length; -1: it has none.
  int64_t content_left() const { return content_left_; }

 protected:
  ~Http2Stream() = default;
  /// Of a client: the answer has no content, whatever its content-length says (HEAD).
  void expect_no_content() { no_content_ = true; }

 private:
  friend class Http2Connection;
  friend class Http2StreamMap;
  Http2Events* events_ = nullptr;  // Who is told of it: the connection's owner, or its guest.
  int32_t id_ = 0;
  int32_t send_window_ = 0;
  int32_t receive_window_ = 0;
  uint32_t block_bytes_ = 0;
  uint32_t consumed_ = 0;      // Not yet given back to the peer by a WINDOW_UPDATE.
  int64_t content_left_ = -1;  // Of a content-length; -1: none.
  bool remote_ended_ = false;
  bool local_ended_ = false;
  bool head_received_ = false;
  bool no_content_ = false;
  bool has_body_ = false;    // `start_body` was called, and the body has not ended.
  bool windowless_ = false;  // The body waits for the stream's window.
  bool paused_ = false;      // The body has nothing to send now.
  bool stalled_ = false;     // `windowless_` since the last look at those.
  Http2Stream* next_ready_ = nullptr;
  Http2Stream* previous_ready_ = nullptr;
  bool ready_ = false;
};

/// Open streams by id. Ids ascend and streams are short, so that id / 2 is a good hash for an open
/// table. A stream never lies further from its place than one that it passed (Robin Hood), so that
/// erasing looks at few.
class Http2StreamMap {
 public:
  Http2Stream* find(int32_t id) const {
    if (size_ == 0) return nullptr;
    for (size_t i = place(id);; i = next(i)) {
      if (!slots_[i] || slots_[i]->id_ == id) return slots_[i];
    }
  }
  void insert(Http2Stream& stream);
  void erase(int32_t id);
  /// Puts `stream` in the place of the one with its id.
  void replace(Http2Stream& stream);
  size_t size() const { return size_; }
  /// Calls `visit(stream)` for each; it must not change the map.
  template <typename Visit>
  void each(Visit visit) const {
    for (Http2Stream* stream : slots_) {
      if (stream) visit(*stream);
    }
  }

 private:
  size_t place(int32_t id) const { return static_cast<size_t>(id >> 1) & (slots_.size() - 1); }
  /// How far the stream in a slot is from where its id belongs.
  size_t distance(size_t i) const { return (i - place(slots_[i]->id_)) & (slots_.size() - 1); }
  size_t next(size_t i) const { return (i + 1) & (slots_.size() - 1); }
  std::vector<Http2Stream*> slots_;  // A power of two, at most half full.
  size_t size_ = 0;
};

}  // namespace bia::http
