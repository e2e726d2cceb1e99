#pragma once
#include <string>

#include "bia/base/result.h"

namespace zelus::run {

/// JSON as Go's MarshalIndent writes it: two spaces, empty objects and arrays on one line, "<", ">"
/// and "&" escaped.
bia::Result<std::string> go_indented(const std::string& json);

}  // namespace zelus::run
