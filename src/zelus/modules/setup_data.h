#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// What setup() returned, as users get it: k6 takes it through a Go map, which sorts the keys of
/// objects. `json` is what the engine wrote; anything else comes
/// back unchanged.
std::string setup_data_json(std::string json);

}  // namespace zelus::modules
