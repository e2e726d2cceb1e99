#pragma once
#include <rapidjson/document.h>

#include <string_view>

namespace bia {

/// All of a JSON string: one may have U+0000 inside, where a C string ends.
inline std::string_view text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// The member `name` of an object; empty where it is not there or no string.
inline std::string_view text_member(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member != object.MemberEnd() && member->value.IsString() ? text_of(member->value)
                                                                  : std::string_view();
}

}  // namespace bia
