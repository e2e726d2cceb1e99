// The connection's life and its output; http2_input.cc has what it does with frames.
#include "http/http2/http2_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "bia/base/assert.h"

namespace bia::http {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
// What is gathered before it is written.
constexpr size_t kWriteBytes = 64 * 1024;
// Peers are taken to allow this many until their SETTINGS come.
constexpr uint32_t kStreamsBeforeSettings = 100;

// In use only between a read and the next suspension: one a thread, not one a connection.
char* read_buffer() {
  thread_local std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  return buffer.get();
}

// Buffers of connections that have nothing to send, for those that have: idle connections hold
// none. Many hold frames until the turn's end writes; one at a time adds its bodies. With one pool
// for both, 50 connections allocated and freed nearly two buffers a call.
struct Spares {
  std::vector<ByteBuffer> small, large;
};
thread_local Spares spares;
constexpr size_t kSmallBytes = 2048;
constexpr size_t kSmallSparesMax = 64;
constexpr size_t kLargeSparesMax = 2;

void give_spare(ByteBuffer& out) {
  if (out.capacity() == 0) return;
  const bool small = out.capacity() <= kSmallBytes;
  std::vector<ByteBuffer>& to = small ? spares.small : spares.large;
  if (to.size() < (small ? kSmallSparesMax : kLargeSparesMax) &&
      out.capacity() <= 2 * kWriteBytes) {
    out.clear();
    to.push_back(std::move(out));
  } else {
    ByteBuffer().swap(out);
  }
}

/// Moves what `out` holds into a buffer of `from`, where there is one.
void take_spare(std::vector<ByteBuffer>& from, ByteBuffer& out) {
  if (from.empty()) return;
  ByteBuffer spare = std::move(from.back());
  from.pop_back();
  spare.append(out.view());
  out.swap(spare);
  give_spare(spare);
}

}  // namespace

std::string_view http2_error_name(Http2Error error) {
  static constexpr std::string_view kNames[] = {"NO_ERROR",
                                                "PROTOCOL_ERROR",
                                                "INTERNAL_ERROR",
                                                "FLOW_CONTROL_ERROR",
                                                "SETTINGS_TIMEOUT",
                                                "STREAM_CLOSED",
                                                "FRAME_SIZE_ERROR",
                                                "REFUSED_STREAM",
                                                "CANCEL",
                                                "COMPRESSION_ERROR",
                                                "CONNECT_ERROR",
                                                "ENHANCE_YOUR_CALM",
                                                "INADEQUATE_SECURITY",
                                                "HTTP_1_1_REQUIRED"};
  auto index = static_cast<size_t>(error);
  return index < std::size(kNames) ? kNames[index] : "an unknown error";
}

Http2Connection::Http2Connection(net::Socket socket, const Http2Options& options,
                                 Http2Events& events)
    : socket_(std::move(socket)),
      events_(events),
      options_(options),
      preface_pending_(options.role == Http2Options::Role::kServer),
      receive_window_(
          static_cast<int32_t>(std::max(options.connection_window_bytes, kWindowDefault))),
      peer_streams_max_(kStreamsBeforeSettings) {
  start();
}

Http2Connection::~Http2Connection() = default;

void Http2Connection::start() {
  bool server = options_.role == Http2Options::Role::kServer;
  if (server) socket_.limit_records(options_.handshake_timeout);
  if (!server) out_.append(kHttp2Preface);
  std::pair<uint16_t, uint32_t> settings[] = {
      {kSettingInitialWindowSize, options_.stream_window_bytes},
      {kSettingMaxHeaderListSize, options_.header_bytes_max},
      // A client wants no pushes; a server may not send ENABLE_PUSH (RFC 9113 section 6.5.2).
      {server ? kSettingMaxConcurrentStreams : kSettingEnablePush,
       server ? options_.streams_max : 0},
  };
  char* at = put_frame(FrameType::kSettings, 0, 0, 6 * std::size(settings));
  for (auto [key, value] : settings) {
    at[0] = static_cast<char>(key >> 8);
    at[1] = static_cast<char>(key);
    write_u32(at + 2, value);
    at += 6;
  }
  if (options_.connection_window_bytes > kWindowDefault)
    put_window_update(0, options_.connection_window_bytes - kWindowDefault);
  flush();
}

