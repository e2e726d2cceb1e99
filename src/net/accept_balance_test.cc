#include "bia/net/accept_balance.h"

#include <gtest/gtest.h>

#include <atomic>

#include "net/test_support.h"

namespace bia::net {
namespace {

TEST(AcceptBalance, SpreadsConnectionsEvenlyOverTheThreads) {
  constexpr size_t kThreads = 3;
  constexpr size_t kConnections = 12;
  auto threads = fiber::ThreadGroup::create(kThreads).value();
  std::atomic<size_t> served = 0;
  AcceptBalance balance(*threads, [&](int fd) {
    Socket socket = Socket::adopt(fd).value();
    ++served;
    char bytes[16];
    while (socket.read_some(bytes, Deadline::after(kSoon)).value() > 0) {
    }
  });
  threads->run([&](size_t index) {
    if (index != 0) return;
    Listener listener = listen_anywhere();
    std::vector<Socket> clients;
    for (size_t i = 0; i < kConnections; ++i) {
      clients.push_back(Socket::connect(listener.local(), Deadline::after(kSoon)).value());
      balance.accepted(listener.accept(Deadline::after(kSoon)).value());
    }
    for (size_t i = 0; i < kThreads; ++i)
      EXPECT_EQ(balance.connections(i), kConnections / kThreads);
    while (served < kConnections) fiber::yield();
    clients.clear();
    for (size_t i = 0; i < kThreads; ++i) {
      while (balance.connections(i) > 0) fiber::yield();
    }
  });
}

TEST(AcceptBalance, KeepsAConnectionWhereAllAreEquallyLoaded) {
  auto threads = fiber::ThreadGroup::create(2).value();
  std::atomic<fiber::Scheduler*> served_by = nullptr;
  AcceptBalance balance(*threads, [&](int fd) {
    Socket socket = Socket::adopt(fd).value();
    served_by = &fiber::Scheduler::current();
  });
  threads->run([&](size_t index) {
    if (index != 1) return;
    Listener listener = listen_anywhere();
    Socket client = Socket::connect(listener.local(), Deadline::after(kSoon)).value();
    balance.accepted(listener.accept(Deadline::after(kSoon)).value());
    while (!served_by) fiber::yield();
    EXPECT_EQ(served_by, &threads->scheduler(1));
  });
}

}  // namespace
}  // namespace bia::net
