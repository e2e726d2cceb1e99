#include "bia/bia/codec.h"

#include "bia/content/media_type.h"

namespace bia {

Codec::~Codec() = default;

const Codec* find_codec(const CodecList& codecs, std::string_view media_type) {
  if (codecs.empty()) return nullptr;
  const std::string_view subtype = subtype_of(media_type);
  for (auto one = codecs.rbegin(); one != codecs.rend(); ++one) {
    if (same_subtype((*one)->name(), subtype)) return one->get();
  }
  return nullptr;
}

}  // namespace bia
