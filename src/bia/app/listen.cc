#include "bia/app/listen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "bia/bia/log.h"

namespace bia {
namespace {

constexpr const char* kHttpVariable = "BIA_OPENED_FOR_HTTP";
constexpr const char* kGrpcVariable = "BIA_OPENED_FOR_GRPC";

}  // namespace

Error cannot_listen(Error error, std::string_view server, std::string_view key,
                    std::string_view where) {
  const bool in_use = error.code() == Code::kAlreadyExists;
  Error located = std::move(error).in(fmt::format("{}: [{}] {}", where, server, key));
  if (!in_use) return located;
  return std::move(located).with_hint(
      fmt::format("end the program that has the port, see `ss -ltnp`, or set another {}", key));
}

OpenedFor OpenedFor::from_environment() {
  const auto take = [](const char* name) {
    const char* value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    unsetenv(name);
    return text;
  };
  return {take(kHttpVariable), take(kGrpcVariable)};
}

std::vector<std::string> OpenedFor::variables() const {
  std::vector<std::string> all;
  if (!http.empty()) all.push_back(fmt::format("{}={}", kHttpVariable, http));
  if (!grpc.empty()) all.push_back(fmt::format("{}={}", kGrpcVariable, grpc));
  return all;
}

bool inherit_sockets(net::InheritedSockets& sockets, OpenedFor& opened, ServerConfig& server) {
  bool any = false;
  if (!sockets.problem().empty())
    log::warn(sockets.problem() + "; no listening socket was taken over");
  const auto give = [&](auto& one, std::string_view name, std::string& opened_for) {
    const std::string before = std::exchange(opened_for, {});
    if (!one || one->options.address.empty()) return;
    auto address = net::Endpoint::parse(one->options.address);
    if (!address) return;  // The server says so.
    // Another address is meant to be served at once, not with the next start but one.
    const bool changed = !before.empty() && before != one->options.address;
    one->options.listeners = changed ? sockets.take(*address) : sockets.take(name, *address);
    const bool none = one->options.listeners.empty();
    if (none || !before.empty()) opened_for = one->options.address;
    any = any || !none;
  };
  give(server.http, "http", opened.http);
  give(server.grpc, "grpc", opened.grpc);
  // Each thread of a predecessor had one.
  std::vector<std::string> addresses = sockets.left();
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  for (const std::string& left : addresses)
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
