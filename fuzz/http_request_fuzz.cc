// layer: http
// The server's request parser and chunked decoder: a request in pieces must be what it is as a
// whole.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "http/http1/chunked.h"
#include "http/http1/head_parser.h"

namespace {

using namespace bia::http;

Limits limits() {
  Limits small;
  small.request_line_bytes_max = 256;
  small.header_bytes_max = 1024;
  small.header_count_max = 16;
  small.body_bytes_max = 4096;
  return small;
}

Parsed decode(std::string bytes, size_t step, std::string& body, size_t& used) {
  ChunkedDecoder decoder(limits().body_bytes_max);
  Parsed parsed = Parsed::kNeedMore;
  for (used = 0; used < bytes.size() && parsed == Parsed::kNeedMore;) {
    ChunkedDecoder::Step taken;
    char* at = bytes.data() + used;
    parsed = decoder.decode(at, std::min(step, bytes.size() - used), taken);
    BIA_ASSERT(taken.produced <= taken.consumed || parsed == Parsed::kBad);
    body.append(at, taken.produced);
    used += taken.consumed;
  }
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  RequestParser whole{limits()};
  const Parsed expected = whole.parse(text);
  RequestParser pieces{limits()};
  Parsed parsed = Parsed::kNeedMore;
  size_t given = 0;
  while (given < size && parsed == Parsed::kNeedMore) {
    ++given;
    // A buffer of its own each time, so that a read beyond it is seen, and a kept pointer too.
    const std::string part(text, 0, given);
    parsed = pieces.parse(part);
  }
  // In pieces a fault may be seen before a limit that the whole exceeds, and the other way round.
  BIA_ASSERT(size == 0 || parsed == expected ||
             (parsed == Parsed::kBad && expected == Parsed::kNeedMore));
  if (expected != Parsed::kComplete) return 0;
  pieces.rebase(text.data());
  BIA_ASSERT(whole.head_bytes() == pieces.head_bytes() && whole.head_bytes() == given);
  BIA_ASSERT(whole.path() == pieces.path() && whole.query() == pieces.query() &&
             whole.method_text() == pieces.method_text());
  BIA_ASSERT(whole.fields().size() == pieces.fields().size() &&
             whole.keep_alive() == pieces.keep_alive());
  BIA_ASSERT(whole.content_length() == pieces.content_length() &&
             whole.chunked() == pieces.chunked());
  for (const FieldRef& field : whole.fields()) {
    BIA_ASSERT(whole.name(field).find_first_of("\r\n :") == std::string_view::npos);
    BIA_ASSERT(whole.value(field).find_first_of(std::string_view("\r\n\0", 3)) ==
               std::string_view::npos);
  }
  if (!whole.chunked()) return 0;
  std::string all, bytes;
  size_t used_all = 0, used_bytes = 0;
  const Parsed first = decode(text.substr(whole.head_bytes()), SIZE_MAX, all, used_all);
  const Parsed second = decode(text.substr(whole.head_bytes()), 1, bytes, used_bytes);
  BIA_ASSERT(first == second && used_all == used_bytes && all == bytes &&
             all.size() <= limits().body_bytes_max);
  return 0;
}
