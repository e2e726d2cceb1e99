#pragma once
#include <string_view>

#include "bia/app/server_config.h"
#include "bia/app/successor.h"
#include "bia/net/inherit.h"

namespace bia {

/// Adds which server, which key and where it stands to what a server's `start` reports.
Error cannot_listen(Error error, std::string_view server, std::string_view key,
                    std::string_view where);

/// Gives the servers the listening sockets that the process was started with, by the names "http"
/// and "grpc" or by their addresses. True where there are any.
bool inherit_sockets(net::InheritedSockets& sockets, ServerConfig& server);

/// What `inherit_sockets` of a successor takes. Either may be null.
NamedSockets listening_sockets(const http::Server* http, const grpc::Server* grpc);

}  // namespace bia
