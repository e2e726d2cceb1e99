#pragma once
#include <string>
#include <string_view>

#include "js/value.h"

namespace zelus::modules {

/// The bytes of a string (kept in `text`), an ArrayBuffer or a typed array. False with k6's text in
/// `error` for anything else.
bool input_bytes(JSContext* ctx, JSValueConst value, std::string& text, std::string_view& bytes,
                 std::string& error);

}  // namespace zelus::modules
