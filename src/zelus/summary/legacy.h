#pragma once
#include <string>

#include "zelus/summary/report.h"

namespace zelus::summary {

/// The summary of k6 up to v0.57: the tree of groups with their checks, then all metrics in one
/// list.
std::string legacy_text(const Input& input);

}  // namespace zelus::summary
