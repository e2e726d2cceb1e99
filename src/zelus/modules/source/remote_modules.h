#pragma once
#include <memory>
#include <string>

#include "bia/base/result.h"
#include "bia/http/client.h"
#include "zelus/exec/user.h"
#include "zelus/modules/source/module_cache.h"

namespace zelus::modules {

/// Scripts and modules from https:// URLs. Without a lock they are fetched, as k6 does, and kept on
/// disk for a run without network; with one, what is on disk and has the lock's hash is taken
/// instead. Belongs to one thread.
class RemoteModules {
 public:
  static constexpr size_t kBytesMax = 64 << 20;
  RemoteModules(const exec::RemoteModuleOptions& options, options::Logger& logger)
      : options_(options), logger_(logger), cache_(options.cache_folder) {}
  /// Suspends. Errors: "not found: URL" and the like for another status than 200; what the
  /// connection said; NOT_LOCKED and LOCK_MISMATCH; NOT_CACHED.
  bia::Result<std::string> fetch(const std::string& url);

 private:
  bia::Result<std::string> locked(const std::string& url, const std::string& hash);
  bia::Result<std::string> unlocked(const std::string& url);
  /// First with the query `_k6=1`, by which a server can tell, then as it stands; at most ten
  /// redirects, 60 seconds in all.
  bia::Result<std::string> download(const std::string& url);
  bia::Result<std::string> get(const std::string& url, const std::string& shown,
                               bia::Deadline deadline, int& status);
  bia::Result<void> make_client();

  const exec::RemoteModuleOptions& options_;
  options::Logger& logger_;
  ModuleCache cache_;
  std::unique_ptr<bia::http::Client> client_;
};

}  // namespace zelus::modules
