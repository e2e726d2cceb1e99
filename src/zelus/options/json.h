#pragma once
#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

/// Go's encoding/json over RapidJSON: members in sorted order, names matched without case, its
/// error texts.
namespace zelus::options {

using bia::Result;
using JsonValue = rapidjson::Value;

/// Errors: kInvalidArgument with the offset. Depth and size are limited.
Result<void> parse_json(std::string_view text, rapidjson::Document& document);

std::string_view text_of(const JsonValue& value);
/// "number", "string", "bool", "array", "object", as Go's UnmarshalTypeError says it; numbers that
/// are not whole come with their text.
std::string go_kind(const JsonValue& value);
/// Compact JSON.
std::string dump(const JsonValue& value);

struct JsonMember {
  std::string_view name;
  const JsonValue* value;
};
/// Sorted by name, as json.Marshal of a Go map writes them.
std::vector<JsonMember> members(const JsonValue& object);
bool same_name(std::string_view a, std::string_view b);

/// "json: cannot unmarshal number into Go struct field Options.tags of type map[string]string".
bia::Error type_error(const JsonValue& value, std::string_view field, std::string_view type);

}  // namespace zelus::options
