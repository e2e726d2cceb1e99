#include "http/message/field_lines.h"

#include <algorithm>

#include "base/text.h"
#include "bia/http/message.h"

namespace bia::http {

std::string_view find_line(std::string_view lines, std::string_view name, std::string_view end) {
  while (!lines.empty()) {
    const size_t stop = std::min(lines.find(end), lines.size());
    std::string_view line = lines.substr(0, stop);
    lines.remove_prefix(std::min(stop + end.size(), lines.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !field_name_equals(line.substr(0, colon), name))
      continue;
    line.remove_prefix(colon + 1);
    return trim(line);
  }
  return {};
}

bool may_trail(std::string_view name) {
  for (std::string_view no :
       {"content-length", "transfer-encoding", "host", "trailer", "te", "connection",
        "content-encoding", "content-type", "content-range", "authorization", "set-cookie"}) {
    if (field_name_equals(name, no)) return false;
  }
  return !name.empty();
}

bool is_secret_field(std::string_view name) {
  for (std::string_view each : {"authorization", "proxy-authorization", "cookie", "set-cookie"}) {
    if (field_name_equals(name, each)) return true;
  }
  return false;
}

}  // namespace bia::http
