#pragma once
#include <memory>
#include <string>

#include "zelus/exec/user.h"
#include "zelus/run/settings.h"

namespace zelus::run {

/// HTTP_PROXY and its kin, as Go's net/http reads them. Null where they name none.
Result<std::shared_ptr<const bia::http::ProxyRules>> proxies_of(const Environment& environment);

/// --modules-lock and --modules-offline, the cache's folder, and `zelus.lock` beside `script` (a
/// path, a URL or "-"). Errors: those of the flags, and of a lock that cannot be read.
Result<exec::RemoteModuleOptions> remote_options(const options::FlagSet& flags,
                                                 const Environment& environment,
                                                 const std::string& script);
/// Writes the lock where --modules-lock asked for it.
Result<void> write_lock(const exec::RemoteModuleOptions& options);

}  // namespace zelus::run
