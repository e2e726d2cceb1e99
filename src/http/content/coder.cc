#include "http/content/coder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <limits>
#include <memory>

namespace bia::http {
namespace {

// An answer is coded once and sent once: the levels are those where a level more costs more CPU
// than it saves bytes.
constexpr int kZlibLevel = 5;
constexpr int kBrotliQuality = 4;
constexpr int kZstdLevel = 3;

/// One of a thread: deflate's state is 270 KB, which would be most of the work of a small answer.
class Deflater {
 public:
  explicit Deflater(int window) {
    std::memset(&stream_, 0, sizeof stream_);
    good_ = deflateInit2(&stream_, kZlibLevel, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Deflater() {
    if (good_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  bool run(const std::string& in, std::string& out) {
    // zlib counts in 32 bits.
    if (in.size() > std::numeric_limits<uInt>::max()) return false;
    if (!good_ || deflateReset(&stream_) != Z_OK) return false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const bool whole = deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    out.resize(out.size() - stream_.avail_out);
    return whole;
  }

 private:
  z_stream stream_;
  bool good_ = false;
};

bool deflate_as(int window, const std::string& in, std::string& out) {
  constexpr int kGzipWindow = 15 + 16;
  thread_local std::unique_ptr<Deflater> gzip, zlib;
  auto& deflater = window == kGzipWindow ? gzip : zlib;
  if (!deflater) deflater = std::make_unique<Deflater>(window);
  return deflater->run(in, out);
}

bool brotli(const std::string& in, std::string& out) {
  size_t size = out.size();
  const bool whole =
      BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, in.size(),
                            reinterpret_cast<const uint8_t*>(in.data()), &size,
                            reinterpret_cast<uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(whole ? size : 0);
  return whole;
}

bool zstd(const std::string& in, std::string& out) {
  thread_local std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                            ZSTD_freeCCtx);
  if (!context) return false;
  const size_t size =
      ZSTD_compressCCtx(context.get(), out.data(), out.size(), in.data(), in.size(), kZstdLevel);
  if (ZSTD_isError(size)) return false;
  out.resize(size);
  return true;
}

}  // namespace

bool encode(Coding coding, std::string& body) {
  // What does not fit in the room of the original is not worth sending.
  std::string out(body.size(), '\0');
  bool whole = false;
  switch (coding) {
    case Coding::kIdentity:
      return false;
    case Coding::kGzip:
      whole = deflate_as(15 + 16, body, out);
      break;
    case Coding::kDeflate:
      // zlib's form, as RFC 9110 section 8.4.1.2 has it.
      whole = deflate_as(15, body, out);
      break;
    case Coding::kBrotli:
      whole = brotli(body, out);
      break;
    case Coding::kZstd:
      whole = zstd(body, out);
      break;
  }
  if (!whole) return false;
  body.swap(out);
  return true;
}

}  // namespace bia::http
