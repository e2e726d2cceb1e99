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

/// What a type error is about, for those who want to show the place.
struct Fault {
  const JsonValue* value = nullptr;
  /// What Go's decoder was given as a whole when it met `value`: it counts from there. Null: all.
  const JsonValue* base = nullptr;
};

/// Where a value stands, as errors name it.
struct Place {
  Place(std::string_view name) : field(name) {}    // NOLINT(google-explicit-constructor)
  Place(const std::string& name) : field(name) {}  // NOLINT(google-explicit-constructor)
  Place(const char* name) : field(name) {}         // NOLINT(google-explicit-constructor)
  Place(std::string_view name, Fault* told, const JsonValue* whole)
      : field(name), fault(told), base(whole) {}
  /// The same report, another name.
  Place at(std::string_view name) const { return {name, fault, base}; }
  Place within(const JsonValue& whole) const { return {field, fault, &whole}; }
  /// Remembers that `value` is wrong.
  void note(const JsonValue& value) const {
    if (fault != nullptr) *fault = {&value, base};
  }

  std::string_view field;  ///< Go's name: "Options.vus"; empty: none
  Fault* fault = nullptr;
  const JsonValue* base = nullptr;
};

/// "json: cannot unmarshal number into Go struct field Options.tags of type map[string]string".
bia::Error type_error(const JsonValue& value, const Place& place, std::string_view type);

/// A number as encoding/json writes a float64.
std::string go_number(const JsonValue& number);
/// `document` as json.MarshalIndent writes it, two spaces a level, and in it the text that k6 shows
/// with a type error: from the begin of a line to where it has read, both as if `fault.base` began
/// the text, which is k6's own mistake and part of its words.
std::string fault_text(const JsonValue& document, const Fault& fault);

}  // namespace zelus::options
