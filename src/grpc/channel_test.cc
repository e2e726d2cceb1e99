// A channel's connection: keepalive, and waiting for one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "grpc/test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::echo;
using test::streaming;
using test::unary;
using test::with_server;

net::Listener free_listener() {
  return net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
}

void in_scheduler(const std::function<void()>& body) {
  auto scheduler = fiber::Scheduler::create().value();
  scheduler->spawn(body).value();
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
}

constexpr std::string_view kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);
/// A PING is eight bytes on stream 0, of type 6.
constexpr std::string_view kPing("\0\0\x8\6\0\0\0\0\0", 9);

TEST(Keepalive, GivesUpAPeerThatDoesNotAnswer) {
  in_scheduler([] {
    net::Listener listener = free_listener();
    net::Socket silent;
    auto acceptor = fiber::Scheduler::current().spawn([&] {
      silent = net::Socket::adopt(listener.accept().value()).value();
      silent.write_all(kEmptySettings, Deadline::never()).value();
    });
    ChannelOptions options;
    options.keepalive_time = milliseconds(10);
    options.keepalive_timeout = milliseconds(10);
    Channel channel(listener.local().text(), options);
    CallOptions call_options;
    call_options.deadline = Deadline::after(seconds(60));
    const UnaryReply reply = call(channel, "/t.S/Echo", "x", call_options);
    EXPECT_EQ(reply.status.code, Code::kUnavailable);
    EXPECT_EQ(reply.status.message, "keepalive ping failed to receive ACK within timeout");
    acceptor->join().value();
  });
}

TEST(Keepalive, LeavesAPeerThatAnswersPings) {
  auto slow = [](ServerCall&, std::string_view, std::string& reply) -> Result<void> {
    BIA_TRY(fiber::sleep_for(milliseconds(100)));
    reply = "done";
    return {};
  };
  ServerOptions server_options;
  server_options.keepalive.min_time = {};
  const auto body = [](Server& server) {
    ChannelOptions options;
    options.keepalive_time = milliseconds(5);
    options.keepalive_timeout = seconds(60);
    Channel channel(server.address(), options);
    const UnaryReply reply = call(channel, "/t.S/Slow", "x");
    EXPECT_EQ(reply.message, "done") << reply.status.message;
    // SETTINGS, its answer, and the head are not all that it sent: nine bytes and eight a PING.
    EXPECT_GT(channel.bytes_received(), 150u);
  };
  with_server({unary("/t.S/Slow", slow)}, body, server_options);
}

TEST(Keepalive, PingsSoLongAfterTheLastByteAndNotAtTheNextLook) {
  in_scheduler([] {
    constexpr Duration kTime = milliseconds(100);
    net::Listener listener = free_listener();
    ChannelOptions options;
    options.keepalive_time = kTime;
    Channel channel(listener.local().text(), options);
    auto caller =
        fiber::Scheduler::current().spawn([&channel] { call(channel, "/t.S/Echo", "x"); });
    auto peer = net::Socket::adopt(listener.accept().value()).value();
    peer.write_all(kEmptySettings, Deadline::never()).value();
    std::string got;
    auto reader = fiber::Scheduler::current().spawn([&] {
      char bytes[1024];
      for (;;) {
        const auto count = peer.read_some(bytes, Deadline::never());
        if (!count || *count == 0) return;
        got.append(bytes, *count);
      }
    });
    // Something comes a fifth of the time later: the PING is due a whole time after that, and comes
    // before a fiber goes on that sleeps longer, however slow the machine is.
    ASSERT_TRUE(fiber::sleep_for(kTime / 5));
    const uint64_t before = channel.bytes_received();
    peer.write_all(kEmptySettings, Deadline::never()).value();
    while (channel.bytes_received() == before) fiber::yield();
    ASSERT_TRUE(fiber::sleep_for(kTime * 3 / 2));
    for (int i = 0; i < 20; ++i) fiber::yield();
    EXPECT_NE(got.find(kPing), std::string::npos);
    channel.close();
    caller->join().value();
    reader->join().value();
  });
}

TEST(Keepalive, PingsHalfAsOftenOnceItWasTooOften) {
  in_scheduler([] {
    // Settings, and at the first ping: too_many_pings (error 11).
    constexpr std::string_view kCalm("\0\0\x16\7\0\0\0\0\0\0\0\0\1\0\0\0\xbtoo_many_pings", 31);
    net::Listener listener = free_listener();
    std::vector<Duration> waits;
    auto acceptor = fiber::Scheduler::current().spawn([&] {
      for (int i = 0; i < 2; ++i) {
        auto socket = net::Socket::adopt(listener.accept().value()).value();
        socket.write_all(kEmptySettings, Deadline::never()).value();
        const TimePoint begin = now();
        std::string got;
        while (got.find(kPing) == std::string::npos) {
          char bytes[1024];
          const auto count = socket.read_some(bytes, Deadline::never());
          if (!count || *count == 0) break;
          got.append(bytes, *count);
        }
        waits.push_back(now() - begin);
        socket.write_all(kCalm, Deadline::never()).value();
      }
    });
    ChannelOptions options;
    options.keepalive_time = milliseconds(30);
    options.keepalive_timeout = seconds(60);
    Channel channel(listener.local().text(), options);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable);
    acceptor->join().value();
    ASSERT_EQ(waits.size(), 2u);
    EXPECT_GE(waits[0], milliseconds(29));
    EXPECT_GE(waits[1], milliseconds(59));
  });
}

