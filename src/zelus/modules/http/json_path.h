#pragma once
#include <string_view>

#include "js/value.h"

namespace zelus::modules {

/// gjson's paths over a parsed value (https://github.com/tidwall/gjson): `a.b.0`, `a.#`, `a.#.b`,
/// `a\.b`, `na*e`, `items.#(id==2).name`, `items.#(id>2)#`, `a|@reverse|0`. Undefined where there
/// is nothing. Multipaths (`{a,b}`) and literals (`!`) are not built: undefined.
bia::js::Value json_path(JSContext* ctx, bia::js::Value value, std::string_view path);

}  // namespace zelus::modules
