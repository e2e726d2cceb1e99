#pragma once
#include <functional>
#include <string>

#include "bia/base/result.h"
#include "zelus/exec/user.h"

namespace zelus::run {

using bia::Result;

/// Reads a script as `run` names it: a path, an https:// URL, or "-" for what `read_stdin` gives.
/// Suspends. Errors: k6's text where there is no such file.
Result<exec::ScriptSource> read_script(const std::string& name,
                                       const std::function<std::string()>& read_stdin,
                                       const exec::RemoteModuleOptions& remote,
                                       options::Logger& logger);

}  // namespace zelus::run
