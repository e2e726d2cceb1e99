#pragma once
#include <string_view>

#include "bia/bia/config.h"
#include "bia/net/inherit.h"
#include "bia/server_config.h"

namespace bia {

/// Adds which server, which key and where it stands to what a server's `start` reports.
Error cannot_listen(Error error, std::string_view server, std::string_view key,
                    std::string_view where);

/// Gives the servers the listening sockets that the process was started with, by the names "http"
/// and "grpc" or by their addresses. Where there are any, a drain is worth its time: the default of
/// runtime.drain_delay is 1 s then.
void inherit_sockets(net::InheritedSockets& sockets, const Config& config, ServerConfig& server);

}  // namespace bia
