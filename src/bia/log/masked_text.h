#pragma once
#include <span>
#include <string>

namespace google::protobuf {
class Message;
}

namespace bia {

/// One line of protobuf text, as ShortDebugString, in which the fields of these names (the .proto's
/// or JSON's), at any depth, and the values of map entries with such a key are "***" where they are
/// strings and left out where they are not. So are strings and bytes of these values in any field.
/// So it is within an Any; one of a type that the program does not have, and one that stands too
/// deep (codec/any_depth.h), is "***".
std::string masked_text(const google::protobuf::Message& message,
                        std::span<const std::string> names,
                        std::span<const std::string> values = {});

}  // namespace bia
