#pragma once
#include <string>

#include "zelus/ghz/flags.h"

namespace zelus::ghz {

/// The settings of a run as ghz's debug log has them: its Config in JSON.
std::string config_json(const ParsedFlags& flags);

}  // namespace zelus::ghz
