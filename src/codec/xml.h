#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace google::protobuf {
class Message;
}

namespace bia::codec {

/// Nesting above which a document is refused, both ways.
inline constexpr int kXmlDepthMax = 100;

/// A document as Go's encoding/xml reads it into the struct of protoc-gen-go: an element a field
/// under its Go name ("UserId"; the .proto's and the JSON name too), lists repeat the element, a
/// oneof's member is in an element of the oneof's name or stands alone, bytes are text. Any root,
/// unknown elements and attributes are passed over. A map is a list of <Kv><Key/><Value/></Kv>,
/// which Go cannot read. A document type declaration is refused, so there are no entities. Errors:
/// kInvalidArgument CODEC with the line or the field.
Result<void> decode_xml(std::string_view text, google::protobuf::Message& message);

/// Appends the message as Go's xml.Marshal writes it: every field that is no absent message or
/// unset `optional`, enums by number, what no document may hold as U+FFFD. Errors: kInternal for a
/// message that nests deeper than kXmlDepthMax.
Result<void> encode_xml(const google::protobuf::Message& message, std::string& out);

}  // namespace bia::codec
