#pragma once
#include "js/value.h"

namespace zelus::modules {

/// The globals `crypto`, TextEncoder and TextDecoder (parity/k6.md 2.2). Each is made when a script
/// first asks for it: users that do not pay a getter.
void add_web_globals(JSContext* ctx, JSValueConst global);

}  // namespace zelus::modules
