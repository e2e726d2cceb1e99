// layer: http
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/http/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto uri = parse_uri(text)) {
    BIA_ASSERT(!uri->host.empty() && !uri->authority().empty());
    std::string path, again;
    percent_encode_path(uri->path, path);
    percent_encode_path(path, again);
    BIA_ASSERT(path == again);
    for (char c : path)
      BIA_ASSERT(static_cast<uint8_t>(c) > 0x20 && static_cast<uint8_t>(c) < 0x7f);
  }
  std::string segment, decoded, query;
  percent_encode_segment(text, segment);
  BIA_ASSERT(percent_decode(segment, Plus::kPlusIsPlus, decoded) && decoded == text);
  decoded.clear();
  percent_encode_query(text, query);
  BIA_ASSERT(percent_decode(query, Plus::kPlusIsSpace, decoded) && decoded == text);
  decoded.clear();
  percent_decode(text, Plus::kPlusIsSpace, decoded);
  size_t pairs = 0;
  for (QueryIterator iterator(text); iterator.next();) ++pairs;
  BIA_ASSERT(pairs <= size);
  return 0;
}