Result<void> Http2Connection::run(std::string_view first) {
  Result<void> outcome = first.empty() ? Result<void>() : feed(first);
  std::span<char> into(read_buffer(), kReadBytes);
  const Deadline handshake = options_.handshake_timeout > Duration::zero()
                                 ? Deadline::after(options_.handshake_timeout)
                                 : Deadline::never();
  while (outcome && !closed_) {
    auto read = socket_.read_some(into, read_deadline(handshake));
    if (!read) {
      if (may_be_body(read.error())) continue;
      if (!preface_pending_ && read.error().code() == Code::kDeadlineExceeded)
        fail(Http2Abuse::kSlowFrame);
      outcome = std::move(read).error();
      break;
    }
    if (*read == 0) break;
    if (!ending_) outcome = feed({into.data(), *read});
  }
  // What tells the peer why (GOAWAY) still goes out, as far as the kernel takes it now.
  if (!closed_ && !blocked_) run_deferred();
  closed_ = true;
  if (socket_.is_tls()) socket_.shutdown_write();  // Says goodbye first.
  if (socket_.is_open()) ::shutdown(socket_.fd(), SHUT_RDWR);
  // They use this object.
  drainer_.cancel_and_join();
  stall_watch_.cancel_and_join();
  forget_all();
  // Under TLS the end that this side makes itself reads as one without a goodbye.
  if (!why_.empty() && (outcome || outcome.error().code() != Code::kCancelled)) {
    return Error(Code::kInvalidArgument, "HTTP2_PROTOCOL", "HTTP/2: " + why_)
        .with_metadata("http2_error", std::to_string(static_cast<uint32_t>(why_error_)));
  }
  return outcome;
}

Result<void> Http2Connection::feed(std::string_view bytes) {
  read_at_ = now();
  if (!partial_.empty()) {
    partial_.append(bytes);
    std::string whole = std::move(partial_);
    partial_.clear();
    size_t used = parse(whole);
    partial_.assign(whole, used);
    if (block_id_ == 0 && (used > 0 || partial_is_data())) unfinished_since_ = read_at_;
  } else {
    size_t used = parse(bytes);
    if (used < bytes.size()) {
      partial_.assign(bytes.substr(used));
      if (block_id_ == 0) unfinished_since_ = read_at_;
    }
  }
  if (!out_.empty() || ready_head_ || ending_) flush();
  if (ending_) partial_.clear();
  return {};
}

bool Http2Connection::partial_is_data() const {
  constexpr size_t kTypeAt = 3;  // RFC 9113 section 4.1.
  return partial_.size() > kTypeAt && partial_[kTypeAt] == static_cast<char>(FrameType::kData);
}

Deadline Http2Connection::frame_deadline() const {
  if (options_.role == Http2Options::Role::kClient) return Deadline::never();
  const bool data = block_id_ == 0 && partial_is_data();
  const Duration limit = data ? options_.limits.stall : options_.handshake_timeout;
  return limit > Duration::zero() ? Deadline(unfinished_since_ + limit) : Deadline::never();
}

void Http2Connection::open(Http2Stream& stream) {
  adopt(stream, next_id_);
  next_id_ += 2;
}

void Http2Connection::adopt(Http2Stream& stream, int32_t id) {
  stream.events_ = &events_;
  stream.id_ = id;
  stream.send_window_ = peer_stream_window_;
  stream.receive_window_ = static_cast<int32_t>(options_.stream_window_bytes);
  stream.consumed_ = 0;
  stream.content_left_ = -1;
  stream.remote_ended_ = stream.local_ended_ = stream.head_received_ = stream.has_body_ =
      stream.paused_ = false;
  streams_.insert(stream);
}

