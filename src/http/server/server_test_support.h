#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "bia/net/socket.h"

namespace bia::http::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A raw connection to a server, for what a well-behaved client would not send.
struct Peer {
  net::Socket socket;
  std::string received;

  explicit Peer(const std::string& address) {
    auto endpoint = net::Endpoint::parse(address);
    auto connected = net::Socket::connect(*endpoint, Deadline::after(seconds(5)));
    EXPECT_TRUE(connected.ok());
    if (connected) socket = std::move(*connected);
  }
  void send(std::string_view text) {
    EXPECT_TRUE(socket.write_all(text, Deadline::after(seconds(5))).ok());
  }
  /// Until `count` bytes of `text` were seen, or the end, or two seconds.
  std::string until(std::string_view text, size_t count = 1) {
    const Deadline deadline = Deadline::after(seconds(2));
    auto seen = [&] {
      size_t n = 0;
      for (size_t at = received.find(text); at != std::string::npos;
           at = received.find(text, at + text.size()))
        ++n;
      return n;
    };
    while (seen() < count) {
      char bytes[4096];
      auto got = socket.read_some(bytes, deadline);
      if (!got || *got == 0) break;
      received.append(bytes, *got);
    }
    return std::exchange(received, {});
  }
  std::string all() { return until("\x01 never sent \x01"); }
};

/// Runs `body` in a fiber beside a server on a free port.
inline void with_server(Handler handler, const std::function<void(Server&)>& body,
                        ServerOptions options = {}, size_t threads = 1) {
  options.address = "127.0.0.1:0";
  auto group = fiber::ThreadGroup::create(threads);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t index) {
    if (index != 0) return;
    auto server = Server::create(**group, options, handler);
    ASSERT_TRUE(server.ok());
    auto started = (*server)->start();
    ASSERT_TRUE(started.ok()) << started.error().text();
    body(**server);
    (*server)->stop(Deadline::after(milliseconds(200)));
  });
}

}  // namespace bia::http::test
