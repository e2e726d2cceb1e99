#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/net/socket.h"
#include "http/http2/hpack.h"
#include "http/http2/http2_guard.h"
#include "http/http2/http2_protocol.h"
#include "http/http2/http2_stream.h"
#include "http/message/byte_buffer.h"

namespace bia::http {

/// What a connection's owner learns while bytes are read and written. Nothing here may suspend or
/// throw.
class Http2Events {
 public:
  /// Server: a request begins. Null refuses it (REFUSED_STREAM).
  virtual Http2Stream* on_request() noexcept { return nullptr; }
  enum class Block : uint8_t { kHead, kTrailers };
  virtual void on_header(Http2Stream& stream, Block block, std::string_view name,
                         std::string_view value) noexcept = 0;
  enum class EndStream : bool { kNo, kYes };
  /// A head (on the client also each interim one) or trailers are complete and well-formed; not
  /// whole where `stream.block_bytes()` is above the limit.
  virtual void on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept = 0;
  /// Not given back to the flow-control windows: `consume` does.
  virtual void on_data(Http2Stream& stream, std::string_view bytes) noexcept = 0;
  /// END_STREAM came with a DATA frame.
  virtual void on_end_stream(Http2Stream& stream) noexcept = 0;
  /// The stream is no longer the connection's: both sides ended (kNoError), or either reset it, or
  /// GOAWAY left it out (kRefusedStream).
  virtual void on_stream_closed(Http2Stream& stream, Http2Error error) noexcept = 0;
  virtual void on_goaway(Http2Error, std::string_view /*debug*/) noexcept {}
  virtual void on_settings() noexcept {}
  virtual void on_ping_ack() noexcept {}
  /// kMore: call again when windows permit. kPaused: nothing until `resume_body`. kEnd: END_STREAM.
  /// kTrailers: the owner sends trailers in `on_body_sent`, which follows at once.
  enum class Body : uint8_t { kMore, kPaused, kEnd, kTrailers };
  struct BodyPart {
    size_t size = 0;
    Body then = Body::kEnd;
  };
  virtual BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept = 0;
  virtual void on_body_sent(Http2Stream&) noexcept {}

 protected:
  ~Http2Events() = default;
};

struct Http2Options {
  enum class Role { kServer, kClient } role = Role::kServer;
  /// Initial window of each stream that the peer sends on, and of the connection.
  uint32_t stream_window_bytes = 1 << 20;
  uint32_t connection_window_bytes = 4 << 20;
  /// Server: streams that the peer may have open at once.
  uint32_t streams_max = 1024;
  /// Of one header block, before and after decompression.
  uint32_t header_bytes_max = 64 * 1024;
  /// For the peer's preface and SETTINGS to come and, on a server, for each frame from its first
  /// byte to its last, a header block as one; DATA has `limits.stall` without a byte. Zero: none.
  Duration handshake_timeout = std::chrono::seconds(20);
  Http2Limits limits;
  /// Server: PINGs of a peer that has a stream open may come `interval_min` after one another, else
  /// two hours; the third that comes sooner, and none of our DATA between them, is above the limit
  /// on PINGs (grpc-go's keepalive.EnforcementPolicy). Zero: `limits.pings` alone.
  struct PingPolicy {
    Duration interval_min{};
    bool without_streams = false;  ///< `interval_min` is for peers without streams too.
  } ping_policy;
  /// Told of the limit that ended the connection; may be null.
  Http2AbuseCounters* abuses = nullptr;
};

/// One HTTP/2 connection (RFC 9113), either side, cleartext with prior knowledge. Frames are parsed
/// in place as they are read; what is sent is gathered and written once a loop turn. Belongs to its
/// thread.
class Http2Connection final : private fiber::Scheduler::Deferred {
 public:
  /// `events` must outlive the connection.
  Http2Connection(net::Socket socket, const Http2Options& options, Http2Events& events);
  ~Http2Connection() override;

  /// Reads until the connection ends. Suspends. `first` was already read from the socket. The error
  /// says why it ended: kUnavailable (lost), kInvalidArgument (not HTTP/2, or against the
  /// protocol), kCancelled; none for an orderly end. Streams that are open then are closed without
  /// a word to the owner.
  Result<void> run(std::string_view first = {});

