#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Numbers of RFC 9113.
namespace bia::http {

enum class Http2Error : uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kSettingsTimeout = 0x4,
  kStreamClosed = 0x5,
  kFrameSizeError = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompressionError = 0x9,
  kConnectError = 0xa,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
  kHttp11Required = 0xd,
};
inline constexpr size_t kHttp2ErrorKinds = 14;
/// "PROTOCOL_ERROR"
std::string_view http2_error_name(Http2Error error);

enum class FrameType : uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoaway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
};

inline constexpr uint8_t kFlagEndStream = 0x1;
inline constexpr uint8_t kFlagAck = 0x1;
inline constexpr uint8_t kFlagEndHeaders = 0x4;
inline constexpr uint8_t kFlagPadded = 0x8;
inline constexpr uint8_t kFlagPriority = 0x20;

inline constexpr uint16_t kSettingHeaderTableSize = 0x1;
inline constexpr uint16_t kSettingEnablePush = 0x2;
inline constexpr uint16_t kSettingMaxConcurrentStreams = 0x3;
inline constexpr uint16_t kSettingInitialWindowSize = 0x4;
inline constexpr uint16_t kSettingMaxFrameSize = 0x5;
inline constexpr uint16_t kSettingMaxHeaderListSize = 0x6;

inline constexpr size_t kFrameHeaderBytes = 9;
/// SETTINGS_MAX_FRAME_SIZE's default: what we take, and the most that we send.
inline constexpr uint32_t kFrameBytesMax = 16'384;
inline constexpr uint32_t kWindowDefault = 65'535;
inline constexpr uint32_t kWindowMax = 0x7fffffff;
inline constexpr int32_t kStreamIdMax = 0x7fffffff;
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct FrameHead {
  uint32_t size = 0;
  FrameType type{};
  uint8_t flags = 0;
  int32_t id = 0;
};

inline uint32_t read_u32(const char* at) {
  auto byte = [&](int i) { return static_cast<uint32_t>(static_cast<unsigned char>(at[i])); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

inline void write_u32(char* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (24 - 8 * i));
}

inline FrameHead read_frame_head(const char* at) {
  uint32_t start = read_u32(at);
  return {start >> 8, static_cast<FrameType>(start & 0xff), static_cast<uint8_t>(at[4]),
          static_cast<int32_t>(read_u32(at + 5) & 0x7fffffff)};
}

inline void write_frame_head(char* at, const FrameHead& head) {
  write_u32(at, head.size << 8 | static_cast<uint32_t>(head.type));
  at[4] = static_cast<char>(head.flags);
  write_u32(at + 5, static_cast<uint32_t>(head.id));
}

}  // namespace bia::http
