// layer: http
// The first line is a template, the rest a path: adding and looking up must neither crash nor
// capture outside the path.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/http/router.h"
#include "http/routing/request_path.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), size);
  Router router;
  auto added = router.add("GET", text.substr(0, line), nullptr);
  if (!added) BIA_ASSERT(added.error().message().find("column") != std::string::npos);
  for (const char* other : {"/a/{x}/b", "/{x=**}:v", "/{x=**}/a/{y}", "/a/b"})
    router.add("POST", other, nullptr).ignore("it may be there");
  const std::string path(text.substr(std::min(line + 1, size)));
  std::string storage, again;
  const std::string normal(normal_path(path, storage));
  BIA_ASSERT(normal.size() <= path.size() && normal_path(normal, again).size() <= normal.size());
  const std::string clean = clean_path(normal);
  BIA_ASSERT(clean.find("//") == std::string::npos && (clean + '/').find("/../") == clean.npos);
  is_unclean(normal);
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
