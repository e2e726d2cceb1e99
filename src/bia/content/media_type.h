#pragma once
#include <cstdint>
#include <string_view>

#include "bia/bia/codec.h"

namespace bia {

/// What a body can be coded as.
enum class Format : uint8_t { kJson, kProto, kForm, kMultipart, kYaml, kXml, kUnknown };

/// "json" of "application/json; charset=utf-8"; empty where there is no '/'.
std::string_view subtype_of(std::string_view media_type);
bool same_subtype(std::string_view a, std::string_view b);
/// Of a Content-Type, by its subtype as Kratos does, but without regard to case and with protobuf's
/// other names.
Format format_of(std::string_view media_type);
/// What the caller of this Accept likes best of what replies can be (RFC 9110 section 12.5.1: the
/// highest q, of equals the first); JSON where it names nothing of that, as Kratos. A browser's,
/// which takes text/html, asks for no XML however high it rates it: Kratos shows it JSON.
Format accepted(std::string_view accept);
bool can_be_reply(Format format);
/// What writes a reply: the codec, or where that is null bia's own of that format.
struct ReplyCodec {
  Format format = Format::kJson;
  const Codec* codec = nullptr;
};
class OperationCodecs;
/// The same among codecs of one's own too, which go before bia's of the same name; and among none
/// but `limits`, where that is not null: the first of those where nothing fits.
ReplyCodec accepted_reply(std::string_view accept, const CodecList& codecs,
                          const OperationCodecs* limits);
/// A parameter of a media type, unquoted: "boundary" of "multipart/form-data; boundary=x".
std::string_view media_parameter(std::string_view media_type, std::string_view name);
/// "application/json"
std::string_view media_type_of(Format format);

}  // namespace bia
