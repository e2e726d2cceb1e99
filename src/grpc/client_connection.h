#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/grpc/client.h"
#include "grpc/client_call.h"
#include "grpc/fields.h"
#include "http/http2/http2_connection.h"
#include "http/http2/http2_guard.h"

namespace bia::grpc {

/// The reason of a connection that its server ended at once, without a fault (GOAWAY, NO_ERROR).
inline constexpr std::string_view kGoingAway = "GOING_AWAY";

/// The client's side of one connection. Kept alive by its reader's fiber and by the calls on it.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection>,
                               private http::Http2Events {
 public:
  /// Starts the reader, and waits for the server's SETTINGS, without which it may be no HTTP/2 at
  /// all; `early` was received of them already. Suspends. Errors: kUnavailable (kGoingAway,
  /// PREFACE), kDeadlineExceeded, kCancelled, kResourceExhausted.
  static Result<std::shared_ptr<ClientConnection>> start(net::Socket socket, std::string_view early,
                                                         const ChannelOptions& options,
                                                         Deadline deadline);
  /// False once no new call may begin: closed, GOAWAY, or out of stream ids.
  bool usable() const { return http2_->accepts_streams(); }
  /// True where a call may begin now; else `wait_slot`, which also ends when the connection does.
  /// Suspends.
  bool has_slot() const { return http2_->can_open(); }
  Result<void> wait_slot(Deadline deadline) { return slots_.wait(deadline); }
  void submit(ClientCall& call, const FieldList& head);
  /// RST_STREAM; nothing more is told to the call.
  void abandon(ClientCall& call);
  /// The server has ended it for the keepalive pings.
  bool pings_too_often() const { return pings_too_often_; }
  void close() { http2_->close(); }
  http::Http2Connection& http2() { return *http2_; }
  uint64_t bytes_read() const { return http2_->bytes_read(); }
  uint64_t bytes_written() const { return http2_->bytes_written(); }

 private:
  void read_all(std::string_view early);
  Result<void> wait_settings(Deadline deadline);
  void keep_alive(Duration time, Duration timeout);
  void on_ping_ack() noexcept override { acks_.wake_all(); }
  void remove(ClientCall& call);
  void on_header(http::Http2Stream& stream, Block block, std::string_view name,
                 std::string_view value) noexcept override;
  void on_headers_end(http::Http2Stream& stream, Block block, EndStream end) noexcept override;
  void on_data(http::Http2Stream& stream, std::string_view bytes) noexcept override;
  void on_end_stream(http::Http2Stream& stream) noexcept override;
  void on_stream_closed(http::Http2Stream& stream, http::Http2Error error) noexcept override;
  void on_settings() noexcept override {
    settings_seen_ = true;
    slots_.wake_all();
  }
  void on_goaway(http::Http2Error error, std::string_view debug) noexcept override;
  BodyPart read_body(http::Http2Stream& stream, std::span<char> into) noexcept override;

  std::unique_ptr<http::Http2Connection> http2_;
  std::vector<ClientCall*> live_;
  fiber::WaitQueue slots_;
  fiber::Fiber keeper_;
  fiber::WaitQueue acks_;
  bool settings_seen_ = false;
  bool pings_too_often_ = false;
  bool going_away_ = false;  ///< The server has asked for it, and finds no fault.
  bool ended_ = false;
  std::string goaway_;    ///< what the first one said
  std::string why_lost_;  ///< where it was this side that gave up; at the end, why it ended
};

}  // namespace bia::grpc
