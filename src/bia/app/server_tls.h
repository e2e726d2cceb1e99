#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/config.h"
#include "bia/net/tls.h"

namespace bia {

/// The section `key` ("server.http.tls"); none where the configuration has none. Reads no files.
/// Errors: kInvalidArgument with the place.
Result<std::optional<net::TlsServerOptions>> read_tls(const Config& config, const std::string& key,
                                                      std::vector<std::string> alpn);

/// Says once of each certificate and OCSP response that it has run out, and once more of its
/// successor.
class Expiries {
 public:
  struct Due {
    std::vector<std::string> warnings;
    int64_t next = INT64_MAX;  ///< when the next of them runs out
  };
  /// `now` is Unix time.
  Due next(const std::vector<net::TlsServer::Lifetime>& lifetimes, int64_t now);

 private:
  static bool same(const net::TlsServer::Lifetime& a, const net::TlsServer::Lifetime& b);
  std::vector<net::TlsServer::Lifetime> told_;
};

/// Loads certificates again whenever their files change; the last good ones stay where they cannot
/// be read. Warns of certificates and OCSP responses that have run out. `server` names it in the
/// log. Suspends until it is cancelled.
void watch_tls(const std::shared_ptr<net::TlsServer>& tls, std::string_view server);

}  // namespace bia
