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
  constexpr std::string_view kControls("\r\n\0", 3);
  for (const FieldRef& field : whole.fields()) {
    std::string_view value = whole.value(field);
    // A folded one has the ends of its lines in it, and nothing else of that kind.
    for (size_t at = 0; (at = value.find_first_of(kControls)) != std::string_view::npos;) {
      value.remove_prefix(at);
      BIA_ASSERT(whole.folded() && value.size() > 2 && value.starts_with("\r\n"));
      BIA_ASSERT(value[2] == ' ' || value[2] == '\t');
      value.remove_prefix(3);
    }
  }
  return 0;
}
