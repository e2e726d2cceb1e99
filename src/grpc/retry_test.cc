// Transparent retry (gRPC's A6): what a server says that it has not processed is sent again.
#include <gtest/gtest.h>

#include <optional>

#include "bia/net/resolver.h"
#include "bia/net/socket.h"
#include "grpc/test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::seconds;
using test::call;
using test::echo;
using test::streaming;
using test::unary;
using test::with_server;

/// The first connection goes to one address, all others to another.
class FirstElsewhere final : public net::Resolver {
 public:
  Result<std::vector<net::Endpoint>> resolve(std::string_view, uint16_t, Deadline) override {
    return std::vector<net::Endpoint>{asked++ == 0 ? first : then};
  }
  net::Endpoint first, then;
  int asked = 0;
};

/// Takes one connection, and once a request's head has come answers with `frames`.
void answer_once(net::Listener& listener, std::string_view frames) {
  auto socket = net::Socket::adopt(listener.accept().value()).value();
  constexpr std::string_view kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);
  socket.write_all(kEmptySettings, Deadline::after(seconds(5))).value();
  constexpr size_t kPrefaceBytes = 24;
  std::string got;
  size_t at = kPrefaceBytes;
  for (;;) {
    constexpr char kHeaders = 1;
    while (got.size() >= at + 9 && got[at + 3] != kHeaders)
      at += 9 + (size_t(uint8_t(got[at])) << 16 | size_t(uint8_t(got[at + 1])) << 8 |
                 uint8_t(got[at + 2]));
    if (got.size() >= at + 9) break;
    char bytes[4096];
    const size_t count = socket.read_some(bytes, Deadline::after(seconds(5))).value();
    ASSERT_GT(count, 0u);
    got.append(bytes, count);
  }
  socket.write_all(frames, Deadline::after(seconds(5))).value();
  // Until the client has gone on.
  char bytes[4096];
  while (true) {
    auto count = socket.read_some(bytes, Deadline::after(seconds(5)));
    if (!count || *count == 0) break;
  }
}

/// Runs `body` with a channel whose first connection answers with `frames`.
void with_refusal(std::string_view frames, int& connections,
                  const std::function<void(Channel&, const CallOptions&)>& body) {
  const auto echo_all = [](ServerCall& c) -> Result<void> {
    c.add_initial_metadata("x-sent", c.metadata("x-sent"));
    std::string message;
    while (BIA_TRY(c.read(message))) BIA_TRY(c.write(message));
    return {};
  };
  with_server({unary("/t.S/Echo", echo), streaming("/t.S/Chat", echo_all)}, [&](Server& server) {
    auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
    FirstElsewhere resolver;
    resolver.first = listener.local();
    resolver.then = net::Endpoint::parse(server.address()).value();
    auto served = fiber::Scheduler::current().spawn([&] { answer_once(listener, frames); }).value();
    ChannelOptions options;
    options.resolver = &resolver;
    {
      Channel channel("somewhere:1", options);
      CallOptions call_options;
      call_options.deadline = Deadline::after(seconds(5));
      body(channel, call_options);
    }
    served.join().value();
    connections = resolver.asked;
  });
}

/// The outcome of a call whose first connection answers with `frames`.
UnaryReply call_after(std::string_view frames, int& connections) {
  UnaryReply reply;
  with_refusal(frames, connections, [&](Channel& channel, const CallOptions& options) {
    reply = call(channel, "/t.S/Echo", "hello", options);
  });
  return reply;
}

constexpr std::string_view kGoawayBefore1("\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);
constexpr std::string_view kRefuse1AndGoaway(
    "\0\0\4\3\0\0\0\0\1\0\0\0\7"
    "\0\0\x8\7\0\0\0\0\0\0\0\0\1\0\0\0\0",
    30);
constexpr std::string_view kCancel1AndGoaway(
    "\0\0\4\3\0\0\0\0\1\0\0\0\x8"
    "\0\0\x8\7\0\0\0\0\0\0\0\0\1\0\0\0\0",
    30);

TEST(TransparentRetry, OfWhatAGoawayLeavesOutAndOfARefusedStream) {
  for (const std::string_view frames : {kGoawayBefore1, kRefuse1AndGoaway}) {
    int connections = 0;
    const UnaryReply reply = call_after(frames, connections);
    EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
    EXPECT_EQ(reply.message, "hello");
    EXPECT_EQ(connections, 2);
  }
}

TEST(TransparentRetry, OfStreams) {
  for (const std::string_view frames : {kGoawayBefore1, kRefuse1AndGoaway}) {
    for (const size_t bytes : {5u, 60'000u}) {
      int connections = 0;
      with_refusal(frames, connections, [&](Channel& channel, const CallOptions& with) {
        auto metadata = std::make_unique<Metadata>(Metadata{{"x-sent", "1"}});
        CallOptions options = with;
        options.metadata = metadata.get();
        auto stream = channel.stream("/t.S/Chat", options).value();
        metadata.reset();
        const std::string sent(bytes, 'x');
        stream.write(sent).value();
        std::string got;
        ASSERT_TRUE(stream.read(got).value()) << stream.finish().message;
        EXPECT_EQ(got, sent);
        EXPECT_EQ(test::value_of(stream.headers(), "x-sent"), "1");
        stream.write("then").value();
        stream.close_send();
        ASSERT_TRUE(stream.read(got).value());
        EXPECT_EQ(got, "then");
        EXPECT_FALSE(stream.read(got).value());
        EXPECT_EQ(stream.finish().code, Code::kOk) << stream.finish().message;
      });
      EXPECT_EQ(connections, 2);
    }
  }
}

TEST(TransparentRetry, OfStreamsThatWereClosedBefore) {
  int connections = 0;
  with_refusal(kGoawayBefore1, connections, [&](Channel& channel, const CallOptions& options) {
    auto stream = channel.stream("/t.S/Chat", options).value();
    stream.write("one").value();
    stream.close_send();
    EXPECT_EQ(stream.finish().code, Code::kOk) << stream.finish().message;
  });
  EXPECT_EQ(connections, 2);
}

TEST(TransparentRetry, OfNoStreamWhoseChannelIsGone) {
  int connections = 0;
  with_refusal(kGoawayBefore1, connections, [&](Channel& channel, const CallOptions& options) {
    std::optional<Channel> own(std::move(channel));
    auto stream = own->stream("/t.S/Chat", options).value();
    stream.write("one").value();
    // Refused by now.
    const uint64_t before = own->bytes_received();
    while (own->bytes_received() < before + kGoawayBefore1.size()) fiber::yield();
    own.reset();
    EXPECT_EQ(stream.finish().code, Code::kCancelled);
    EXPECT_EQ(stream.finish().message, "grpc: the client connection is closing");
  });
  EXPECT_EQ(connections, 1) << "its resolver may be gone as well";
}

TEST(TransparentRetry, OfNoStreamThatMayHaveBeenProcessed) {
  int connections = 0;
  with_refusal(kCancel1AndGoaway, connections, [&](Channel& channel, const CallOptions& options) {
    auto stream = channel.stream("/t.S/Chat", options).value();
    stream.write("one").value();
    EXPECT_EQ(stream.finish().code, Code::kCancelled);
  });
  EXPECT_EQ(connections, 1);
}

TEST(TransparentRetry, OfNothingElse) {
  int connections = 0;
  const UnaryReply reply = call_after(kCancel1AndGoaway, connections);
  EXPECT_EQ(reply.status.code, Code::kCancelled) << reply.status.message;
  EXPECT_EQ(connections, 1) << "it may have been processed";
}

}  // namespace
}  // namespace bia::grpc