void Http2Connection::hand_over(Http2Stream& from, Http2Stream& to, Http2Events& events) {
  BIA_ASSERT(from.is_open() && !from.has_body_ && !to.is_open());
  to = from;
  to.events_ = &events;
  streams_.replace(to);
  from.id_ = 0;
}

void Http2Connection::send_headers(Http2Stream& stream, std::span<const Http2Field> fields,
                                   Events::EndStream end) {
  if (!stream.is_open() || closed_) return;
  size_t start = out_.size();
  put_frame(FrameType::kHeaders, 0, stream.id_, 0);
  encoder_.begin(out_);
  for (const Http2Field& field : fields) encoder_.add(out_, field);
  size_t size = out_.size() - start - kFrameHeaderBytes;
  uint8_t flags = end == Events::EndStream::kYes ? kFlagEndStream : uint8_t{0};
  if (size <= kFrameBytesMax) {
    write_frame_head(out_.data() + start,
                     {static_cast<uint32_t>(size), FrameType::kHeaders,
                      static_cast<uint8_t>(flags | kFlagEndHeaders), stream.id_});
  } else {
    std::string block(out_.view().substr(start + kFrameHeaderBytes));
    out_.resize(start);
    for (size_t at = 0; at < block.size(); at += kFrameBytesMax) {
      size_t part = std::min<size_t>(kFrameBytesMax, block.size() - at);
      uint8_t last = at + part == block.size() ? kFlagEndHeaders : uint8_t{0};
      char* into = put_frame(at == 0 ? FrameType::kHeaders : FrameType::kContinuation,
                             at == 0 ? flags | last : last, stream.id_, part);
      std::memcpy(into, block.data() + at, part);
    }
  }
  flush();
  if (end == Events::EndStream::kYes) local_end(stream);
}

void Http2Connection::start_body(Http2Stream& stream) {
  if (!stream.is_open()) return;
  stream.has_body_ = true;
  stream.paused_ = false;
  make_ready(stream);
  flush();
}

void Http2Connection::resume_body(Http2Stream& stream) {
  if (!stream.is_open() || !stream.has_body_ || !stream.paused_) return;
  stream.paused_ = false;
  make_ready(stream);
  flush();
}

void Http2Connection::reset(Http2Stream& stream, Http2Error error) {
  if (!stream.is_open()) return;
  int32_t id = stream.id_;
  forget(stream);
  reset_id(id, error);
}

void Http2Connection::reset_id(int32_t id, Http2Error error) {
  // As many as can have been open at once, and their peer not have heard of it.
  const size_t most = std::max<size_t>(options_.streams_max, 16);
  if (reset_ids_.size() < most) {
    reset_ids_.push_back(id);
  } else {
    reset_ids_[resets_ % most] = id;
  }
  ++resets_;
  write_u32(put_frame(FrameType::kRstStream, 0, id, 4), static_cast<uint32_t>(error));
  flush();
}

void Http2Connection::consume(Http2Stream& stream, size_t bytes) {
  if (bytes == 0 || closed_) return;
  auto count = static_cast<uint32_t>(bytes);
  consumed_ += count;
  // Half a window at a time: few updates, and the sender never waits for one.
  if (consumed_ >= options_.connection_window_bytes / 2) {
    receive_window_ += static_cast<int32_t>(consumed_);
    put_window_update(0, std::exchange(consumed_, 0));
    flush();
  }
  if (!stream.is_open() || stream.remote_ended_) return;
  stream.consumed_ += count;
  if (stream.consumed_ >= options_.stream_window_bytes / 2) {
    stream.receive_window_ += static_cast<int32_t>(stream.consumed_);
    put_window_update(stream.id_, std::exchange(stream.consumed_, 0));
    flush();
  }
}

