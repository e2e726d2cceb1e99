#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace google::protobuf {
class Message;
}

namespace bia::codec {

/// Pairs above which a query or form is refused.
inline constexpr size_t kFormPairsMax = 1000;

/// Undoes percent-encoding, and '+' for a space where asked. False for a malformed escape.
enum class Plus : uint8_t { kLiteral, kSpace };
bool percent_decode(std::string_view text, Plus plus, std::string& out);
/// Percent-encodes what RFC 3986 does not call unreserved; '/' too unless it is to stay.
enum class Slash : uint8_t { kEscape, kKeep };
void append_percent_encoded(std::string& out, std::string_view text, Slash slash);
/// The same with '+' for a space: Go's url.QueryEscape.
void append_query_escaped(std::string& out, std::string_view text);

/// Sets fields from `a=1&b.c=x&kv[k]=v`, as Kratos does: proto or JSON names, repeated keys append,
/// unknown keys and malformed pairs are passed over, empty values leave scalars unset. Errors:
/// kInvalidArgument CODEC with Kratos' text: `parsing field "age": strconv.ParseInt: parsing "x":
/// invalid syntax`.
Result<void> decode_form(std::string_view text, google::protobuf::Message& message);
/// A body's malformed pairs are refused: `invalid URL escape "%zz"`.
enum class FormErrors : uint8_t { kPassOver, kRefuse };
Result<void> decode_form(std::string_view text, FormErrors errors,
                         google::protobuf::Message& message);
/// The parts of a multipart/form-data body (RFC 7578) into the fields that they name. A field of
/// type bytes takes its part's bytes as they are, a google.api.HttpBody those and the part's type,
/// any other field its text as in a form. Errors: kInvalidArgument CODEC.
Result<void> decode_multipart(std::string_view body, std::string_view boundary,
                              google::protobuf::Message& message);
/// One path capture, still percent-encoded, into the field at a dotted path. A value that was there
/// is replaced.
Result<void> bind_path_field(std::string_view encoded, std::string_view field_path,
                             google::protobuf::Message& message);

/// The same for the plain kinds, for generated code; `field` is for the message.
Result<void> bind_path_value(std::string_view encoded, std::string_view field, std::string& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, int32_t& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, uint32_t& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, int64_t& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, uint64_t& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, bool& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, double& value);
Result<void> bind_path_value(std::string_view encoded, std::string_view field, float& value);

/// The set fields of a message as a query: JSON names, lists repeat the key, maps `key[k]`,
/// messages dotted. What `decode_form` reads. Fields at the dotted paths of `left_out`, separated
/// by ',', are not written. Errors: kUnimplemented naming a field that no query can hold (a list of
/// messages, Any).
Result<std::string> encode_form(const google::protobuf::Message& message,
                                std::string_view left_out = {});
/// A field's value as a path segment: percent-encoded text. Errors: kInvalidArgument where it is
/// empty, for it would name another route.
Result<void> append_path_field(std::string& path, const google::protobuf::Message& message,
                               std::string_view field_path, Slash slash);

}  // namespace bia::codec
