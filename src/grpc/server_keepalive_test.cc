// What a server does about silent, idle and old connections, and about peers that ping.
#include <gtest/gtest.h>

#include <functional>

#include "bia/net/socket.h"
#include "grpc/test_support.h"
#include "http/http2/http2_protocol.h"

namespace bia::grpc {
namespace {

using http::FrameHead;
using http::FrameType;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::echo;
using test::streaming;
using test::unary;
using test::with_server;

/// A peer that writes and reads frames, and does nothing by itself.
class BarePeer {
 public:
  explicit BarePeer(Server& server)
      : socket_(
            net::Socket::connect(net::Endpoint::parse(server.address()).value(), Deadline::never())
                .value()) {
    socket_.write_all(http::kHttp2Preface, Deadline::never()).value();
    write(FrameType::kSettings, 0, 0, "");
  }
  void write(FrameType type, uint8_t flags, int32_t id, std::string_view payload) {
    std::string bytes(http::kFrameHeaderBytes, '\0');
    http::write_frame_head(bytes.data(), {static_cast<uint32_t>(payload.size()), type, flags, id});
    socket_.write_all(bytes.append(payload), Deadline::never()).ignore("closed already, perhaps");
  }
  void ping() { write(FrameType::kPing, 0, 0, "12345678"); }
  struct Frame {
    FrameHead head;
    std::string payload;
  };
  /// The next one of this type; none where the connection ends before.
  std::optional<Frame> read(FrameType type, uint8_t flags = 0) {
    for (;;) {
      while (got_.size() >= http::kFrameHeaderBytes) {
        const FrameHead head = http::read_frame_head(got_.data());
        if (got_.size() < http::kFrameHeaderBytes + head.size) break;
        Frame frame{head, got_.substr(http::kFrameHeaderBytes, head.size)};
        got_.erase(0, http::kFrameHeaderBytes + head.size);
        if (head.type == type && head.flags == flags) return frame;
      }
      char bytes[1024];
      const auto count = socket_.read_some(bytes, Deadline::after(seconds(20)));
      if (!count || *count == 0) return std::nullopt;
      got_.append(bytes, *count);
    }
  }
  /// What a GOAWAY says behind its error; "none" without one.
  std::string goaway() {
    const auto frame = read(FrameType::kGoaway);
    return frame ? frame->payload.substr(8) : "none";
  }
  bool ended() { return !read(FrameType::kRstStream).has_value(); }
  /// Opens a stream whose head is ":method POST", which gRPC refuses only at its end.
  void open_stream() { write(FrameType::kHeaders, http::kFlagEndHeaders, 1, "\x83\x86\x84"); }