  /// Client: true where a stream may be opened now (the peer's SETTINGS_MAX_CONCURRENT_STREAMS).
  bool can_open() const { return streams_.size() < peer_streams_max_; }
  /// The peer has not said what it must say first.
  bool awaits_peer() const { return settings_pending_; }
  /// Client: true where streams may still be opened, now or later.
  bool accepts_streams() const {
    return !closed_ && !goaway_received_ && !ending_ && next_id_ <= kStreamIdMax - 2;
  }
  /// Client: gives the stream its id; its head must follow at once.
  void open(Http2Stream& stream);
  /// Server: the request whose head has just ended is another's from now on: `to` takes the place
  /// of `from`, and `events` is told of it. Before anything was answered.
  void hand_over(Http2Stream& from, Http2Stream& to, Http2Events& events);
  /// Sends a head or trailers. The views are used during the call only.
  void send_headers(Http2Stream& stream, std::span<const Http2Field> fields,
                    Http2Events::EndStream end);
  /// After the head: the body comes from `read_body`.
  void start_body(Http2Stream& stream);
  void resume_body(Http2Stream& stream);
  /// RST_STREAM. `on_stream_closed` is not called. Does nothing on a stream that is closed.
  void reset(Http2Stream& stream, Http2Error error);
  /// Gives received bytes back to the windows of the stream, if it is open, and of the connection.
  void consume(Http2Stream& stream, size_t bytes);
  enum class Ping : uint8_t { kAlive, kShutDown };
  void ping(Ping why = Ping::kAlive);
  /// Server: asks the peer to go (RFC 9113 section 6.8): a notice with the largest id first, and
  /// after a round trip, when what was under way has arrived, the real last id. The connection ends
  /// with its last stream. `debug` goes along in the notice.
  void shut_down(std::string_view debug = {});
  /// Lets `run` return soon; what the kernel has not taken yet is lost.
  void close();
  bool closed() const { return closed_; }
  /// What the peer says that it takes of one header block (SETTINGS_MAX_HEADER_LIST_SIZE).
  size_t peer_header_bytes_max() const { return peer_header_bytes_max_; }
  size_t open_streams() const { return streams_.size(); }
  net::Socket& socket() { return socket_; }
  uint64_t bytes_read() const { return socket_.bytes_read(); }
  uint64_t bytes_written() const { return socket_.bytes_written(); }
  /// The moment at which the bytes now being parsed were read: saves a clock read per request.
  TimePoint read_at() const { return read_at_; }

 private:
  using Events = Http2Events;
  enum class Goaway { kNotice, kFinal };

  void start();
  Result<void> feed(std::string_view bytes);
  /// Until when the next bytes must be there.
  Deadline read_deadline(Deadline handshake) const {
    if (settings_pending_) return handshake;
    return partial_.empty() && block_id_ == 0 ? Deadline::never() : frame_deadline();
  }
  Deadline frame_deadline() const;
  /// Half a record, while requests are in progress: their bodies have times of their own.
  bool may_be_body(const Error& failed) const {
    return failed.reason() == "TLS_RECORD" && streams_.size() > 0;
  }
  bool partial_is_data() const;
  /// Bytes of `bytes` that are parsed; the rest is the beginning of a frame.
  size_t parse(std::string_view bytes);
  // One frame each; false after `fail`.
  bool on_frame(const FrameHead& head, std::string_view payload);
  bool on_data_frame(const FrameHead& head, std::string_view payload);
  bool on_headers_frame(const FrameHead& head, std::string_view payload);
  bool on_continuation(const FrameHead& head, std::string_view payload);
  bool on_rst_stream(const FrameHead& head, std::string_view payload);
  bool on_settings_frame(const FrameHead& head, std::string_view payload);
  bool apply_setting(uint16_t key, uint32_t value);
  /// The streams' windows after a SETTINGS frame whose last value is `to`, and largest `widest`.
  bool move_windows(int64_t to, int64_t widest);
  bool on_ping_frame(const FrameHead& head, std::string_view payload);
  bool on_goaway_frame(const FrameHead& head, std::string_view payload);
  bool on_window_update(const FrameHead& head, std::string_view payload);
  bool strip_padding(const FrameHead& head, std::string_view& payload);
  bool is_idle(int32_t id) const;
  // Header blocks.
  bool on_block(int32_t id, std::string_view block, Events::EndStream end);
  Http2Stream* open_request(int32_t id);
  bool decode_block(Http2Stream* stream, std::string_view block, Events::EndStream end);
  /// GOAWAY with the error; the connection ends after it is sent. Returns false.
  /// `debug`, or else `why`, goes along in GOAWAY.
  bool fail(Http2Error error, std::string_view why, std::string_view debug = {});
  /// The same for a limit of `options_.limits`.
  bool fail(Http2Abuse abuse);
  /// Of a peer that does not read: without a GOAWAY.
  void give_up();
  void tell(Refusal::Of of, std::string_view reason) const;
  /// True where bodies wait for windows.
  bool stalled() const { return windowless_ > 0 || (ready_head_ && send_window_ <= 0); }
  /// A fiber's work: ends the connection if its bodies wait too long.
  void watch_stall();
  /// Streams whose windows were shut at the last look and are now.
  void reset_stalled();
  void reset_id(int32_t id, Http2Error error);
  /// For a fault of the peer's. False where the connection failed for too many.
  bool reset_faulty(int32_t id, Http2Error error);
  bool count_reset();
  /// Of a stream that we reset: the peer's own RST_STREAM of it is not counted again.
  bool count_our_reset();
  void send_goaway(Goaway kind, std::string_view debug = {});
  /// False for one that is above the limits.
  bool take_ping();
  /// Ends what the peer sends; the stream closes if ours ended as well.
  void remote_end(Http2Stream& stream);
  void local_end(Http2Stream& stream);
  void close_stream(Http2Stream& stream, Http2Error error);
  void forget(Http2Stream& stream);
  void forget_all();
  void adopt(Http2Stream& stream, int32_t id);
  // Output.
  char* put_frame(FrameType type, uint8_t flags, int32_t id, size_t size);
  void put_window_update(int32_t id, uint32_t bytes);
  void flush();
  void run_deferred() noexcept override;
  void write_out() noexcept;
  /// Moves bodies into `out_`, as far as windows and its size permit. False where nothing is left
  /// that could go.
  bool pump();
  void send_part(Http2Stream& stream);
  void make_ready(Http2Stream& stream);
  void unready(Http2Stream& stream);
  void drain();
  /// Fails with kDeadlineExceeded where the peer takes nothing for `limits.stall`. Suspends.
  Result<void> write_sending();

