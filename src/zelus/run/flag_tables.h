#pragma once
#include <string>
#include <vector>

#include "zelus/options/flag_set.h"

namespace zelus::run {

/// The version that zelus reports as k6's, to scripts and in the user agent.
inline constexpr std::string_view kK6Version = "2.2.0";

/// k6's flags in the order of its help (parity/k6.md 1.2 to 1.4).
const std::vector<options::Flag>& option_flags();
const std::vector<options::Flag>& runtime_flags();
const std::vector<options::Flag>& config_flags();
const std::vector<options::Flag>& global_flags();
/// All that `zelus run` takes, -h and --version excepted.
std::vector<options::Flag> run_flags();

}  // namespace zelus::run
