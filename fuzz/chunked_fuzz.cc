// layer: http
// The chunked coding of a body alone, within small limits: in pieces it must be what it is as a
// whole.
#include <algorithm>
#include <cstdint>
#include <string>

#include "bia/base/assert.h"
#include "http/http1/chunked.h"

namespace {

using namespace bia::http;

constexpr uint64_t kBodyBytesMax = 4096;

struct Decoded {
  Parsed parsed = Parsed::kNeedMore;
  std::string body;
  size_t used = 0;
  const char* reason = "";
};

Decoded decode(std::string bytes, size_t step) {
  ChunkedDecoder decoder(kBodyBytesMax);
  Decoded out;
  while (out.used < bytes.size() && out.parsed == Parsed::kNeedMore) {
    // A buffer of its own, so that a read beyond the piece is seen.
    std::string piece = bytes.substr(out.used, step);
    ChunkedDecoder::Step taken;
    out.parsed = decoder.decode(piece.data(), piece.size(), taken);
    BIA_ASSERT(taken.consumed <= piece.size());
    BIA_ASSERT(taken.produced <= taken.consumed || out.parsed == Parsed::kBad);
    BIA_ASSERT(taken.consumed == piece.size() || out.parsed != Parsed::kNeedMore);
    out.body.append(piece, 0, taken.produced);
    out.used += taken.consumed;
  }
  if (out.parsed == Parsed::kBad) out.reason = decoder.problem().reason;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded whole = decode(bytes, SIZE_MAX);
  const Decoded pieces = decode(bytes, std::max<size_t>(data[0], 1));
  BIA_ASSERT(whole.parsed == pieces.parsed && std::string(whole.reason) == pieces.reason);
  if (whole.parsed == Parsed::kBad) return 0;
  BIA_ASSERT(whole.body == pieces.body && whole.used == pieces.used);
  BIA_ASSERT(whole.body.size() <= kBodyBytesMax);
  return 0;
}