TEST(Connect, ToAUnixSocket) {
  char folder[] = "/tmp/bia_grpc_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/grpc.sock";
  auto threads = fiber::ThreadGroup::create(1).value();
  ServerOptions options;
  options.address = "unix:" + path;
  auto server = Server::create(*threads, options).value();
  const auto authority = [](ServerCall& c, std::string_view, std::string& reply) -> Result<void> {
    reply = c.metadata(":authority");
    return {};
  };
  server->add_method(unary("/t.S/Authority", authority)).value();
  threads->run([&](size_t) {
    server->start().value();
    for (const std::string& target : {"unix:" + path, "unix://" + path}) {
      Channel channel(target);
      const UnaryReply reply = call(channel, "/t.S/Authority", "");
      EXPECT_EQ(reply.message, "localhost") << reply.status.message;
    }
    server->stop(Deadline::after(seconds(2)));
    Channel gone("unix:" + path);
    EXPECT_EQ(call(gone, "/t.S/Authority", "").status.message,
              "connection error: desc = \"transport: Error while dialing: dial unix " + path +
                  ": connect: no such file or directory\"");
    Channel bad("unix:" + std::string(200, 'x'));
    EXPECT_EQ(call(bad, "/t.S/Authority", "").status.code, Code::kUnavailable);
  });
  rmdir(folder);
}

TEST(Stop, DoesNotWaitForAConnectionThatSaysNothing) {
  EXPECT_EQ(test::stopped_beside_a_silent_peer({}).connections_stopped, 1u);
}

TEST(Connect, ACallThatItsConnectionsEndCutSaysWhyThePeerLeft) {
  ServerOptions options;
  options.timeout = {};
  options.keepalive.max_connection_age = std::chrono::milliseconds(20);
  options.keepalive.max_connection_age_grace = std::chrono::milliseconds(20);
  auto sleep = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return fiber::sleep_for(std::chrono::hours(1));
  };
  with_server(
      {unary("/t.S/Sleep", sleep)},
      [](Server& server) {
        Channel channel(server.address());
        const UnaryReply reply = call(channel, "/t.S/Sleep", "");
        EXPECT_EQ(reply.status.code, Code::kUnavailable);
        // As grpc-go.
        EXPECT_EQ(reply.status.message,
                  "closing transport due to: connection error: desc = \"error reading from server: "
                  "EOF\", received prior goaway: code: NO_ERROR, debug data: \"max_age\"");
      },
      options);
}

TEST(Counters, CountCallsAndMessages) {
  auto fail = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kNotFound, "", "no");
  };
  auto chat = [](ServerCall& c) -> Result<void> {
    std::string message;
    while (BIA_TRY(c.read(message))) BIA_TRY(c.write(message));
    return {};
  };
  with_server({unary("/t.S/Echo", echo), unary("/t.S/Fail", fail), streaming("/t.S/Chat", chat)},
              [](Server& server) {
                Channel channel(server.address());
                call(channel, "/t.S/Echo", "x");
                call(channel, "/t.S/Fail", "x");
                call(channel, "/t.S/Nope", "x");
                ClientStream stream = channel.stream("/t.S/Chat", {}).value();
                std::string message;
                for (int i = 0; i < 3; ++i) {
                  stream.write("m").value();
                  EXPECT_TRUE(stream.read(message).value());
                }
                stream.close_send();
                EXPECT_EQ(stream.finish().code, Code::kOk);
                const Server::Counters counters = server.counters();
                EXPECT_EQ(counters.connections_accepted, 1u);
                EXPECT_EQ(counters.connections_open, 1u);
                EXPECT_EQ(counters.calls_started, 4u);
                EXPECT_EQ(counters.calls_succeeded, 2u);
                EXPECT_EQ(counters.calls_failed, 2u);
                EXPECT_EQ(counters.messages_received, 5u);
                EXPECT_EQ(counters.messages_sent, 4u);
                EXPECT_GE(counters.http2_abuses.size(), 6u);
              });
}

TEST(Counters, ACallerThatLeavesBeforeItsMessageFailed) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    Channel channel(server.address());
    const auto started = [&] { return server.counters().calls_started; };
    const auto ended = [&] {
      const Server::Counters counters = server.counters();
      return counters.calls_succeeded + counters.calls_failed;
    };
    {
      ClientStream stream = channel.stream("/t.S/Echo", {}).value();
      while (started() == 0) fiber::yield();
      EXPECT_EQ(ended(), 0u);
    }
    const Deadline soon = Deadline::after(std::chrono::seconds(5));
    while (ended() == 0 && !soon.expired()) fiber::yield();
    EXPECT_EQ(server.counters().calls_failed, 1u);
    // One whose connection is lost, too.
    ClientStream stream = channel.stream("/t.S/Echo", {}).value();
    while (started() == 1) fiber::yield();
    channel.close();
    while (ended() == 1 && !soon.expired()) fiber::yield();
    EXPECT_EQ(server.counters().calls_failed, 2u);
  });
}

}  // namespace
}  // namespace bia::grpc
