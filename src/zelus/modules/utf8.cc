#include "zelus/modules/utf8.h"

#include <cstdint>

namespace zelus::modules {

namespace {
struct Lead {
  size_t more;                      ///< bytes that follow; 0: no lead
  uint8_t low = 0x80, high = 0xbf;  ///< what the next byte may be: no overlong forms, no surrogates
};
Lead lead_of(uint8_t byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  if (byte >= 0xf1 && byte <= 0xf3) return {3};
  return {0};
}
}  // namespace

Utf8Text read_utf8(std::string_view bytes, bool last) {
  Utf8Text out;
  size_t at = 0;
  while (at < bytes.size()) {
    auto byte = static_cast<uint8_t>(bytes[at]);
    if (byte < 0x80) {
      out.text.push_back(bytes[at++]);
      continue;
    }
    Lead lead = lead_of(byte);
    size_t size = 1;
    for (; lead.more != 0 && size <= lead.more && at + size < bytes.size(); ++size) {
      auto next = static_cast<uint8_t>(bytes[at + size]);
      if (next < (size == 1 ? lead.low : 0x80) || next > (size == 1 ? lead.high : 0xbf)) break;
    }
    if (lead.more != 0 && size == lead.more + 1) {
      out.text.append(bytes.substr(at, size));
    } else if (lead.more != 0 && at + size == bytes.size() && !last) {
      out.left = size;
      return out;
    } else {
      out.bad = true;
      out.text += "\xef\xbf\xbd";
    }
    at += size;
  }
  return out;
}

}  // namespace zelus::modules
