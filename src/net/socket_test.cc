#include "bia/net/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "net/test_support.h"

namespace bia::net {
namespace {

using std::chrono::milliseconds;

TEST(Endpoint, ReadsAndPrintsEachForm) {
  for (const char* text : {"127.0.0.1:80", "[::1]:8080", "0.0.0.0:0", "unix:/tmp/x"}) {
    EXPECT_EQ(Endpoint::parse(text).value().text(), text);
  }
  EXPECT_EQ(Endpoint::parse(":8080").value().text(), "0.0.0.0:8080");
  EXPECT_EQ(Endpoint::parse("127.0.0.1:80").value().port(), 80);
  EXPECT_EQ(Endpoint::parse("[::1]:80").value().host(), "::1");
  EXPECT_EQ(Endpoint::parse("unix:/tmp/x").value().host(), "/tmp/x");
  const Endpoint mapped = Endpoint::parse("[::ffff:127.0.0.1]:80").value();
  EXPECT_EQ(mapped.host(), "127.0.0.1");
  EXPECT_EQ(mapped.text(), "127.0.0.1:80");
  EXPECT_EQ(Endpoint::parse("[::127.0.0.1]:80").value().text(), "[::127.0.0.1]:80");
}

TEST(Endpoint, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:-1",
        "localhost:80", "::1:80", "[::1]", "[::g]:80", "[127.0.0.1]:80", "unix:"}) {
    auto parsed = Endpoint::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
    EXPECT_NE(parsed.error().message().find(text), std::string::npos);
  }
  EXPECT_TRUE(Endpoint::parse("unix:" + std::string(107, 'x')).ok());
  EXPECT_FALSE(Endpoint::parse("unix:" + std::string(108, 'x')).ok());
}

TEST(Socket, ReadsWhatTheOtherWritesAndThenTheEnd) {
  in_scheduler([] {
    auto [client, server] = connected_pair();
    EXPECT_EQ(client.peer().text(), server.local().text());
    ASSERT_TRUE(client.write_all("hello", Deadline::after(kSoon)));
    char bytes[64];
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 5u);
    EXPECT_EQ(std::string_view(bytes, 5), "hello");
    EXPECT_EQ(server.read_some(bytes, Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    ASSERT_TRUE(client.write_all("again", Deadline::after(kSoon)));
    client.shutdown_write();
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 5u);
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 0u);
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 0u) << "the end stays";
    ASSERT_TRUE(server.write_all("answer", Deadline::after(kSoon)));
    EXPECT_EQ(client.read_some(bytes, Deadline::after(kSoon)).value(), 6u);
    EXPECT_EQ(client.bytes_written(), 10u);
    EXPECT_EQ(client.bytes_read(), 6u);
  });
}

TEST(Socket, ReadThatExactlyFillsItsBufferLeavesTheRestReadable) {
  in_scheduler([] {
    auto [client, server] = connected_pair();
    ASSERT_TRUE(client.write_all("12345678", Deadline::after(kSoon)));
    char bytes[4];
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 4u);
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 4u);
    EXPECT_EQ(server.read_some(bytes, Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    client.close();
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 0u);
  });
}

TEST(Socket, ReportsAReset) {
  in_scheduler([] {
    auto [client, server] = connected_pair();
    linger abort_on_close{1, 0};
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close);
    client.close();
    char bytes[4];
    Error error = server.read_some(bytes, Deadline::after(kSoon)).error();
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_EQ(errno_of(error), std::to_string(ECONNRESET));
    EXPECT_EQ(server.write_all("x", Deadline::after(kSoon)).error().code(), Code::kUnavailable)
        << "and no SIGPIPE";
  });
}

TEST(Socket, ConnectNamesARefusal) {
  in_scheduler([] {
    Listener listener = listen_anywhere();
    Endpoint gone = listener.local();
    listener.close();
    Error error = Socket::connect(gone, Deadline::after(kSoon)).error();
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_EQ(errno_of(error), std::to_string(ECONNREFUSED));
    EXPECT_EQ(error.message(), "connect " + gone.text() + ": Connection refused");
  });
}

TEST(Socket, ConnectGivesUpAtItsDeadline) {
  in_scheduler([] {
    // A listener whose queue is full drops further SYNs.
    Listener listener =
        Listener::bind(Endpoint::parse("127.0.0.1:0").value(), {.backlog = 0}).value();
    std::vector<Socket> fill;
    for (int i = 0; i < 20; ++i) {
      auto socket = Socket::connect(listener.local(), Deadline::after(milliseconds(20)));
      if (!socket) {
        EXPECT_EQ(socket.error().code(), Code::kDeadlineExceeded);
        return;
      }
      fill.push_back(std::move(*socket));
    }
    GTEST_SKIP() << "the kernel queues more than the backlog";
  });
}

