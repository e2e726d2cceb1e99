#pragma once
// A service on both transports, and clients to call it with.
#include <gtest/gtest.h>

#include "base/text.h"
#include "bia/bia/middleware.h"
#include "bia/bia/server_binding.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "bia/http/client.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "bia/service/unmatched.h"

namespace bia::test_support {

struct Peers {
  http::Client http{http::ClientOptions{}};
  uint16_t port = 0;
  std::string grpc_address;
  std::vector<std::string> calls;  ///< operations that the middleware saw, with their outcome

  /// `accept`: a field for each line.
  http::ClientResponse send(std::string_view method, std::string_view target,
                            std::string_view body = {}, std::string_view type = {},
                            std::string_view accept = {}) {
    http::Headers headers;
    if (!type.empty()) headers.add("Content-Type", type);
    while (!accept.empty()) headers.add("Accept", cut(accept, '\n'));
    http::ClientRequest request;
    request.method = method;
    request.host = "127.0.0.1";
    request.port = port;
    request.target = target;
    request.headers = &headers;
    request.body = body;
    http::ClientResponse response;
    http::Timings timings;
    Result<void> sent =
        http.send(request, response, timings, Deadline::after(std::chrono::seconds(5)));
    EXPECT_TRUE(sent.ok()) << sent.error().text();
    return response;
  }
  std::string get(std::string_view target) { return send("GET", target).body; }
};

/// Serves `service` on free ports of one thread, with a middleware that notes each call and
/// recovery, and runs `body` in a fiber of it.
enum class Recovery : uint8_t { kYes, kNo };
inline void serve(Service& service, ServerBindingOptions options,
                  const std::function<void(Peers&)>& body, Recovery recovery = Recovery::kYes) {
  auto group = fiber::ThreadGroup::create(1);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t) {
    Peers peers;
    const Duration timeout = options.http_timeout;
    ServerBinding binding(options);
    binding.middleware().add([&](Context& context, Request, Next next) -> Result<Reply> {
      auto reply = next();
      peers.calls.push_back(std::string(transport_name(context.transport())) + " " +
                            std::string(context.operation()) + " " +
                            (reply.ok() ? "ok" : reply.error().reason()));
      return reply;
    });
    if (recovery == Recovery::kYes) binding.middleware().add(recovery_middleware());
    binding.middleware().add(validation_middleware());
    http::Router router;
    router.set_not_found(answer_unmatched(nullptr, binding));
    grpc::ServerOptions grpc_options;
    grpc_options.address = "127.0.0.1:0";
    grpc_options.timeout = timeout;
    auto grpc = grpc::Server::create(**group, grpc_options);
    ASSERT_TRUE(grpc.ok());
    Result<void> added = binding.add(service, &router, grpc->get());
    ASSERT_TRUE(added.ok()) << added.error().text();
    added = binding.check();
    ASSERT_TRUE(added.ok()) << added.error().text();
    http::ServerOptions http_options;
    http_options.address = "127.0.0.1:0";
    auto http = http::Server::create(
        **group, http_options, [&](http::ServerRequest& request, http::ServerResponse& response) {
          router.serve(request, response);
        });
    ASSERT_TRUE(http.ok());
    ASSERT_TRUE((*http)->start().ok());
    ASSERT_TRUE((*grpc)->start().ok());
    std::string address = (*http)->address();
    peers.port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    peers.grpc_address = (*grpc)->address();
    body(peers);
    peers.http.close_idle();
    (*http)->stop(Deadline::after(std::chrono::milliseconds(100)));
    (*grpc)->stop(Deadline::after(std::chrono::milliseconds(100)));
  });
}

}  // namespace bia::test_support
