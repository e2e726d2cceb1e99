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
/// The same among codecs of one's own too, which go before bia's of the same name: null where what
/// is liked best is none of them.
const Codec* accepted_codec(std::string_view accept, const CodecList& codecs);
/// A parameter of a media type, unquoted: "boundary" of "multipart/form-data; boundary=x".
std::string_view media_parameter(std::string_view media_type, std::string_view name);
/// "application/json"
std::string_view media_type_of(Format format);

}  // namespace bia
