#include "bia/listen.h"

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

void inherit_sockets(net::InheritedSockets& sockets, const Config& config, ServerConfig& server) {
  bool any = false;
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
  if (any && !config.has("runtime.drain_delay")) server.drain_delay = std::chrono::seconds(1);
}

}  // namespace bia
