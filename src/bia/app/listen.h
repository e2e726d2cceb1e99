#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/app/server_config.h"
#include "bia/app/successor.h"
#include "bia/net/inherit.h"

namespace bia {

/// Adds which server, which key and where it stands to what a server's `start` reports.
Error cannot_listen(Error error, std::string_view server, std::string_view key,
                    std::string_view where);

/// The configured addresses for which a predecessor opened the sockets that it hands over; empty
/// where somebody else opened them, as systemd does.
struct OpenedFor {
  std::string http, grpc;
  /// What a predecessor says in the environment, where it is taken out. Call before threads start.
  static OpenedFor from_environment();
  /// "NAME=value", for a successor.
  std::vector<std::string> variables() const;
};

/// Gives the servers the listening sockets that the process was started with: somebody else's by
/// the names "http" and "grpc" or by their addresses, a predecessor's where the configuration still
/// has the address. True where there are any. `opened` is then of this process.
bool inherit_sockets(net::InheritedSockets& sockets, OpenedFor& opened, ServerConfig& server);

/// What `inherit_sockets` of a successor takes. Either may be null.
NamedSockets listening_sockets(const http::Server* http, const grpc::Server* grpc);

}  // namespace bia