  net::Socket socket_;
  Http2Events& events_;
  const Http2Options options_;
  Http2StreamMap streams_;
  HpackDecoder decoder_;
  HpackEncoder encoder_;
  TimePoint read_at_{};
  // Input.
  std::string partial_;           // The beginning of a frame whose rest has not come.
  TimePoint unfinished_since_{};  // The frame of `partial_`, or the block; DATA: its last bytes.
  std::string block_;             // A header block that goes on in CONTINUATION frames.
  int32_t block_id_ = 0;
  Events::EndStream block_end_ = Events::EndStream::kNo;
  bool preface_pending_;
  bool settings_pending_ = true;  // The peer's first frame must be SETTINGS.
  int32_t last_peer_id_ = 0;
  int32_t next_id_ = 1;
  // Streams that we reset of late: what was under way on them is no offence.
  std::vector<int32_t> reset_ids_;
  size_t resets_ = 0;
  size_t our_resets_ = 0;  // Counted, whose peer has not reset them as well.
  int32_t receive_window_;
  uint32_t consumed_ = 0;
  // What the peer does to keep us busy.
  Http2Bucket peer_resets_;
  Http2Bucket peer_settings_;
  Http2Bucket peer_pings_;
  TimePoint peer_pinged_at_{};
  uint64_t body_bytes_at_ping_ = 0;
  uint8_t ping_strikes_ = 0;
  Http2Bucket empty_data_;
  uint32_t continuations_ = 0;
  uint64_t body_bytes_sent_ = 0;
  uint32_t windowless_ = 0;  // Streams whose bodies wait for their windows.
  bool stall_watched_ = false;
  fiber::Fiber stall_watch_;
  // Output.
  ByteBuffer out_;
  Http2Stream* ready_head_ = nullptr;
  Http2Stream* ready_tail_ = nullptr;
  int32_t send_window_ = kWindowDefault;
  int32_t peer_stream_window_ = kWindowDefault;
  uint32_t peer_streams_max_;
  uint32_t peer_header_bytes_max_ = UINT32_MAX;
  bool goaway_received_ = false;
  bool goaway_final_ = false;
  bool shutting_down_ = false;
  bool ending_ = false;  // Close once `out_` is written.
  bool closed_ = false;
  bool blocked_ = false;  // A fiber is writing `sending_`.
  std::string sending_;
  std::string why_;  // What the peer did wrong.
  Http2Error why_error_ = Http2Error::kNoError;
  fiber::Fiber drainer_;
};

}  // namespace bia::http
