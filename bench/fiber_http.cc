// What the fiber and net layers cost alone: a canned answer for each "\r\n\r\n", as bench's epoll
// floor gives it. usage: bench_fiber_http PORT
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/net/socket.h"

namespace {

constexpr std::string_view kBody = "{\"message\":\"Hello [object Object]\"}";

void serve(int fd, std::string_view answer) {
  auto socket = bia::net::Socket::adopt(fd);
  if (!socket) return;
  char bytes[4096];
  for (;;) {
    auto count = socket->read_some(bytes, bia::Deadline::never());
    if (!count || *count == 0) return;
    std::string_view text(bytes, *count);
    for (size_t at = text.find("\r\n\r\n"); at != std::string_view::npos;
         at = text.find("\r\n\r\n", at + 4)) {
      if (!socket->write_all(answer, bia::Deadline::never())) return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 12:00:00 "
      "GMT\r\nContent-Length: " +
      std::to_string(kBody.size()) + "\r\n\r\n" + std::string(kBody);
  auto scheduler = bia::fiber::Scheduler::create().value();
  auto endpoint =
      bia::net::Endpoint::parse(std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "8080")).value();
  scheduler
      ->spawn([&] {
        auto listener = bia::net::Listener::bind(endpoint, {}).value();
        for (;;) {
          int fd = listener.accept().value();
          bia::fiber::Scheduler::current().spawn([fd, &answer] { serve(fd, answer); }).value();
        }
      })
      .value();
  scheduler->run();
}
