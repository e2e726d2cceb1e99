// What the peer's SETTINGS change (RFC 9113 sections 6.5 and 6.9.2).
#include <algorithm>
#include <utility>

#include "http/http2/http2_connection.h"

namespace bia::http {

bool Http2Connection::on_settings_frame(const FrameHead& head, std::string_view payload) {
  if (head.id != 0) return fail(Http2Error::kProtocolError, "SETTINGS on a stream");
  if (head.flags & kFlagAck)
    return payload.empty() || fail(Http2Error::kFrameSizeError, "a SETTINGS answer with a payload");
  if (payload.size() % 6 != 0)
    return fail(Http2Error::kFrameSizeError, "SETTINGS that are not of 6 bytes each");
  // A frame of very many counts as several.
  constexpr size_t kEntriesMax = 32;
  for (size_t left = payload.size() / 6;; left -= kEntriesMax) {
    if (!peer_settings_.take(options_.limits.settings, read_at_))
      return fail(Http2Abuse::kSettings);
    if (left <= kEntriesMax) break;
  }
  int64_t window = -1;
  int64_t widest = 0;
  for (; !payload.empty(); payload.remove_prefix(6)) {
    auto key = static_cast<uint16_t>(read_u32(payload.data()) >> 16);
    const uint32_t value = read_u32(payload.data() + 2);
    if (!apply_setting(key, value)) return false;
    if (key != kSettingInitialWindowSize) continue;
    window = value;
    widest = std::max(widest, window);
  }
  if (window >= 0 && !move_windows(window, widest)) return false;
  put_frame(FrameType::kSettings, kFlagAck, 0, 0);
  events_.on_settings();
  return true;
}

bool Http2Connection::apply_setting(uint16_t key, uint32_t value) {
  switch (key) {
    case kSettingHeaderTableSize:
      encoder_.set_table_max(value);
      return true;
    case kSettingEnablePush:
      return value <= 1 || fail(Http2Error::kProtocolError, "SETTINGS_ENABLE_PUSH above 1");
    case kSettingMaxConcurrentStreams:
      peer_streams_max_ = value;
      return true;
    case kSettingMaxHeaderListSize:
      peer_header_bytes_max_ = value;
      return true;
    case kSettingMaxFrameSize:
      return (value >= kFrameBytesMax && value < 1u << 24) ||
             fail(Http2Error::kProtocolError, "SETTINGS_MAX_FRAME_SIZE out of range");
    case kSettingInitialWindowSize:
      return value <= kWindowMax ||
             fail(Http2Error::kFlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE above 2147483647");
    default:
      return true;
  }
}

// Once a frame: each of its values would cost as much as there are streams.
bool Http2Connection::move_windows(int64_t to, int64_t widest) {
  const int64_t before = std::exchange(peer_stream_window_, static_cast<int32_t>(to));
  bool overflow = false;
  streams_.each([&](Http2Stream& stream) {
    int64_t window = stream.send_window_ + (to - before);
    overflow |= stream.send_window_ + (widest - before) > static_cast<int64_t>(kWindowMax) ||
                window < -static_cast<int64_t>(kWindowMax);
    stream.send_window_ = static_cast<int32_t>(window);
    make_ready(stream);
  });
  return !overflow ||
         fail(Http2Error::kFlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE overflows a window");
}

}  // namespace bia::http
