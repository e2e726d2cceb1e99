#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/net/socket.h"
#include "net/tls_test_support.h"

namespace bia::net {

/// A TLS client whose records pass through our hands, so that one can be sent in parts.
class HalfRecords {
 public:
  HalfRecords(const std::string& address, const TlsClient& client) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_ = Socket::adopt(ends[0]).value();
    near_ = Socket::adopt(ends[1]).value();
    server_ = Socket::connect(Endpoint::parse(address).value(), soon()).value();
    auto& scheduler = fiber::Scheduler::current();
    down_ = scheduler.spawn([this] { copy(server_, near_); }).value();
    auto up = scheduler.spawn([this] { copy(near_, server_); }).value();
    auto shaken = client_.start_tls(client, "127.0.0.1", soon());
    EXPECT_TRUE(shaken.ok()) << shaken.error().text();
    // What is on its way still goes.
    while (near_.readable()) fiber::yield();
    up.cancel_and_join();
  }
  ~HalfRecords() { down_.cancel_and_join(); }

  /// The bytes of the record that carries `text`.
  std::string record(std::string_view text) {
    EXPECT_TRUE(client_.write_all(text, soon()).ok());
    std::string bytes(text.size() + 512, '\0');
    bytes.resize(near_.read_some(bytes, soon()).value());
    return bytes;
  }
  void send_raw(std::string_view bytes) { EXPECT_TRUE(server_.write_all(bytes, soon()).ok()); }
  void send(std::string_view text) { send_raw(record(text)); }
  /// What the server answers until `text` was seen, or its end.
  std::string until(std::string_view text) {
    std::string all;
    char bytes[4096];
    while (all.find(text) == std::string::npos) {
      auto count = client_.read_some(bytes, soon());
      if (!count || *count == 0) break;
      all.append(bytes, *count);
    }
    return all;
  }
  /// The server's next word is a close_notify, and no end without one.
  bool is_closed() {
    char byte;
    auto count = client_.read_some({&byte, 1}, soon());
    return count && *count == 0;
  }

 private:
  static Deadline soon() { return Deadline::after(std::chrono::seconds(10)); }
  static void copy(Socket& from, Socket& to) {
    char bytes[4096];
    for (;;) {
      auto count = from.read_some(bytes, Deadline::never());
      if (!count) return;
      if (*count == 0) return to.shutdown_write();
      if (!to.write_all({bytes, *count}, Deadline::never())) return;
    }
  }

  Socket client_, near_, server_;
  fiber::Fiber down_;
};

}  // namespace bia::net
