// How a connection ends: by our GOAWAY, its peer's fault, or at once.
#include <fmt/format.h>
#include <sys/socket.h>

#include <utility>
#include <vector>

#include "http/http2/http2_connection.h"

namespace bia::http {

void Http2Connection::send_goaway(Goaway kind, std::string_view debug) {
  if (closed_ || goaway_final_) return;
  char* at = put_frame(FrameType::kGoaway, 0, 0, 8 + debug.size());
  write_u32(at, static_cast<uint32_t>(kind == Goaway::kNotice ? kStreamIdMax : last_peer_id_));
  write_u32(at + 4, static_cast<uint32_t>(Http2Error::kNoError));
  debug.copy(at + 8, debug.size());
  if (kind == Goaway::kFinal) goaway_final_ = true;
  if (goaway_final_ && streams_.size() == 0) ending_ = true;
  flush();
}

void Http2Connection::shut_down(std::string_view debug) {
  if (std::exchange(shutting_down_, true) || closed_) return;
  send_goaway(Goaway::kNotice, debug);
  ping(Ping::kShutDown);
}

bool Http2Connection::take_ping() {
  // As grpc-go has them.
  constexpr Duration kWithoutStreams = std::chrono::hours(2);
  constexpr uint8_t kStrikesMax = 2;
  const Http2Options::PingPolicy& policy = options_.ping_policy;
  if (policy.interval_min > Duration::zero()) {
    const Duration interval =
        streams_.size() == 0 && !policy.without_streams ? kWithoutStreams : policy.interval_min;
    const bool soon = read_at_ - std::exchange(peer_pinged_at_, read_at_) < interval;
    const bool sent = std::exchange(body_bytes_at_ping_, body_bytes_sent_) != body_bytes_sent_;
    // Clients measure the bandwidth by PINGs, when data comes. The first one finds none before.
    if (peer_pings_.empty() || sent) {
      ping_strikes_ = 0;
    } else if (soon && ++ping_strikes_ > kStrikesMax) {
      return false;
    }
  }
  return peer_pings_.take(options_.limits.pings, read_at_);
}

void Http2Connection::watch_stall() {
  while (!closed_ && !ending_ && stalled()) {
    const uint64_t before = body_bytes_sent_;
    if (!fiber::sleep_for(options_.limits.stall)) return;
    if (!closed_ && stalled() && body_bytes_sent_ == before) fail(Http2Abuse::kZeroWindow);
    if (!closed_ && !ending_) reset_stalled();
  }
  stall_watched_ = false;
}

/// A stream that takes something now and then must not keep the bodies of the others waiting here.
void Http2Connection::reset_stalled() {
  std::vector<int32_t> late;
  streams_.each([&](Http2Stream& stream) {
    if (stream.windowless_ && std::exchange(stream.stalled_, true)) late.push_back(stream.id_);
  });
  for (const int32_t id : late) {
    Http2Stream* stream = streams_.find(id);
    if (!stream) continue;
    if (options_.abuses) {
      ++options_.abuses->streams_stalled;
      tell(Refusal::Of::kRequest, http2_abuse_name(Http2Abuse::kZeroWindow));
    }
    close_stream(*stream, Http2Error::kEnhanceYourCalm);
    reset_id(id, Http2Error::kEnhanceYourCalm);
  }
}

void Http2Connection::close() {
  if (closed_) return;
  closed_ = true;
  if (socket_.is_tls()) socket_.shutdown_write();
  if (socket_.is_open()) ::shutdown(socket_.fd(), SHUT_RDWR);
}

void Http2Connection::tell(Refusal::Of of, std::string_view reason) const {
  if (options_.abuses && options_.abuses->on_refusal)
    options_.abuses->on_refusal({of, reason, 0, socket_.fd()});
}

bool Http2Connection::fail(Http2Error error, std::string_view why, std::string_view debug) {
  if (ending_) return false;
  // The other `fail` has counted its own.
  if (options_.abuses && error != Http2Error::kEnhanceYourCalm) {
    options_.abuses->add(error);
    tell(Refusal::Of::kConnection, http2_error_name(error));
  }
  if (debug.empty()) debug = why;  // Peers log it.
  why_ = fmt::format("{}: {}", http2_error_name(error), why);
  why_error_ = error;
  char* at = put_frame(FrameType::kGoaway, 0, 0, 8 + debug.size());
  write_u32(at, static_cast<uint32_t>(last_peer_id_));
  write_u32(at + 4, static_cast<uint32_t>(error));
  debug.copy(at + 8, debug.size());
  ending_ = true;
  flush();
  return false;
}

bool Http2Connection::fail(Http2Abuse abuse) {
  if (ending_) return false;
  if (options_.abuses) options_.abuses->add(abuse);
  tell(Refusal::Of::kConnection, http2_abuse_name(abuse));
  return fail(Http2Error::kEnhanceYourCalm,
              fmt::format("more than a peer may do of {}", http2_abuse_name(abuse)),
              abuse == Http2Abuse::kPing ? kTooManyPings : std::string_view());
}

}  // namespace bia::http
