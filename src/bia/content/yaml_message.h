#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace google::protobuf {
class Message;
}

namespace bia {

/// Nesting above which a message is refused: a handler's stack is small, and a level takes 1.4 KB
/// of it to read, 0.6 KB to write.
inline constexpr int kYamlDecodeDepthMax = 32;
inline constexpr int kYamlEncodeDepthMax = 64;

/// A body as Go's yaml.v3 reads it into the struct of protoc-gen-go: a key is a field's Go name in
/// lower case ("userid"), a oneof's member stands below the oneof's name, bytes are a list of
/// numbers, a Timestamp is {seconds, nanos}. The .proto's and the JSON names are read too, and what
/// JSON has: an enum's name, bytes in base64, a Timestamp's text, a oneof's member by itself.
/// Unknown keys are passed over. Errors: kInvalidArgument CODEC with the line and the field.
Result<void> decode_yaml(std::string_view yaml, google::protobuf::Message& message);

/// Appends the message as Go's yaml.Marshal has it: every field, in the .proto's order, what is
/// absent as null. Errors: kInternal for a message that nests deeper than kYamlEncodeDepthMax.
Result<void> encode_yaml(const google::protobuf::Message& message, std::string& yaml);

/// Appends text as one YAML value: plain where that is read as text by YAML 1.1 too, else quoted.
void append_yaml_text(std::string& yaml, std::string_view text);

}  // namespace bia