void Http2Connection::ping(Ping why) {
  char* at = put_frame(FrameType::kPing, 0, 0, 8);
  std::memset(at, 0, 8);
  at[7] = static_cast<char>(why);
  flush();
}

void Http2Connection::remote_end(Http2Stream& stream) {
  if (!stream.is_open()) return;
  stream.remote_ended_ = true;
  if (stream.local_ended_) return close_stream(stream, Http2Error::kNoError);
  if (options_.role == Http2Options::Role::kServer) return;
  // The answer is whole: the rest of the request is not wanted (RFC 9113 section 8.1).
  int32_t id = stream.id_;
  close_stream(stream, Http2Error::kNoError);
  reset_id(id, Http2Error::kNoError);
}

void Http2Connection::local_end(Http2Stream& stream) {
  stream.local_ended_ = true;
  stream.has_body_ = false;
  if (stream.remote_ended_) return close_stream(stream, Http2Error::kNoError);
  if (options_.role == Http2Options::Role::kClient) return;
  int32_t id = stream.id_;
  close_stream(stream, Http2Error::kNoError);
  reset_id(id, Http2Error::kNoError);
}

void Http2Connection::close_stream(Http2Stream& stream, Http2Error error) {
  forget(stream);
  stream.events_->on_stream_closed(stream, error);
}

void Http2Connection::forget(Http2Stream& stream) {
  unready(stream);
  if (std::exchange(stream.windowless_, false)) --windowless_;
  streams_.erase(stream.id_);
  stream.id_ = 0;
  stream.has_body_ = false;
  if (streams_.size() == 0 && (goaway_final_ || goaway_received_)) {
    ending_ = true;
    flush();
  }
}

void Http2Connection::forget_all() {
  std::vector<Http2Stream*> all;
  streams_.each([&](Http2Stream& stream) { all.push_back(&stream); });
  for (Http2Stream* stream : all) forget(*stream);
}

char* Http2Connection::put_frame(FrameType type, uint8_t flags, int32_t id, size_t size) {
  if (out_.capacity() == 0) take_spare(spares.small, out_);
  size_t start = out_.size();
  out_.resize(start + kFrameHeaderBytes + size);
  write_frame_head(out_.data() + start, {static_cast<uint32_t>(size), type, flags, id});
  return out_.data() + start + kFrameHeaderBytes;
}

void Http2Connection::put_window_update(int32_t id, uint32_t bytes) {
  write_u32(put_frame(FrameType::kWindowUpdate, 0, id, 4), bytes);
}

void Http2Connection::flush() {
  if (!closed_) fiber::Scheduler::current().defer(*this);
}

void Http2Connection::run_deferred() noexcept {
  write_out();
  if (stalled() && !stall_watched_ && !closed_ && options_.limits.stall > Duration::zero() &&
      options_.role == Http2Options::Role::kServer) {
    auto started = fiber::Scheduler::current().spawn([this] { watch_stall(); });
    if (!started) return close();
    stall_watched_ = true;
    stall_watch_ = std::move(*started);
  }
}

void Http2Connection::write_out() noexcept {
  while (!closed_ && !blocked_) {
    if (ready_head_ && out_.capacity() <= kSmallBytes) take_spare(spares.large, out_);
    bool more = pump();
    if (!out_.empty()) {
      auto written = socket_.try_write(out_.view());
      if (!written) return close();
      if (*written < out_.size()) {
        sending_.assign(out_.view().substr(*written));
        out_.clear();
        blocked_ = true;
        auto started = fiber::Scheduler::current().spawn([this] { drain(); });
        if (!started) return close();
        drainer_ = std::move(*started);
        return;
      }
      out_.clear();
    }
    if (more) continue;
    if (ending_) return close();
    return give_spare(out_);
  }
  if (!closed_ && out_.size() > options_.limits.queued_bytes) give_up();
}

void Http2Connection::give_up() {
  if (options_.abuses) options_.abuses->add(Http2Abuse::kZeroWindow);
  tell(Refusal::Of::kConnection, http2_abuse_name(Http2Abuse::kZeroWindow));
  close();
}

