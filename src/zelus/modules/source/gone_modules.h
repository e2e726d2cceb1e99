#pragma once
#include <string_view>

namespace bia::js {
class ModuleSet;
}

namespace zelus::modules {

/// k6's modules that have moved or gone say where to, as an exception of the script that imports
/// them.
void add_gone_modules(bia::js::ModuleSet& modules);
/// True for what one of them says.
bool is_of_gone_module(std::string_view message);

}  // namespace zelus::modules