TEST(Socket, WriteSuspendsWhileThePeerDoesNotRead) {
  in_scheduler([] {
    auto [client_end, server_end] = connected_pair();
    Socket& client = client_end;
    Socket& server = server_end;
    const std::string big(8 << 20, 'x');
    EXPECT_EQ(client.write_all(big, Deadline::after(milliseconds(5))).error().code(),
              Code::kDeadlineExceeded);
    uint64_t already = client.bytes_written();
    EXPECT_LT(already, big.size());
    EXPECT_EQ(client.try_write("y").value(), 0u);
    fiber::Fiber writer =
        start([&] { EXPECT_TRUE(client.write_all(big, Deadline::after(kSoon))); });
    fiber::yield();
    EXPECT_FALSE(writer.done());
    std::vector<char> bytes(100'000);
    while (server.bytes_read() < already + big.size()) {
      ASSERT_GT(server.read_some(bytes, Deadline::after(kSoon)).value(), 0u);
    }
    EXPECT_TRUE(writer.join(Deadline::after(kSoon)));
  });
}

TEST(Socket, WritesManyPartsInOrder) {
  in_scheduler([] {
    auto [client_end, server_end] = connected_pair();
    Socket& client = client_end;
    Socket& server = server_end;
    std::string expected;
    std::vector<std::string> parts;
    for (int i = 0; i < 100; ++i)
      parts.push_back(std::string(i % 3 == 0 ? 0 : static_cast<size_t>(i) * 1000,
                                  static_cast<char>('a' + i % 26)));
    std::vector<iovec> vectors;
    for (auto& part : parts) {
      vectors.push_back({part.data(), part.size()});
      expected += part;
    }
    fiber::Fiber writer = start([&] {
      EXPECT_TRUE(client.write_all(vectors, Deadline::after(kSoon)));
      client.shutdown_write();
    });
    std::string got;
    std::vector<char> bytes(10'000);
    while (size_t count = server.read_some(bytes, Deadline::after(kSoon)).value())
      got.append(bytes.data(), count);
    EXPECT_EQ(got.size(), expected.size());
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(writer.join());
  });
}

TEST(Socket, CloseFromAnotherFiberEndsTheRead) {
  in_scheduler([] {
    auto [client_end, server_end] = connected_pair();
    Socket& server = server_end;
    fiber::Fiber reader = start([&] {
      char bytes[4];
      EXPECT_EQ(server.read_some(bytes, Deadline::never()).error().code(), Code::kCancelled);
    });
    fiber::yield();
    server.close();
    EXPECT_TRUE(reader.join(Deadline::after(kSoon)));
  });
}

TEST(Socket, AReaderWhoseDataNeverEndsLetsOthersRun) {
  in_scheduler([] {
    auto [client_end, server_end] = connected_pair();
    Socket& server = server_end;
    ASSERT_TRUE(client_end.write_all(std::string(1000, 'x'), Deadline::after(kSoon)));
    ASSERT_TRUE(server.wait_readable(Deadline::after(kSoon)));
    bool other_ran = false;
    start([&] { other_ran = true; });
    char byte[1];
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(server.read_some(byte, Deadline::after(kSoon)).ok());
    EXPECT_TRUE(other_ran);
  });
}

TEST(TcpOptions, BothEndsHaveKeepAliveAndNoDelay) {
  in_scheduler([] {
    Listener bound = listen_anywhere();
    Listener adopted = Listener::adopt(dup(bound.fd())).value();
    for (Listener* listener : {&bound, &adopted}) {
      Socket peer = Socket::connect(listener->local(), Deadline::never()).value();
      Socket socket = Socket::adopt(listener->accept().value()).value();
      for (const Socket* end : {&socket, &peer}) {
        const auto option = [end](int level, int name) {
          int value = -1;
          socklen_t size = sizeof value;
          getsockopt(end->fd(), level, name, &value, &size);
          return value;
        };
        EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 15);
        EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 15);
        EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
      }
    }
  });
}

TEST(Listener, NamesAnAddressInUse) {
  in_scheduler([] {
    auto exclusive = ListenOptions{.sharing = ListenOptions::Sharing::kExclusive};
    Listener first = Listener::bind(Endpoint::parse("127.0.0.1:0").value(), exclusive).value();
    auto second = Listener::bind(first.local(), exclusive);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), Code::kAlreadyExists);
    EXPECT_EQ(second.error().message(),
              "listen on " + first.local().text() + ": address already in use");
  });
}

TEST(Listener, NamesAnAddressThatIsNotOfThisMachine) {
  in_scheduler([] {
    auto listener = Listener::bind(Endpoint::parse("192.0.2.1:0").value(), {});
    ASSERT_FALSE(listener.ok());
    EXPECT_EQ(listener.error().code(), Code::kInvalidArgument);
    EXPECT_NE(listener.error().message().find("192.0.2.1:0"), std::string::npos);
  });
}

