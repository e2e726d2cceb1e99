#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace bia::codec {

/// Limits of google/protobuf/timestamp.proto and duration.proto.
inline constexpr int64_t kTimestampSecondsMin = -62135596800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kTimestampSecondsMax = 253402300799;  // 9999-12-31T23:59:59Z
inline constexpr int64_t kDurationSecondsMax = 315576000000;   // 10,000 years

/// "2024-01-02T03:04:05.678Z": 0, 3, 6 or 9 digits of fraction. False where the values are outside
/// what timestamp.proto allows.
bool append_timestamp(std::string& out, int64_t seconds, int32_t nanos);
/// RFC 3339 with any offset and up to 9 digits of fraction.
bool parse_timestamp(std::string_view text, int64_t& seconds, int32_t& nanos);
/// As Go's time.Parse by RFC3339Nano: any number of digits of fraction, behind a comma too. Returns
/// its error's text, empty where nothing is wrong.
std::string parse_go_time(std::string_view text, int64_t& seconds, int32_t& nanos);
/// "1.500s", "-3s". False where the values are outside what duration.proto allows.
bool append_duration(std::string& out, int64_t seconds, int32_t nanos);
bool parse_duration(std::string_view text, int64_t& seconds, int32_t& nanos);

/// Paths of a FieldMask: "foo_bar" to "fooBar" and back. False where the way back would not give
/// the same.
bool append_camel_path(std::string& out, std::string_view snake);
bool append_snake_path(std::string& out, std::string_view camel);

}  // namespace bia::codec
