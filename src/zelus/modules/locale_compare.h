#pragma once
#include "js/value.h"

namespace zelus::modules {

/// String.prototype.localeCompare as k6's engine has it: the root collation (UTS 10) for texts of
/// ASCII and of letters with marks; other scripts by code point. First letters alone, then their
/// marks, then small before capital.
void add_locale_compare(JSContext* ctx, JSValueConst global);

}  // namespace zelus::modules
