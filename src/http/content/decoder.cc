#include "http/content/decoder.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

namespace bia::http {
namespace {

constexpr size_t kStepBytesMin = 16 * 1024;
constexpr size_t kStepBytesMax = 1024 * 1024;

Error broken(Coding coding) {
  return Error(Code::kInvalidArgument, "BAD_ENCODING",
               fmt::format("the body is no {} as Content-Encoding says", coding_name(coding)));
}
Error no_memory() {
  return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory to unpack a body");
}

/// Room at the end of a body that must not grow above a limit. One byte above it is given, so that
/// a body of exactly the limit is known from a longer one.
class Output {
 public:
  Output(std::string& out, size_t bytes_max)
      : out_(out), used_(out.size()), bytes_max_(std::min(bytes_max, out.max_size() - 1)) {}
  ~Output() { out_.resize(used_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  /// Grows only where none is left: the input may be members of no bytes, thousands of them.
  size_t room() {
    if (used_ == out_.size())
      out_.resize(used_ + std::min(std::clamp(used_, kStepBytesMin, kStepBytesMax),
                                   bytes_max_ + 1 - used_));
    return out_.size() - used_;
  }
  char* at() { return out_.data() + used_; }
  /// False above the limit.
  bool take(size_t written) {
    used_ += written;
    return used_ <= bytes_max_;
  }
  void append(std::string_view bytes) {
    out_.append(bytes);
    used_ = out_.size();
  }
  Error too_large() const {
    return Error::from_http(413, "BODY_TOO_LARGE",
                            fmt::format("the body unpacks to more than {} bytes; raise "
                                        "server.http.body_bytes_max to accept it",
                                        bytes_max_));
  }

 private:
  std::string& out_;
  size_t used_;
  size_t bytes_max_;
};

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

Result<void> inflate_as(Coding coding, int window, std::string_view in, Output& out) {
  z_stream stream;
  std::memset(&stream, 0, sizeof stream);
  // zlib counts in 32 bits.
  if (in.size() > std::numeric_limits<uInt>::max()) return out.too_large();
  if (inflateInit2(&stream, window) != Z_OK) return no_memory();
  const std::unique_ptr<z_stream, InflateEnd> end(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    const size_t room = out.room();
    stream.avail_out = static_cast<uInt>(room);
    stream.next_out = reinterpret_cast<Bytef*>(out.at());
    const int state = inflate(&stream, Z_NO_FLUSH);
    if (!out.take(room - stream.avail_out)) return out.too_large();
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      // RFC 1952 section 2.2: members follow each other.
      if (coding != Coding::kGzip || inflateReset(&stream) != Z_OK) return broken(coding);
      continue;
    }
    if (state == Z_MEM_ERROR) return no_memory();
    if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return broken(coding);
  }
}

Result<void> unpack_brotli(std::string_view in, Output& out) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) return no_memory();
  size_t left = in.size();
  const auto* next = reinterpret_cast<const uint8_t*>(in.data());
  for (;;) {
    const size_t room = out.room();
    size_t unused = room;
    auto* to = reinterpret_cast<uint8_t*>(out.at());
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state.get(), &left, &next, &unused, &to, nullptr);
    if (!out.take(room - unused)) return out.too_large();
    if (result == BROTLI_DECODER_RESULT_SUCCESS && left == 0) return {};
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return broken(Coding::kBrotli);
  }
}

Result<void> unpack_zstd(std::string_view in, Output& out) {
  // A frame may ask for a window of 2 GB: 8 MB is what RFC 8878 section 3.1.1.1.2 recommends.
  constexpr int kWindowLogMax = 23;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  if (!context) return no_memory();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  for (;;) {
    const size_t room = out.room();
    ZSTD_outBuffer to{out.at(), room, 0};
    const size_t state = ZSTD_decompressStream(context.get(), &to, &from);
    if (!out.take(to.pos)) return out.too_large();
    if (ZSTD_isError(state)) return broken(Coding::kZstd);
    // 0: the frame has ended, and all of it is out; another may follow.
    if (from.pos == from.size && state == 0) return {};
    if (from.pos == from.size && to.pos < room) return broken(Coding::kZstd);
  }
}

}  // namespace

Result<void> decode(Coding coding, std::string_view in, size_t bytes_max, std::string& out) {
  Output output(out, bytes_max);
  switch (coding) {
    case Coding::kIdentity:
      if (in.size() > bytes_max) return output.too_large();
      output.append(in);
      return {};
    case Coding::kGzip:
      return inflate_as(coding, 15 + 16, in, output);
    case Coding::kDeflate: {
      // zlib's form by RFC 9110 section 8.4.1.2; the first byte tells the bare one, which some
      // send.
      const bool zlib =
          in.size() >= 2 && (in[0] & 0x0f) == Z_DEFLATED &&
          ((static_cast<uint8_t>(in[0]) << 8) + static_cast<uint8_t>(in[1])) % 31 == 0;
      return inflate_as(coding, zlib ? 15 : -15, in, output);
    }
    case Coding::kBrotli:
      return unpack_brotli(in, output);
    case Coding::kZstd:
      return unpack_zstd(in, output);
  }
  return broken(coding);
}

}  // namespace bia::http
