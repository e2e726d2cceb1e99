#pragma once
#include <string>

#include "js/value.h"

namespace zelus::modules {

/// Go's word for what JSON does not have in `value` or below it, such as functions and NaN, where
/// JSON.stringify leaves it out or writes null: "json: unsupported value: NaN". Empty: nothing.
std::string not_in_json(JSContext* ctx, JSValueConst value);

}  // namespace zelus::modules
