#include "zelus/modules/http/content_encoding.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {

// Go's texts, which k6 prints.
Error broken(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_ENCODING", std::move(message));
}
Error cut() { return Error(Code::kInvalidArgument, "CUT_ENCODING", "unexpected EOF"); }
Error too_large() {
  return Error(Code::kOutOfRange, "BODY_TOO_LARGE", "the unpacked body is larger than 1 GiB");
}

Error zlib_error(std::string_view name, const z_stream& stream, int state, size_t size) {
  const size_t head = name == "gzip" ? 10 : 2;
  if (size < head) return Error(Code::kInvalidArgument, "CUT_ENCODING_HEAD", "unexpected EOF");
  if (state != Z_DATA_ERROR) return cut();
  const std::string_view why = stream.msg == nullptr ? "" : stream.msg;
  if (why == "incorrect data check" || why == "incorrect length check")
    return broken(fmt::format("{}: invalid checksum", name));
  if (stream.total_out == 0 &&
      (why.find("header") != std::string_view::npos || why == "unknown compression method" ||
       why == "invalid window size"))
    return broken(fmt::format("{}: invalid header", name));
  return Error(Code::kInvalidArgument, "CORRUPT_ENCODING",
               fmt::format("flate: corrupt input before offset {}",
                           stream.total_in - std::min<size_t>(stream.total_in, head)));
}

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
    // RFC 1952 section 2.2: members follow each other.
    if (name == "gzip" && state == Z_STREAM_END && stream.avail_in > 0)
      state = inflateReset(&stream);
  }
  const std::optional<Error> failed =
      state == Z_STREAM_END ? std::nullopt
                            : std::optional<Error>(zlib_error(name, stream, state, body.size()));
  inflateEnd(&stream);
  if (out.size() > kUnpackedBytesMax) return too_large();
  if (failed) return *failed;
  body = std::move(out);
  return {};
}

Result<void> unpack_brotli(std::string& body) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  if (state == nullptr) return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory");
  std::string out;
  uint8_t buffer[8192];
  size_t left = body.size();
  const auto* next = reinterpret_cast<const uint8_t*>(body.data());
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && out.size() <= kUnpackedBytesMax) {
    size_t room = sizeof(buffer);
    uint8_t* to = buffer;
    result = BrotliDecoderDecompressStream(state, &left, &next, &room, &to, nullptr);
    out.append(reinterpret_cast<const char*>(buffer), sizeof(buffer) - room);
  }
  std::string_view why = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state));
  BrotliDecoderDestroyInstance(state);
  if (out.size() > kUnpackedBytesMax) return too_large();
  if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return cut();
  if (result != BROTLI_DECODER_RESULT_SUCCESS) {
    for (std::string_view prefix : {"_ERROR_FORMAT_", "_ERROR_"})
      if (why.starts_with(prefix)) why.remove_prefix(prefix.size());
    return Error(Code::kInvalidArgument, "BAD_BROTLI", fmt::format("brotli: {}", why));
  }
  body = std::move(out);
  return {};
}

Result<void> unpack_zstd(std::string& body) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  if (context == nullptr) return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory");
  std::string out;
  char buffer[8192];
  ZSTD_inBuffer in = {body.data(), body.size(), 0};
  size_t state = 1;
  bool full = true;
  // 0: a frame ended; another may follow. Without progress the data is cut short.
  while ((in.pos < in.size || (full && state != 0)) && !ZSTD_isError(state) &&
         out.size() <= kUnpackedBytesMax) {
    ZSTD_outBuffer to = {buffer, sizeof(buffer), 0};
    state = ZSTD_decompressStream(context, &to, &in);
    full = to.pos == to.size;
    out.append(buffer, to.pos);
  }
  ZSTD_freeDCtx(context);
  if (out.size() > kUnpackedBytesMax) return too_large();
  if (ZSTD_isError(state)) {
    if (ZSTD_getErrorCode(state) == ZSTD_error_prefix_unknown)
      return broken("invalid input: magic number mismatch");
    return Error(Code::kInvalidArgument, "CORRUPT_ENCODING",
                 fmt::format("zstd: {}", ZSTD_getErrorName(state)));
  }
  if (state != 0) return cut();
  body = std::move(out);
  return {};
}

/// `window` 15+16: gzip; 15: zlib, which HTTP calls deflate.
bool pack_zlib(int window, std::string& body) {
  z_stream stream;
  std::memset(&stream, 0, sizeof(stream));
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return false;
  std::string out(deflateBound(&stream, body.size()), 0);
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  bool ok = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (ok) body = std::move(out);
  return ok;
}

bool pack_brotli(std::string& body) {
  std::string out(BrotliEncoderMaxCompressedSize(body.size()) + 16, 0);
  size_t size = out.size();
  bool ok =
      BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC,
                            body.size(), reinterpret_cast<const uint8_t*>(body.data()), &size,
                            reinterpret_cast<uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(size);
  if (ok) body = std::move(out);
  return ok;
}

bool pack_zstd(std::string& body) {
  std::string out(ZSTD_compressBound(body.size()), 0);
  size_t size =
      ZSTD_compress(out.data(), out.size(), body.data(), body.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size)) return false;
  out.resize(size);
  body = std::move(out);
  return true;
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
      if (auto failed = unpack("zlib", 15 + 32, body); !failed && !unpack("zlib", -15, body))
        return failed;
    } else if (name == "br") {
      BIA_TRY(unpack_brotli(body));
    } else if (name == "zstd") {
      BIA_TRY(unpack_zstd(body));
    }
  }
  return {};
}

Result<void> encode_content(std::string_view compression, std::string& body,
                            std::string& encodings) {
  encodings.clear();
  while (!compression.empty()) {
    size_t comma = compression.find(',');
    std::string_view name = trimmed(compression.substr(0, comma));
    compression.remove_prefix(comma == std::string_view::npos ? compression.size() : comma + 1);
    bool ok = true;
    if (name == "gzip") {
      ok = pack_zlib(15 + 16, body);
    } else if (name == "deflate") {
      ok = pack_zlib(15, body);
    } else if (name == "br") {
      ok = pack_brotli(body);
    } else if (name == "zstd") {
      ok = pack_zstd(body);
    } else {
      return Error(Code::kInvalidArgument, "COMPRESSION",
                   fmt::format("unknown compression algorithm {}, supported algorithms are [gzip "
                               "deflate zstd br]",
                               name));
    }
    if (!ok) return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory to pack a body");
    encodings += fmt::format("{}{}", encodings.empty() ? "" : ", ", name);
  }
  return {};
}

}  // namespace zelus::modules
