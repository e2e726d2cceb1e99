#include "bia/content/operation_codecs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bia {
namespace {

uint8_t bit(Format format) { return static_cast<uint8_t>(1u << static_cast<unsigned>(format)); }

}  // namespace

std::string media_type_of_codec(std::string_view name) {
  if (name == "multipart") return "multipart/form-data";
  if (name == "form") return std::string(media_type_of(Format::kForm));
  return "application/" + lower_case(name);
}

Result<OperationCodecs> OperationCodecs::create(const std::vector<std::string>& names,
                                                const CodecList& codecs) {
  OperationCodecs made;
  bool replies = false;
  for (const std::string& name : names) {
    const std::string type = media_type_of_codec(name);
    const ReplyCodec one{format_of(type), find_codec(codecs, type)};
    if (one.codec == nullptr && one.format == Format::kUnknown) {
      std::string known = "json, proto, xml, yaml, form, multipart";
      for (const auto& own : codecs) known.append(", ").append(own->name());
      return Error(Code::kInvalidArgument, "CODEC",
                   fmt::format("there is no codec \"{}\"; there are {}", name, known));
    }
    if (one.codec) made.own_.push_back(one.codec);
    if (one.format != Format::kUnknown) made.formats_ |= bit(one.format);
    if (!replies && (one.codec || can_be_reply(one.format))) {
      made.first_ = one;
      replies = true;
    }
  }
  if (replies) return made;
  return Error(Code::kInvalidArgument, "CODEC",
               "none of them is one that replies can have; add one, like json");
}

bool OperationCodecs::takes(std::string_view content_type) const {
  const Format format = format_of(content_type);
  if (format != Format::kUnknown && (formats_ & bit(format)) != 0) return true;
  const std::string_view subtype = subtype_of(content_type);
  return std::any_of(own_.begin(), own_.end(),
                     [subtype](const Codec* one) { return same_subtype(one->name(), subtype); });
}

bool OperationCodecs::has(ReplyCodec one) const {
  if (one.codec) return std::find(own_.begin(), own_.end(), one.codec) != own_.end();
  return one.format != Format::kUnknown && (formats_ & bit(one.format)) != 0;
}

}  // namespace bia
