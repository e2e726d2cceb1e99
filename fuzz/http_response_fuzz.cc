// layer: http
// The client's response parser: a head in pieces must be what it is as a whole.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "http/http1/head_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::http;
  Limits limits;
  limits.header_bytes_max = 1024;
  limits.header_count_max = 16;
  const std::string text(reinterpret_cast<const char*>(data), size);
  ResponseParser whole{limits};
  const Parsed expected = whole.parse(text);
  if (expected == Parsed::kBad) BIA_ASSERT(whole.bad_line().size() <= 80);
  ResponseParser pieces{limits};
  Parsed parsed = Parsed::kNeedMore;
  size_t given = 0;
  while (given < size && parsed == Parsed::kNeedMore) {
    ++given;
    const std::string part(text, 0, given);
    parsed = pieces.parse(part);
  }
  BIA_ASSERT(size == 0 || parsed == expected ||
             (parsed == Parsed::kBad && expected == Parsed::kNeedMore));
  if (expected != Parsed::kComplete) return 0;
  pieces.rebase(text.data());
  BIA_ASSERT(whole.status() >= 100 && whole.status() <= 999 && whole.status() == pieces.status());
  BIA_ASSERT(whole.reason() == pieces.reason() && whole.head_bytes() == given);
  BIA_ASSERT(whole.fields().size() == pieces.fields().size() &&
             whole.content_length() == pieces.content_length());
  for (const FieldRef& field : whole.fields()) {
    BIA_ASSERT(whole.value(field).find_first_of(std::string_view("\r\n\0", 3)) ==
               std::string_view::npos);
  }
  return 0;
}
