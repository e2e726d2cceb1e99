#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bia::grpc {

/// Replaces `out` by `bytes` in gzip's format (RFC 1952).
void gzip(std::string_view bytes, std::string& out);

enum class Gunzipped { kWhole, kTooLarge, kBad };
/// Replaces `out` by what `bytes` unpack to: never above `bytes_max`, however little the input is.
Gunzipped gunzip(std::string_view bytes, size_t bytes_max, std::string& out);

}  // namespace bia::grpc
