// layer: http
// Header blocks: decoding any bytes is safe, and what was decoded survives our encoder and comes
// back the same.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/assert.h"
#include "http/http2/hpack.h"

namespace {

using namespace bia::http;
using Fields = std::vector<std::pair<std::string, std::string>>;

bool decode(HpackDecoder& decoder, std::string_view block, Fields& fields) {
  decoder.begin(block);
  size_t bytes = 0;
  for (HpackField field;;) {
    switch (decoder.next(field)) {
      case HpackDecoder::Next::kEnd:
        return true;
      case HpackDecoder::Next::kError:
        return false;
      case HpackDecoder::Next::kField:
        // As a connection does: views are used, and little is kept of what decompresses to much.
        bytes += field.name.size() + field.value.size() + 32;
        if (bytes < 1 << 16) fields.emplace_back(field.name, field.value);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  HpackDecoder decoder, ours;
  HpackEncoder encoder;
  // Blocks of up to 255 bytes on one connection.
  while (!rest.empty()) {
    size_t block = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    Fields fields, again;
    if (!decode(decoder, rest.substr(0, block), fields)) return 0;
    rest.remove_prefix(block < rest.size() ? block : rest.size());
    if (block % 16 == 15) encoder.set_table_max(block * 20);
    ByteBuffer out;
    encoder.begin(out);
    for (size_t i = 0; i < fields.size(); ++i) {
      Http2Field field{fields[i].first, fields[i].second};
      field.table = static_cast<Http2Field::Table>((i + block) % 3);
      encoder.add(out, field);
    }
    BIA_ASSERT(decode(ours, out.view(), again) && fields == again);
  }
  return 0;
}
