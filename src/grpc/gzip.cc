#include "grpc/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "bia/base/assert.h"

namespace bia::grpc {
namespace {

constexpr int kGzipFormat = 16 + MAX_WBITS;
constexpr size_t kGrowBytes = 16 * 1024;

/// One a thread and direction: zlib's state is 256 KB to make, and little to reset.
struct Deflater {
  z_stream stream{};
  Deflater() {
    BIA_ASSERT(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFormat, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream); }
};

struct Inflater {
  z_stream stream{};
  Inflater() { BIA_ASSERT(inflateInit2(&stream, kGzipFormat) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
};

void set_input(z_stream& stream, std::string_view bytes) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

void set_output(z_stream& stream, std::string& out, size_t have) {
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
  stream.avail_out = static_cast<uInt>(out.size() - have);
}

}  // namespace

void gzip(std::string_view bytes, std::string& out) {
  thread_local Deflater deflater;
  z_stream& stream = deflater.stream;
  deflateReset(&stream);
  out.resize(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  set_input(stream, bytes);
  set_output(stream, out, 0);
  BIA_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
}

Gunzipped gunzip(std::string_view bytes, size_t bytes_max, std::string& out) {
  thread_local Inflater inflater;
  z_stream& stream = inflater.stream;
  inflateReset(&stream);
  set_input(stream, bytes);
  size_t have = 0;
  for (;;) {
    // One byte above the limit tells that it is exceeded.
    out.resize(std::min(bytes_max + 1, std::max(have * 2, kGrowBytes)));
    set_output(stream, out, have);
    const int result = inflate(&stream, Z_NO_FLUSH);
    have = out.size() - stream.avail_out;
    if (have > bytes_max) return Gunzipped::kTooLarge;
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      inflateReset(&stream);  // Another member follows (RFC 1952 section 2.2).
      continue;
    }
    if (result != Z_OK || stream.avail_out > 0) return Gunzipped::kBad;  // Cut short, or no gzip.
  }
  out.resize(have);
  return Gunzipped::kWhole;
}

}  // namespace bia::grpc