void Http2Connection::drain() {
  auto written = write_sending();
  std::string().swap(sending_);
  blocked_ = false;
  if (!written) {
    return written.error().code() == Code::kDeadlineExceeded ? give_up() : close();
  }
  flush();
}

Result<void> Http2Connection::write_sending() {
  const Duration patience = options_.limits.stall;
  std::string_view rest = sending_;
  for (;;) {
    rest.remove_prefix(BIA_TRY(socket_.try_write(rest)));
    if (rest.empty()) return {};
    const uint64_t mark = socket_.delivery_mark();
    auto waited = socket_.wait_writable(patience > Duration::zero() ? Deadline::after(patience)
                                                                    : Deadline::never());
    const bool late = !waited && waited.error().code() == Code::kDeadlineExceeded;
    // The kernel may hold more than the peer reads in that time.
    if (!waited && !(late && socket_.delivery_mark() != mark)) return waited;
  }
}

bool Http2Connection::pump() {
  while (ready_head_ && send_window_ > 0 && out_.size() < kWriteBytes) {
    Http2Stream& stream = *ready_head_;
    unready(stream);
    if (stream.send_window_ > 0) {
      send_part(stream);
    } else {
      make_ready(stream);  // It waits for its window.
    }
  }
  return ready_head_ && send_window_ > 0;
}

void Http2Connection::send_part(Http2Stream& stream) {
  size_t most = std::min<size_t>({kFrameBytesMax, static_cast<size_t>(send_window_),
                                  static_cast<size_t>(stream.send_window_)});
  size_t start = out_.size();
  char* into = put_frame(FrameType::kData, 0, stream.id_, most);
  Events::BodyPart part = stream.events_->read_body(stream, {into, most});
  BIA_ASSERT(part.size <= most);
  bool end = part.then == Events::Body::kEnd;
  if (part.size == 0 && !end) {
    out_.resize(start);
  } else {
    out_.resize(start + kFrameHeaderBytes + part.size);
    write_frame_head(out_.data() + start, {static_cast<uint32_t>(part.size), FrameType::kData,
                                           end ? kFlagEndStream : uint8_t{0}, stream.id_});
    body_bytes_sent_ += part.size;
    send_window_ -= static_cast<int32_t>(part.size);
    stream.send_window_ -= static_cast<int32_t>(part.size);
  }
  switch (part.then) {
    case Events::Body::kMore:
      return make_ready(stream);
    case Events::Body::kPaused:
      stream.paused_ = true;
      return;
    case Events::Body::kEnd:
      return local_end(stream);
    case Events::Body::kTrailers:
      stream.has_body_ = false;
      return stream.events_->on_body_sent(stream);
  }
}

void Http2Connection::make_ready(Http2Stream& stream) {
  if (stream.ready_ || stream.paused_ || !stream.has_body_) return;
  // Without a window it waits for a WINDOW_UPDATE, which makes it ready again.
  const bool waits = stream.send_window_ <= 0;
  if (waits != stream.windowless_) {
    stream.windowless_ = waits;
    stream.stalled_ = false;
    windowless_ += waits ? 1 : -1;
  }
  if (waits) return;
  stream.ready_ = true;
  stream.next_ready_ = nullptr;
  stream.previous_ready_ = ready_tail_;
  (ready_tail_ ? ready_tail_->next_ready_ : ready_head_) = &stream;
  ready_tail_ = &stream;
}

void Http2Connection::unready(Http2Stream& stream) {
  if (!stream.ready_) return;
  stream.ready_ = false;
  (stream.previous_ready_ ? stream.previous_ready_->next_ready_ : ready_head_) = stream.next_ready_;
  (stream.next_ready_ ? stream.next_ready_->previous_ready_ : ready_tail_) = stream.previous_ready_;
}

}  // namespace bia::http