 private:
  net::Socket socket_;
  std::string got_;
};

ServerOptions with(const ServerKeepalive& keepalive) {
  ServerOptions options;
  options.keepalive = keepalive;
  options.timeout = seconds(60);
  return options;
}

/// Looks until it is so, for a long while.
bool comes(const std::function<bool()>& condition) {
  for (int i = 0; i < 4000 && !condition(); ++i) fiber::sleep_for(milliseconds(5)).value();
  return condition();
}

TEST(ServerKeepalive, EndsASilentPeer) {
  ServerKeepalive keepalive;
  keepalive.time = milliseconds(20);
  keepalive.timeout = milliseconds(20);
  const auto body = [](Server& server) {
    BarePeer peer(server);
    EXPECT_TRUE(peer.read(FrameType::kPing));
    EXPECT_TRUE(peer.ended());
    EXPECT_TRUE(comes([&] { return server.counters().connections_open == 0; }));
    EXPECT_EQ(server.counters().keepalive_silent, 1u);
  };
  with_server({}, body, with(keepalive));
}

TEST(ServerKeepalive, LeavesAPeerThatAnswers) {
  ServerKeepalive keepalive;
  keepalive.time = milliseconds(5);
  keepalive.timeout = seconds(60);
  const auto body = [](Server& server) {
    BarePeer peer(server);
    for (int i = 0; i < 5; ++i) {
      const auto ping = peer.read(FrameType::kPing);
      ASSERT_TRUE(ping);
      peer.write(FrameType::kPing, http::kFlagAck, 0, ping->payload);
    }
    EXPECT_EQ(server.counters().connections_open, 1u);
    EXPECT_EQ(server.counters().keepalive_silent, 0u);
  };
  with_server({}, body, with(keepalive));
}

TEST(ServerKeepalive, SendsAnIdlePeerAway) {
  ServerKeepalive keepalive;
  keepalive.max_connection_idle = milliseconds(30);
  const auto body = [](Server& server) {
    BarePeer peer(server);
    EXPECT_EQ(peer.goaway(), "max_idle");
    const auto ping = peer.read(FrameType::kPing);
    ASSERT_TRUE(ping);
    peer.write(FrameType::kPing, http::kFlagAck, 0, ping->payload);
    EXPECT_EQ(peer.goaway(), "");
    EXPECT_TRUE(peer.ended());
    EXPECT_EQ(server.counters().keepalive_idle, 1u);
  };
  with_server({}, body, with(keepalive));
}

TEST(ServerKeepalive, AConnectionWithACallIsNotIdle) {
  auto slow = [](ServerCall&, std::string_view, std::string& reply) -> Result<void> {
    BIA_TRY(fiber::sleep_for(milliseconds(150)));
    reply = "done";
    return {};
  };
  ServerKeepalive keepalive;
  keepalive.max_connection_idle = milliseconds(30);
  const auto body = [](Server& server) {
    Channel channel(server.address(), {});
    EXPECT_EQ(call(channel, "/t.S/Slow", "x").message, "done");
    EXPECT_EQ(server.counters().keepalive_idle, 0u);
    EXPECT_TRUE(comes([&] { return server.counters().connections_open == 0; }));
    EXPECT_EQ(server.counters().keepalive_idle, 1u);
    // The next call has a connection of its own.
    EXPECT_EQ(call(channel, "/t.S/Slow", "x").message, "done");
    EXPECT_EQ(server.counters().connections_accepted, 2u);
  };
  with_server({unary("/t.S/Slow", slow)}, body, with(keepalive));
}

TEST(ServerKeepalive, ReplacesOldConnectionsWithoutALostCall) {
  ServerKeepalive keepalive;
  keepalive.max_connection_age = milliseconds(30);
  const auto body = [](Server& server) {
    Channel channel(server.address(), {});
    EXPECT_TRUE(comes([&] {
      EXPECT_EQ(call(channel, "/t.S/Echo", "x").message, "x");
      return server.counters().connections_accepted >= 3;
    }));
    EXPECT_GE(server.counters().keepalive_aged, 2u);
  };
  with_server({unary("/t.S/Echo", echo)}, body, with(keepalive));
}

TEST(ServerKeepalive, GivesCallsOfAnOldConnectionTheirGrace) {
  auto stays = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return fiber::sleep_for(seconds(30));
  };
  ServerKeepalive keepalive;
  keepalive.max_connection_age = milliseconds(30);
  keepalive.max_connection_age_grace = milliseconds(30);
  const auto body = [](Server& server) {
    Channel channel(server.address(), {});
    const TimePoint begin = now();
    EXPECT_EQ(call(channel, "/t.S/Stays", "x").status.code, Code::kUnavailable);
    EXPECT_GE(now() - begin, milliseconds(57));
    EXPECT_EQ(server.counters().keepalive_aged, 1u);
  };
  with_server({unary("/t.S/Stays", stays)}, body, with(keepalive));
}

TEST(ServerKeepalive, BoundsPingsWithoutACall) {
  for (const bool permitted : {false, true}) {
    ServerKeepalive keepalive;
    keepalive.min_time = std::chrono::nanoseconds(1);
    keepalive.permit_without_stream = permitted;
    const auto body = [&](Server& server) {
      BarePeer peer(server);
      int answered = 0;
      for (; answered < 6; ++answered) {
        peer.ping();
        if (!peer.read(FrameType::kPing, http::kFlagAck)) break;
        fiber::sleep_for(milliseconds(1)).value();
      }
      EXPECT_EQ(answered, permitted ? 6 : 3);
    };
    with_server({}, body, with(keepalive));
  }
}

TEST(ServerKeepalive, BoundsPingsOfAPeerWithACall) {
  for (const auto& [min_time, expected] : {std::pair<Duration, int>(std::chrono::minutes(5), 3),
                                           {std::chrono::nanoseconds(1), 6},
                                           {Duration::zero(), 6}}) {
    ServerKeepalive keepalive;
    keepalive.min_time = min_time;
    const auto body = [&, expected = expected](Server& server) {
      BarePeer peer(server);
      peer.open_stream();
      int answered = 0;
      for (; answered < 6; ++answered) {
        peer.ping();
        if (!peer.read(FrameType::kPing, http::kFlagAck)) break;
        fiber::sleep_for(milliseconds(1)).value();
      }
      EXPECT_EQ(answered, expected);
      const auto abuses = server.counters().http2_abuses;
      const auto pings = std::find_if(abuses.begin(), abuses.end(),
                                      [](const auto& one) { return one.first == "ping"; });
      EXPECT_EQ(pings->second, expected == 3 ? 1u : 0u);
    };
    with_server({}, body, with(keepalive));
  }
}

TEST(ServerKeepalive, TellsAPeerThatPingsTooOften) {
  const auto body = [](Server& server) {
    BarePeer peer(server);
    for (int i = 0; i < 4; ++i) peer.ping();
    const auto goaway = peer.read(FrameType::kGoaway);
    ASSERT_TRUE(goaway);
    EXPECT_EQ(goaway->payload.substr(7), "\x0btoo_many_pings");  // ENHANCE_YOUR_CALM
    EXPECT_TRUE(peer.ended());
  };
  with_server({}, body);
}

TEST(ServerKeepalive, ForgivesPingsBetweenItsData) {
  auto talk = [](ServerCall& stream) -> Result<void> {
    for (int i = 0; i < 10; ++i) {
      std::string request;
      if (!BIA_TRY(stream.read(request))) break;
      BIA_TRY(stream.write("x"));
    }
    return {};
  };
  const auto body = [](Server& server) {
    ChannelOptions options;
    options.keepalive_time = milliseconds(3);
    options.keepalive_timeout = seconds(60);
    Channel channel(server.address(), options);
    auto stream = channel.stream("/t.S/Talk", {}).value();
    for (int i = 0; i < 10; ++i) {
      fiber::sleep_for(milliseconds(5)).value();
      ASSERT_TRUE(stream.write("x"));
      std::string reply;
      ASSERT_TRUE(stream.read(reply).value());
    }
  };
  with_server({streaming("/t.S/Talk", talk)}, body);
}

TEST(ServerKeepalive, WantsATimeout) {
  auto threads = fiber::ThreadGroup::create(1).value();
  ServerOptions options;
  options.keepalive.timeout = Duration::zero();
  EXPECT_EQ(Server::create(*threads, options).error().message(),
            "server.grpc.keepalive.timeout must be above zero");
}

}  // namespace
}  // namespace bia::grpc
