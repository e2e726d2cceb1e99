#pragma once
#include <string>

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace bia::codec {

/// Sets a field that is no message, or adds to a list, by Go's strconv rules: an enum by its number
/// or name, bytes as they are, blanks round numbers passed over, empty text as zero. Returns what
/// is wrong with the text, empty where nothing is.
std::string put_text(google::protobuf::Message& message,
                     const google::protobuf::FieldDescriptor* field, std::string text);

}  // namespace bia::codec
