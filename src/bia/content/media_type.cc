#include "bia/content/media_type.h"

#include <algorithm>

#include "base/text.h"
#include "bia/content/operation_codecs.h"
#include "bia/http/message.h"
#include "http/message/weight.h"

namespace bia {
std::string_view subtype_of(std::string_view media_type) {
  const std::string_view type = trim(media_type.substr(0, media_type.find(';')));
  const size_t slash = type.find('/');
  return slash == std::string_view::npos ? std::string_view() : type.substr(slash + 1);
}

bool same_subtype(std::string_view a, std::string_view b) { return http::field_name_equals(a, b); }

Format format_of(std::string_view media_type) {
  const std::string_view subtype = subtype_of(media_type);
  const auto is = [&](std::string_view name) { return http::field_name_equals(subtype, name); };
  if (is("json")) return Format::kJson;
  if (is("proto") || is("protobuf") || is("x-protobuf")) return Format::kProto;
  if (is("x-www-form-urlencoded")) return Format::kForm;
  if (is("form-data")) return Format::kMultipart;
  if (is("xml")) return Format::kXml;
  if (is("yaml") || is("x-yaml")) return Format::kYaml;
  return Format::kUnknown;
}

bool can_be_reply(Format format) {
  return format == Format::kJson || format == Format::kProto || format == Format::kYaml ||
         format == Format::kXml || format == Format::kForm;
}

Format accepted(std::string_view accept) { return accepted_reply(accept, {}, nullptr).format; }

ReplyCodec accepted_reply(std::string_view accept, const CodecList& codecs,
                          const OperationCodecs* limits) {
  const ReplyCodec usual =
      limits ? limits->first() : ReplyCodec{Format::kJson, find_codec(codecs, "application/json")};
  ReplyCodec best = usual;
  int best_weight = 0;
  const bool browser = accept.find("text/html") != std::string_view::npos;
  while (!accept.empty()) {
    std::string_view range = cut(accept, ',');
    const std::string_view type = cut(range, ';');
    ReplyCodec one = usual;
    if (type != "*/*" && type != "application/*") one = {format_of(type), find_codec(codecs, type)};
    if (!one.codec && !can_be_reply(one.format)) continue;
    if (limits && !limits->has(one)) continue;
    if (browser && one.format == Format::kXml) continue;
    const int weight = http::weight_of(range, http::kWeightMax);
    if (weight <= best_weight) continue;
    best = one;
    best_weight = weight;
  }
  return best;
}

std::string_view media_parameter(std::string_view media_type, std::string_view name) {
  static_cast<void>(cut(media_type, ';'));
  while (!media_type.empty()) {
    std::string_view value = cut(media_type, ';');
    if (!http::field_name_equals(cut(value, '='), name)) continue;
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

std::string_view media_type_of(Format format) {
  switch (format) {
    case Format::kProto:
      return "application/proto";
    case Format::kYaml:
      return "application/yaml";
    case Format::kXml:
      return "application/xml";
    case Format::kForm:
      return "application/x-www-form-urlencoded";
    default:
      return "application/json";
  }
}

}  // namespace bia
