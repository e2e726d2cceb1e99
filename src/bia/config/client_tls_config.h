#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bia/bia/config.h"
#include "bia/net/tls.h"

namespace bia {

/// How a connection that this service makes is secured.
struct ClientTls {
  std::shared_ptr<const net::TlsClient> context;
  /// What the peer's certificate must be for; empty: the host that is connected to.
  std::string server_name;
};

/// The section `key`: ca, cert, key, key_password, server_name. It may be missing: then the
/// system's roots. Reads the files that it names; may block. Errors: kInvalidArgument, with file
/// and line.
Result<ClientTls> read_client_tls(const Config& config, const std::string& key,
                                  std::vector<std::string> alpn);

}  // namespace bia
