// What a request costs in the parser and the router alone, in ns: bench_http_parse
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "bia/http/router.h"
#include "http/http1/head_parser.h"

namespace {

/// Of this process: other programs on the machine do not count.
double cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

template <typename Work>
void measure(const char* name, Work work) {
  constexpr int kRounds = 200'000;
  double best = 1e9;
  for (int run = 0; run < 10; ++run) {
    const double start = cpu_ns();
    for (int i = 0; i < kRounds; ++i) work();
    best = std::min(best, (cpu_ns() - start) / kRounds);
  }
  std::printf("%-28s %7.1f ns\n", name, best);
}

}  // namespace

int main() {
  using namespace bia::http;
  const std::string wrk =
      "GET /helloworld/%5Bobject%20Object%5D HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
  const std::string k6 =
      "GET /helloworld/%5Bobject%20Object%5D HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: "
      "Grafana k6/1.8.1\r\n\r\n";
  const std::string browser =
      "GET /helloworld/bob?x=1 HTTP/1.1\r\nHost: example.org\r\nConnection: "
      "keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
      "Chrome/131.0.0.0 Safari/537.36\r\n"
      "Accept: "
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: "
      "session=0123456789abcdef0123456789abcdef\r\n\r\n";
  RequestParser parser{Limits()};
  for (const auto& [name, text] : {std::pair{"parse wrk's request", &wrk},
                                   {"parse k6's request", &k6},
                                   {"parse a browser's request", &browser}}) {
    measure(name, [&] {
      parser.reset();
      if (parser.parse(*text) != Parsed::kComplete) std::puts("not parsed");
    });
  }
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 12:00:00 "
      "GMT\r\nContent-Length: 35\r\n\r\n";
  ResponseParser responses{Limits()};
  measure("parse the answer", [&] {
    responses.reset();
    if (responses.parse(answer) != Parsed::kComplete) std::puts("not parsed");
  });
  Router router;
  for (const char* path :
       {"/helloworld/{name}", "/metrics", "/helloworld", "/v1/{name=shelves/*/books/**}"}) {
    router.add("GET", path, nullptr).ignore("they are good");
  }
  std::string allowed;
  measure("route it", [&] {
    PathParams params;
    if (router.find("GET", "/helloworld/%5Bobject%20Object%5D", params, &allowed) == nullptr)
      std::puts("no route");
  });
}
