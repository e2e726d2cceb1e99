#pragma once
#include <memory>
#include <string>

#include "bia/base/result.h"
#include "bia/http/client.h"

namespace zelus::modules {

/// Scripts and modules from https:// URLs, as k6 fetches them. Belongs to one thread.
class RemoteModules {
 public:
  static constexpr size_t kBytesMax = 64 << 20;
  /// First with the query `_k6=1`, by which a server can tell, then as it stands; at most ten
  /// redirects, 60 seconds in all. Suspends. Errors: "not found: URL" for another status than 200;
  /// what the connection said.
  bia::Result<std::string> fetch(const std::string& url);

 private:
  bia::Result<std::string> get(const std::string& url, bia::Deadline deadline, int& status);
  std::unique_ptr<bia::http::Client> client_;
};

}  // namespace zelus::modules
