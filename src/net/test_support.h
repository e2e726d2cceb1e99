#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <utility>

#include "bia/fiber/scheduler.h"
#include "bia/net/resolver.h"
#include "bia/net/socket.h"

namespace bia::net {

inline constexpr Duration kSoon = std::chrono::seconds(10);

inline void in_scheduler(std::function<void()> body) {
  auto scheduler = fiber::Scheduler::create();
  ASSERT_TRUE(scheduler.ok());
  auto fiber = (*scheduler)->spawn(std::move(body));
  ASSERT_TRUE(fiber.ok());
  (*scheduler)->run(fiber::Scheduler::Until::kNoFibers);
}

inline fiber::Fiber start(std::function<void()> body) {
  return fiber::Scheduler::current().spawn(std::move(body)).value();
}

inline Listener listen_anywhere() {
  auto listener = Listener::bind(Endpoint::parse("127.0.0.1:0").value(), {});
  EXPECT_TRUE(listener.ok()) << (listener.ok() ? "" : listener.error().text());
  return std::move(*listener);
}

/// Both ends of a TCP connection on this thread.
inline std::pair<Socket, Socket> connected_pair() {
  Listener listener = listen_anywhere();
  Socket client = Socket::connect(listener.local(), Deadline::after(kSoon)).value();
  Socket server = Socket::adopt(listener.accept(Deadline::after(kSoon)).value()).value();
  return {std::move(client), std::move(server)};
}

/// Sends all to one address, whatever its name, and notes the name.
class OneAddress final : public Resolver {
 public:
  Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t, Deadline) override {
    asked = host;
    return std::vector<Endpoint>{address};
  }
  Endpoint address;
  std::string asked;
};

inline std::string errno_of(const Error& error) {
  for (const auto& [key, value] : error.metadata()) {
    if (key == "errno") return value;
  }
  return "";
}

}  // namespace bia::net
