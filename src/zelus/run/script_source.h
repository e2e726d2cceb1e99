#pragma once
#include <functional>
#include <string>

#include "bia/base/result.h"
#include "zelus/exec/user.h"

namespace zelus::run {

using bia::Result;

/// Reads a script as `run` names it: a path, or "-" for what `read_stdin` gives. Errors: k6's text
/// where there is no such file; kUnimplemented for archives and remote scripts.
Result<exec::ScriptSource> read_script(const std::string& name,
                                       const std::function<std::string()>& read_stdin);

}  // namespace zelus::run
