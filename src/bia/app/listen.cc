#include "bia/app/listen.h"

#include <fmt/format.h>

#include "bia/bia/log.h"

namespace bia {

Error cannot_listen(Error error, std::string_view server, std::string_view key,
                    std::string_view where) {
  const bool in_use = error.code() == Code::kAlreadyExists;
  Error located = std::move(error).in(fmt::format("{}: [{}] {}", where, server, key));
  if (!in_use) return located;
  return std::move(located).with_hint(
      fmt::format("end the program that has the port, see `ss -ltnp`, or set another {}", key));
}

bool inherit_sockets(net::InheritedSockets& sockets, ServerConfig& server) {
  bool any = false;
  if (!sockets.problem().empty())
    log::warn(sockets.problem() + "; no listening socket was taken over");
  const auto give = [&](auto& one, std::string_view name) {
    if (!one || one->options.address.empty()) return;
    auto address = net::Endpoint::parse(one->options.address);
    if (!address) return;  // The server says so.
    one->options.listeners = sockets.take(name, *address);
    any = any || !one->options.listeners.empty();
  };
  give(server.http, "http");
  give(server.grpc, "grpc");
  for (const std::string& left : sockets.left())
    log::warn(
        fmt::format("the listening socket {} that the process was started with is neither "
                    "server.http.addr nor server.grpc.addr, and is closed",
                    left));
  return any;
}

NamedSockets listening_sockets(const http::Server* http, const grpc::Server* grpc) {
  NamedSockets sockets;
  const auto add = [&](const auto* server, const char* name) {
    if (server == nullptr) return;
    for (int fd : server->listener_fds()) sockets.emplace_back(name, fd);
  };
  add(http, "http");
  add(grpc, "grpc");
  return sockets;
}

}  // namespace bia
