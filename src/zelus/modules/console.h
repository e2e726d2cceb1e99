#pragma once
#include <string>

#include "js/engine.h"

namespace zelus::modules {

/// A value as console.log shows it at the top level (parity/k6.md 2.2): strings raw, objects `{ a:
/// 1 }`.
std::string console_text(JSContext* ctx, JSValueConst value);

}  // namespace zelus::modules