TEST(Listener, CloseEndsTheAccept) {
  in_scheduler([] {
    Listener listener = listen_anywhere();
    fiber::Fiber acceptor =
        start([&] { EXPECT_EQ(listener.accept().error().code(), Code::kCancelled); });
    fiber::yield();
    listener.close();
    EXPECT_TRUE(acceptor.join(Deadline::after(kSoon)));
    EXPECT_EQ(listener.accept().error().code(), Code::kCancelled);
  });
}

TEST(Listener, ServesAUnixSocketAndReplacesAStalePath) {
  in_scheduler([] {
    std::string path = "/tmp/bia_net_test_" + std::to_string(getpid());
    Endpoint endpoint = Endpoint::parse("unix:" + path).value();
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(stale, static_cast<const sockaddr*>(endpoint.data()), endpoint.size()), 0);
    ::close(stale);
    Listener listener = Listener::bind(endpoint, {}).value();
    Socket client = Socket::connect(endpoint, Deadline::after(kSoon)).value();
    Socket server = Socket::adopt(listener.accept(Deadline::after(kSoon)).value()).value();
    ASSERT_TRUE(client.write_all("hi", Deadline::after(kSoon)));
    char bytes[8];
    EXPECT_EQ(server.read_some(bytes, Deadline::after(kSoon)).value(), 2u);
    EXPECT_EQ(Listener::bind(endpoint, {}).error().code(), Code::kAlreadyExists) << "it is alive";
    listener.close();
    EXPECT_NE(access(path.c_str(), F_OK), 0);
  });
}

TEST(Listener, ReportsThatDescriptorsRanOutAndRecovers) {
  in_scheduler([] {
    Listener listener = listen_anywhere();
    Socket client = Socket::connect(listener.local(), Deadline::after(kSoon)).value();
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none{1, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    auto refused = listener.accept(Deadline::after(kSoon));
    setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kResourceExhausted);
    EXPECT_NE(refused.error().text().find("ulimit -n"), std::string::npos);
    Socket::adopt(listener.accept(Deadline::after(kSoon)).value()).value();
  });
}

TEST(Listener, RefusesWhoComesWhenDescriptorsHaveAllButRunOut) {
  in_scheduler([] {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit few{256, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    Listener listener = listen_anywhere();
    const auto connect = [&] {
      return Socket::connect(listener.local(), Deadline::after(kSoon)).value();
    };
    std::vector<int> all = {dup(0)};
    // The client takes the next one, and what is accepted the last that it may have.
    while (all.back() < 256 - 16 - 3) all.push_back(dup(0));
    Socket served_client = connect();
    Socket served = Socket::adopt(listener.accept(Deadline::after(kSoon)).value()).value();
    EXPECT_EQ(served.fd(), 256 - 16 - 1) << "at the limit";
    Socket client = connect();
    auto refused = listener.accept(Deadline::after(kSoon));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kResourceExhausted);
    EXPECT_NE(refused.error().text().find("ulimit -n"), std::string::npos);
    EXPECT_EQ(listener.take_refused(), 1u);
    EXPECT_EQ(listener.take_refused(), 0u);
    char byte;
    EXPECT_EQ(client.read_some({&byte, 1}, Deadline::after(kSoon)).value(), 0u) << "it is told";
    for (int fd : all) close(fd);
    Socket next = connect();
    Socket::adopt(listener.accept(Deadline::after(kSoon)).value()).value();
    setrlimit(RLIMIT_NOFILE, &before);
  });
}

TEST(Resolve, TakesNumericAddressesAsTheyAre) {
  in_scheduler([] {
    EXPECT_EQ(resolve("127.0.0.1", 80, Deadline::never()).value().at(0).text(), "127.0.0.1:80");
    EXPECT_EQ(resolve("::1", 80, Deadline::never()).value().at(0).text(), "[::1]:80");
    EXPECT_EQ(resolve("[::1]", 80, Deadline::never()).value().at(0).text(), "[::1]:80");
  });
}

TEST(Resolve, FindsLocalhost) {
  in_scheduler([] {
    auto endpoints = resolve("localhost", 80, Deadline::after(kSoon));
    ASSERT_TRUE(endpoints.ok()) << endpoints.error().text();
    EXPECT_EQ(endpoints->at(0).text(), "127.0.0.1:80");
  });
}

TEST(Resolve, NamesAHostThatDoesNotExist) {
  in_scheduler([] {
    Error error = resolve("nothing.invalid", 80, Deadline::after(kSoon)).error();
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_NE(error.message().find("lookup nothing.invalid: "), std::string::npos);
    EXPECT_EQ(resolve("", 80, Deadline::after(kSoon)).error().code(), Code::kUnavailable);
  });
}

}  // namespace
}  // namespace bia::net
