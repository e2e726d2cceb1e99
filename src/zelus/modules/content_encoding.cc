#include "zelus/modules/content_encoding.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {

/// `window` 15+32: gzip or zlib by the header; -15: raw deflate, which some servers send for
/// "deflate".
Result<void> unpack(std::string_view name, int window, std::string& body) {
  z_stream stream;
  std::memset(&stream, 0, sizeof(stream));
  if (inflateInit2(&stream, window) != Z_OK)
    return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory to unpack a body");
  std::string out;
  char buffer[8192];
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kUnpackedBytesMax) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof(buffer);
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof(buffer) - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > kUnpackedBytesMax)
    return Error(Code::kOutOfRange, "BODY_TOO_LARGE", "the unpacked body is larger than 1 GiB");
  if (state != Z_STREAM_END)
    return Error(Code::kInvalidArgument, "BAD_ENCODING", fmt::format("{}: invalid data", name));
  body = std::move(out);
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<void> decode_content(std::string_view encodings, std::string& body) {
  // Stacked encodings beyond a few are an attack.
  constexpr int kEncodingsMax = 8;
  for (int i = 0; i < kEncodingsMax && !encodings.empty() && !body.empty(); ++i) {
    size_t comma = encodings.rfind(',');
    std::string_view name =
        trimmed(comma == std::string_view::npos ? encodings : encodings.substr(comma + 1));
    encodings = comma == std::string_view::npos ? std::string_view() : encodings.substr(0, comma);
    if (name == "gzip" || name == "x-gzip") {
      BIA_TRY(unpack("gzip", 15 + 32, body));
    } else if (name == "deflate") {
      if (!unpack("deflate", 15 + 32, body)) BIA_TRY(unpack("deflate", -15, body));
    } else if (name == "br" || name == "zstd") {
      return Error(
          Code::kUnimplemented, "ENCODING",
          fmt::format("unpacking bodies with Content-Encoding {} is not built yet in zelus", name));
    }
  }
  return {};
}

}  // namespace zelus::modules
