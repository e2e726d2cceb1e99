// The HTTP/1.1 server with a handler that answers what bench/limit/epoll_http.cc answers, on one
// thread:
//   bench_http_server PORT [plain|router] [body=FILE] [compress] [cert=FILE key=FILE]
// body: a file of JSON to answer with; compress: as its callers accept; cert and key: over TLS 1.3.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "bia/fiber/threads.h"
#include "bia/http/filters.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "bia/net/tls.h"

namespace {

using namespace bia;

/// The value of "name=value" among the arguments; empty where there is none.
std::string option(int argc, char** argv, std::string_view name) {
  for (int i = 2; i < argc; ++i) {
    const std::string_view each = argv[i];
    if (each.starts_with(name)) return std::string(each.substr(name.size()));
  }
  return {};
}

bool has(int argc, char** argv, std::string_view word) {
  for (int i = 2; i < argc; ++i) {
    if (argv[i] == word) return true;
  }
  return false;
}

Result<std::shared_ptr<net::TlsServer>> tls_server(int argc, char** argv) {
  net::TlsServerOptions tls;
  net::TlsCertificate& pair = tls.certificates.emplace_back();
  pair.certificate_file = option(argc, argv, "cert=");
  pair.key_file = option(argc, argv, "key=");
  tls.limits.min = net::TlsVersion::k13;
  tls.alpn = {"http/1.1"};
  return net::TlsServer::create(std::move(tls));
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  http::ServerOptions options;
  options.address = std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "18080");
  if (!option(argc, argv, "cert=").empty()) {
    auto tls = tls_server(argc, argv);
    if (!tls) return fail(tls.error());
    options.tls = *tls;
  }
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
  const bool routed = has(argc, argv, "router");
  std::string canned = "{\"message\":\"Hello [object Object]\"}";
  if (const std::string path = option(argc, argv, "body="); !path.empty()) {
    std::ifstream file(path);
    canned.assign(std::istreambuf_iterator<char>(file), {});
  }
  http::Handler handler = [&](http::ServerRequest& request, http::ServerResponse& response) {
    if (routed) return router.serve(request, response);
    response.add_header("Content-Type", "application/json");
    response.body() += canned;
  };
  if (has(argc, argv, "compress")) handler = http::compressed(std::move(handler), {});
  fiber::block_signals();
  auto threads = fiber::ThreadGroup::create(1);
  if (!threads) return 1;
  int failed = 0;
  (*threads)->run([&](size_t) {
    auto server = http::Server::create(**threads, options, handler);
    auto started = server ? (*server)->start() : Result<void>(server.error());
    if (!started) {
      failed = fail(started.error());
      return;
    }
    fiber::wait_signal().ignore("any signal ends the program");
    (*server)->stop(Deadline::after(std::chrono::seconds(1)));
    const auto counters = (*server)->counters();
    std::fprintf(stderr, "%llu requests\n", static_cast<unsigned long long>(counters.requests));
  });
  return failed;
}
