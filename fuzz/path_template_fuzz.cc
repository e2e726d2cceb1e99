// layer: http
// The first line is a template, the rest a path: adding and looking up must neither crash nor
// capture outside the path.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/http/router.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), size);
  Router router;
  auto added = router.add("GET", text.substr(0, line), nullptr);
  if (!added) BIA_ASSERT(added.error().message().find("column") != std::string::npos);
  for (const char* other : {"/a/{x}/b", "/{x=**}:v", "/a/b"})
    router.add("POST", other, nullptr).ignore("it may be there");
  const std::string path(text.substr(std::min(line + 1, size)));
  PathParams params;
  std::string allowed;
  for (const char* method : {"GET", "HEAD", "POST", "PUT"}) {
    if (router.find(method, path, params, &allowed) == nullptr) continue;
    for (size_t i = 0; i < params.count; ++i) {
      const auto& value = params.params[i].value;
      BIA_ASSERT(value.empty() || (value.data() >= path.data() &&
                                   value.data() + value.size() <= path.data() + path.size()));
    }
  }
  return 0;
}
