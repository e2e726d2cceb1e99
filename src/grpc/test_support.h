#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/client.h"
#include "bia/grpc/server.h"
#include "bia/net/socket.h"

namespace bia::grpc::test {

/// A unary method that answers with what it got.
inline Result<void> echo(ServerCall&, std::string_view request, std::string& reply) {
  reply = request;
  return {};
}

inline MethodHandler unary(
    std::string path,
    std::function<Result<void>(ServerCall&, std::string_view, std::string&)> function) {
  MethodHandler handler;
  handler.path = std::move(path);
  handler.unary = std::move(function);
  return handler;
}

inline MethodHandler streaming(std::string path,
                               std::function<Result<void>(ServerCall&)> function) {
  MethodHandler handler;
  handler.path = std::move(path);
  handler.stream = std::move(function);
  return handler;
}

/// Runs `body` in a fiber beside a server with the given methods on a free port; the server is
/// stopped afterwards.
inline void with_server(std::vector<MethodHandler> methods,
                        const std::function<void(Server&)>& body, ServerOptions options = {},
                        size_t thread_count = 1) {
  auto threads = fiber::ThreadGroup::create(thread_count).value();
  options.address = "127.0.0.1:0";
  auto server = Server::create(*threads, options).value();
  for (MethodHandler& method : methods) server->add_method(std::move(method)).value();
  threads->run([&](size_t thread) {
    if (thread != 0) return;
    server->start().value();
    body(*server);
    server->stop(Deadline::after(std::chrono::seconds(2)));
  });
}

/// What a server has counted that stopped, with half an hour for it, while a peer that has
/// connected says nothing.
inline Server::Counters stopped_beside_a_silent_peer(ServerOptions options) {
  auto threads = fiber::ThreadGroup::create(1).value();
  options.address = "127.0.0.1:0";
  options.handshake_timeout = std::chrono::hours(1);
  auto server = Server::create(*threads, options).value();
  threads->run([&](size_t) {
    server->start().value();
    auto socket = net::Socket::connect(net::Endpoint::parse(server->address()).value(),
                                       Deadline::after(std::chrono::seconds(5)))
                      .value();
    while (server->counters().connections_open == 0) fiber::yield();
    server->stop(Deadline::after(std::chrono::minutes(30)));
  });
  return server->counters();
}

/// "reason count" of each message that was refused.
inline std::string refused_messages(const Server& server) {
  std::string all;
  for (const auto& [reason, count] : server.counters().messages_refused) {
    if (count > 0) all.append(all.empty() ? "" : " ").append(reason) += ' ' + std::to_string(count);
  }
  return all;
}

inline UnaryReply call(Channel& channel, std::string_view path, std::string_view request,
                       CallOptions options = {}) {
  UnaryReply reply;
  channel.unary(path, request, options, reply);
  return reply;
}

inline std::string value_of(const Metadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata) {
    if (name == key) return value;
  }
  return {};
}

}  // namespace bia::grpc::test
