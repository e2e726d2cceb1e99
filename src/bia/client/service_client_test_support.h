#pragma once
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bia/bia/service_client.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "bia/http/server.h"

namespace bia {

inline constexpr std::string_view kEcho = "/t.S/Echo";

/// A gRPC and an HTTP server on one thread, and what their handlers have seen.
struct Peer {
  std::atomic<int> calls{0};
  std::function<Result<void>(grpc::ServerCall&, std::string_view, std::string&)> echo =
      [](grpc::ServerCall&, std::string_view request, std::string& reply) -> Result<void> {
    reply = request;
    return {};
  };
  std::function<void(http::ServerRequest&, http::ServerResponse&)> http;

  void run(const std::function<void(const std::string& grpc, const std::string& http)>& body) {
    auto threads = *fiber::ThreadGroup::create(1);
    grpc::ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = *grpc::Server::create(*threads, options);
    grpc::MethodHandler unary;
    unary.path = kEcho;
    unary.unary = [this](grpc::ServerCall& call, std::string_view request, std::string& reply) {
      ++calls;
      return echo(call, request, reply);
    };
    server->add_method(std::move(unary)).value();
    grpc::MethodHandler chat;
    chat.path = "/t.S/Chat";
    chat.stream = [](grpc::ServerCall& call) -> Result<void> {
      std::string message;
      while (BIA_TRY(call.read(message))) {
        if (message == "fail") return Error(Code::kNotFound, "GONE", "gone");
        BIA_TRY(call.write(message + std::string(call.metadata("x-request-id"))));
      }
      return {};
    };
    server->add_method(std::move(chat)).value();
    http::ServerOptions web_options;
    web_options.address = "127.0.0.1:0";
    auto web =
        *http::Server::create(*threads, web_options,
                              [this](http::ServerRequest& request, http::ServerResponse& response) {
                                ++calls;
                                http(request, response);
                              });
    threads->run([&](size_t) {
      server->start().value();
      web->start().value();
      body(server->address(), web->address());
      web->stop(Deadline::after(std::chrono::seconds(2)));
      server->stop(Deadline::after(std::chrono::seconds(2)));
    });
  }
};

inline std::unique_ptr<ServiceClient> client_of(
    const std::string& target, const std::function<void(ServiceClientOptions&)>& set = {},
    const std::string& scheme = "grpc") {
  ServiceClientOptions options;
  options.pool.target = target;
  options.pool.scheme = scheme;
  options.timeout = std::chrono::seconds(20);
  if (set) set(options);
  return *ServiceClient::create(std::move(options));
}

inline Result<std::string> echo(ServiceClient& client, const std::string& text,
                                const Context* parent = nullptr,
                                Request::Validate validate = nullptr) {
  google::protobuf::StringValue request, reply;
  request.set_value(text);
  BIA_TRY(client.unary({kEcho, request, reply, validate, parent}, {}));
  return reply.value();
}

}  // namespace bia
