#include "bia/net/inherit.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "net/test_support.h"

namespace bia::net {
namespace {

using std::chrono::milliseconds;

/// A listening socket as one who starts us has it.
int listening_socket(const char* address) {
  const Endpoint endpoint = Endpoint::parse(address).value();
  const int fd = socket(endpoint.family(), SOCK_STREAM, 0);
  EXPECT_EQ(bind(fd, static_cast<const sockaddr*>(endpoint.data()), endpoint.size()), 0);
  EXPECT_EQ(listen(fd, 8), 0);
  return fd;
}

TEST(InheritedSockets, ReadsWhatSystemdSays) {
  const int held[] = {open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY)};
  // What a test runner holds at 3 and 4 comes back in the end.
  const int kept[] = {dup(3), dup(4)};
  const int one = listening_socket("127.0.0.1:0");
  const int two = listening_socket("0.0.0.0:0");
  ASSERT_TRUE(one > 4 && two > 4) << one << " " << two;
  dup2(one, 3);
  dup2(two, 4);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "2", 1);
  setenv("LISTEN_FDNAMES", "web:", 1);
  {
    auto sockets = InheritedSockets::from_environment();
    EXPECT_EQ(getenv("LISTEN_FDS"), nullptr) << "not for our children";
    EXPECT_EQ(sockets.left().size(), 2u);
    EXPECT_TRUE(sockets.take("http", Endpoint::parse("127.0.0.1:1").value()).empty());
    EXPECT_EQ(sockets.take("web", Endpoint::parse("127.0.0.1:1").value()), std::vector<int>{3});
    // By its port: it listens on all addresses.
    const Endpoint any = Endpoint::parse(sockets.left()[0]).value();
    const Endpoint local = Endpoint::parse("127.0.0.1:" + std::to_string(any.port())).value();
    EXPECT_EQ(sockets.take("http", local), std::vector<int>{4});
    EXPECT_TRUE(sockets.left().empty());
    EXPECT_TRUE((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
  }
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "2", 1);
  EXPECT_TRUE(InheritedSockets::from_environment().left().empty()) << "another's";
  for (const char* bad : {"-1", "x", "100000", ""}) {
    setenv("LISTEN_FDS", bad, 1);
    const auto none = InheritedSockets::from_environment();
    EXPECT_TRUE(none.left().empty()) << bad;
    EXPECT_EQ(none.problem().empty(), *bad == '\0') << none.problem();
  }
  for (int i = 0; i < 2; ++i) {
    if (kept[i] >= 0) {
      dup2(kept[i], 3 + i);
      close(kept[i]);
    } else {
      close(3 + i);
    }
  }
  for (int fd : {one, two, held[0], held[1]}) close(fd);
}

TEST(InheritedSockets, AreAsManyAsThreadsOfTwoServers) {
  EXPECT_EXIT(
      {
        const int last = 3 + 600 - 1;
        dup2(listening_socket("127.0.0.1:0"), last);
        unsetenv("LISTEN_PID");
        setenv("LISTEN_FDS", "600", 1);
        const auto sockets = InheritedSockets::from_environment();
        const auto left = sockets.left();
        const bool whole = (fcntl(last, F_GETFD) & FD_CLOEXEC) != 0;
        _exit(sockets.problem().empty() && !left.empty() && whole ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(Listener, TakesOverASocketAndLeavesItToOthers) {
  in_scheduler([] {
    const int fd = listening_socket("127.0.0.1:0");
    auto first = Listener::adopt(dup(fd)).value();
    const Endpoint address = first.local();
    auto client = Socket::connect(address, Deadline::after(kSoon)).value();
    const int accepted = first.accept(Deadline::after(kSoon)).value();
    close(accepted);
    first.close();
    // Nobody accepts now, and yet nobody is refused.
    auto waiting = Socket::connect(address, Deadline::after(kSoon)).value();
    auto second = Listener::adopt(fd).value();
    close(second.accept(Deadline::after(kSoon)).value());
  });
}

TEST(Listener, RefusesWhatDoesNotListen) {
  in_scheduler([] {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(Listener::adopt(fd).error().reason(), "NOT_LISTENING");
  });
}

TEST(Connect, RefusesToConnectWithItself) {
  in_scheduler([] {
    // Bound to the port that it connects to, TCP lets it.
    const int probe = listening_socket("127.0.0.1:0");
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    close(probe);
    const Endpoint own = Endpoint::from_sockaddr(&address, size);
    auto connected = Socket::connect(own, Deadline::after(kSoon), &own);
    ASSERT_FALSE(connected.ok());
    EXPECT_EQ(connected.error().reason(), "CONNECTION_REFUSED");
  });
}

TEST(ConnectAny, TakesTheOneThatAnswers) {
  in_scheduler([] {
    auto listener = Listener::bind(Endpoint::parse("127.0.0.1:0").value(), {}).value();
    const Endpoint good = listener.local();
    const int closed = listening_socket("127.0.0.1:0");
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(closed, reinterpret_cast<sockaddr*>(&address), &size);
    close(closed);
    const Endpoint refused = Endpoint::from_sockaddr(&address, size);
    auto connected = connect_any({refused, good}, Deadline::after(kSoon));
    ASSERT_TRUE(connected.ok()) << connected.error().message();
    EXPECT_EQ(connected->endpoint.text(), good.text());
    EXPECT_EQ(connected->socket.peer().text(), good.text());
    EXPECT_EQ(connect_any({refused, refused}, Deadline::after(kSoon)).error().reason(),
              "CONNECTION_REFUSED");
    EXPECT_EQ(connect_any({}, Deadline::after(kSoon)).error().reason(), "NO_SUCH_HOST");
  });
}

TEST(ConnectAny, DoesNotWaitForOneThatIsSilent) {
  in_scheduler([] {
    auto listener = Listener::bind(Endpoint::parse("127.0.0.1:0").value(), {}).value();
    // Its queue is full: the kernel drops what comes.
    const int silent = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(silent, 0), 0);
    getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
    const Endpoint full = Endpoint::from_sockaddr(&address, size);
    std::vector<Socket> fillers;
    for (int i = 0; i < 4; ++i) {
      auto one = Socket::connect(full, Deadline::after(milliseconds(50)));
      if (one) fillers.push_back(std::move(*one));
    }
    auto connected =
        connect_any({full, listener.local()}, Deadline::after(std::chrono::minutes(2)));
    ASSERT_TRUE(connected.ok()) << connected.error().message();
    EXPECT_EQ(connected->endpoint.text(), listener.local().text());
    close(silent);
  });
}

}  // namespace
}  // namespace bia::net
