// layer: zelus/modules
// A map, asked for places all over and beyond what it maps.
#include <cstdint>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/http/uri.h"
#include "zelus/modules/source/source_map.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zelus::modules;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto map = SourceMap::parse(text); map) {
    BIA_ASSERT(!map->find(0, 0));
    for (uint32_t line : {1U, 2U, 7U, UINT32_MAX}) {
      for (uint32_t column : {1U, 9U, UINT32_MAX}) map->find(line, column);
    }
  }
  if (auto reference = source_map_reference(text); reference) {
    bia::http::resolve_reference("file:///a/b.js", *reference);
    decode_data_url(*reference).ignore("any answer is right");
  }
  return 0;
}
