#pragma once
#include <string_view>

#include "js/value.h"

namespace zelus::modules {

/// One modifier of a gjson path: `@reverse`, `@flatten:{"deep":true}`.
struct JsonModifier {
  std::string_view name;      ///< without the @
  std::string_view argument;  ///< as written; empty where there is none
};
/// Takes a modifier from the front of `path`, and the `.` or `|` after it. False for a name that
/// gjson does not have: it is a key then.
bool take_json_modifier(std::string_view& path, JsonModifier& out);
/// What it makes of a value; undefined where it does not apply. Frees nothing of `value`.
bia::js::Value apply_json_modifier(JSContext* ctx, const bia::js::Value& value,
                                   const JsonModifier& modifier);

}  // namespace zelus::modules
