// The HTTP/1.1 server with a handler that answers what bench/limit/epoll_http.cc answers, on one
// thread:
//   bench_http_server PORT [plain|router]
#include <cstdio>
#include <string>

#include "bia/fiber/threads.h"
#include "bia/http/router.h"
#include "bia/http/server.h"

int main(int argc, char** argv) {
  using namespace bia;
  http::ServerOptions options;
  options.address = std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "18080");
  http::Router router;
  auto answer = [](http::ServerRequest&, const http::PathParams& params,
                   http::ServerResponse& response) {
    response.add_header("Content-Type", "application/json");
    std::string& body = response.body();
    body += "{\"message\":\"Hello ";
    body += params.count != 0 ? params.params[0].value : "[object Object]";
    body += "\"}";
  };
  if (auto added = router.add("GET", "/helloworld/{name}", answer); !added) return 1;
  const bool routed = argc > 2 && std::string_view(argv[2]) == "router";
  http::Handler handler = [&](http::ServerRequest& request, http::ServerResponse& response) {
    if (routed) return router.serve(request, response);
    response.add_header("Content-Type", "application/json");
    response.body() += "{\"message\":\"Hello [object Object]\"}";
  };
  fiber::block_signals();
  auto threads = fiber::ThreadGroup::create(1);
  if (!threads) return 1;
  int failed = 0;
  (*threads)->run([&](size_t) {
    auto server = http::Server::create(**threads, options, handler);
    auto started = server ? (*server)->start() : Result<void>(server.error());
    if (!started) {
      std::fprintf(stderr, "%s\n", started.error().text().c_str());
      failed = 1;
      return;
    }
    fiber::wait_signal().ignore("any signal ends the program");
    (*server)->stop(Deadline::after(std::chrono::seconds(1)));
    const auto counters = (*server)->counters();
    std::fprintf(stderr, "%llu requests\n", static_cast<unsigned long long>(counters.requests));
  });
  return failed;
}
