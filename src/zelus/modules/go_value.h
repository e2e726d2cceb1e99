#pragma once
#include <string>
#include <string_view>

#include "js/value.h"

namespace zelus::modules {

/// What Go calls the type of a value that a script hands over: "int64", "map[string]interface {}".
std::string_view go_type_name(JSContext* ctx, JSValueConst value);
/// The value as Go's %#v writes it; `depth` levels above it.
std::string go_value_text(JSContext* ctx, const bia::js::Value& value, int depth = 0);

/// The value as Go's %v writes it: "map[a:1]", "[a b]", "<nil>".
std::string go_print(JSContext* ctx, const bia::js::Value& value, int depth = 0);

}  // namespace zelus::modules
