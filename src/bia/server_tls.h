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

/// Loads certificates again whenever their files change; the last good ones stay where they cannot
/// be read. `server` names it in the log. Suspends until it is cancelled.
void watch_tls(const std::shared_ptr<net::TlsServer>& tls, std::string_view server);

}  // namespace bia
