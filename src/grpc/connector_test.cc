// How a channel comes to its connection: dials, pauses, and who waits for them.
#include <gtest/gtest.h>

#include <optional>

#include "bia/net/resolver.h"
#include "grpc/test_support.h"
#include "net/test_support.h"

namespace bia::grpc {
namespace {

using net::in_scheduler;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::echo;
using test::unary;
using Ready = CallOptions::Ready;

constexpr Duration kLong = std::chrono::hours(1);
constexpr std::string_view kLate =
    "context deadline exceeded while waiting for connections to become ready";
constexpr std::string_view kClosing = "grpc: the client connection is closing";

constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
constexpr std::string_view kSettingsAndGoaway(
    "\0\0\0\4\0\0\0\0\0"
    "\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0",
    26);
/// Five bytes are no setting: the connection ends with them.
constexpr std::string_view kSettingsAndNonsense(
    "\0\0\0\4\0\0\0\0\0"
    "\0\0\5\4\0\0\0\0\0\0\0\0\0\0",
    23);
constexpr std::string_view kHangsUp = "";
constexpr std::string_view kNothing = "-";

/// Accepts connections, and tells each of them at once its of `says`, or the last.
class Peer {
 public:
  explicit Peer(std::vector<std::string_view> says)
      : says_(std::move(says)),
        listener_(net::listen_anywhere()),
        address_(listener_.local().text()),
        acceptor_(net::start([this] { accept_all(); })) {}
  ~Peer() { acceptor_.cancel_and_join(); }
  const std::string& address() const { return address_; }
  size_t accepted() const { return accepted_.size(); }
  void wait_for(size_t count) const {
    while (accepted() < count) fiber::yield();
  }
  net::Socket& socket(size_t index) { return accepted_[index]; }
  void say(size_t index, std::string_view bytes) {
    socket(index).write_all(bytes, Deadline::never()).value();
  }

 private:
  void accept_all() {
    for (;;) {
      auto fd = listener_.accept();
      if (!fd) return;
      accepted_.push_back(net::Socket::adopt(*fd).value());
      const std::string_view said = says_[std::min(accepted(), says_.size()) - 1];
      if (said == kHangsUp) {
        accepted_.back() = net::Socket();
      } else if (said != kNothing) {
        say(accepted() - 1, said);
      }
    }
  }

  std::vector<std::string_view> says_;
  net::Listener listener_;
  std::string address_;
  std::vector<net::Socket> accepted_;
  fiber::Fiber acceptor_;
};

CallOptions by(Duration duration, Ready ready = Ready::kFail) {
  CallOptions options;
  options.deadline = Deadline::after(duration);
  options.ready = ready;
  return options;
}

ChannelOptions pausing(Duration backoff) {
  ChannelOptions options;
  options.backoff = backoff;
  return options;
}

TEST(Connect, GoesOnWhereTheCallThatBeganItGivesUp) {
  in_scheduler([] {
    Peer peer({kNothing});
    Channel channel(peer.address());
    UnaryReply late;
    {
      fiber::ScopedDeadline scope(Deadline::after(milliseconds(20)));
      late = call(channel, "/t.S/Echo", "x");
    }
    EXPECT_EQ(late.status.code, Code::kDeadlineExceeded);
    EXPECT_EQ(late.status.message, kLate);
    fiber::Fiber cancelled = net::start(
        [&] { EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kCancelled); });
    fiber::yield();
    cancelled.cancel_and_join();
    peer.wait_for(1);
    peer.say(0, kSettings);
    // Now it is the server that has no answer.
    EXPECT_EQ(call(channel, "/t.S/Echo", "x", by(milliseconds(20))).status.message,
              "context deadline exceeded");
    EXPECT_TRUE(channel.connect(Deadline::after(seconds(60))));
    EXPECT_EQ(peer.accepted(), 1u);
  });
}

TEST(Connect, IsNotTriedAgainBeforeThePauseIsOver) {
  in_scheduler([] {
    Peer peer({kHangsUp});
    Channel channel(peer.address(), pausing(kLong));
    const UnaryReply first = call(channel, "/t.S/Echo", "x");
    EXPECT_EQ(first.status.code, Code::kUnavailable);
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.message, first.status.message);
    const UnaryReply waited = call(channel, "/t.S/Echo", "x", by(milliseconds(20), Ready::kWait));
    EXPECT_EQ(waited.status.code, Code::kDeadlineExceeded);
    EXPECT_EQ(waited.status.message, "latest balancer error: " + first.status.message);
    EXPECT_EQ(peer.accepted(), 1u);
    EXPECT_EQ(channel.connect(Deadline::never()).error().code(), Code::kUnavailable);
    EXPECT_EQ(peer.accepted(), 2u) << "it dials at once";
  });
}

TEST(Connect, IsTriedAgainByTheFirstCallAfterThePause) {
  in_scheduler([] {
    Peer peer({kHangsUp, kHangsUp, kSettings});
    Channel channel(peer.address(), pausing(milliseconds(5)));
    EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable);
    const Deadline limit = Deadline::after(seconds(60));
    while (peer.accepted() < 3 && !limit.expired()) {
      call(channel, "/t.S/Echo", "x", by(milliseconds(1)));
      ASSERT_TRUE(fiber::sleep_for(milliseconds(1)));
    }
    EXPECT_TRUE(channel.connect(limit));
    EXPECT_EQ(peer.accepted(), 3u);
  });
}

TEST(Connect, AConnectionEndsThePauses) {
  in_scheduler([] {
    Peer peer({kHangsUp, kSettings, kSettings});
    Channel channel(peer.address(), pausing(kLong));
    EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable);
    ASSERT_TRUE(channel.connect(Deadline::after(seconds(60))));
    fiber::Fiber cut = net::start(
        [&] { EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable); });
    fiber::yield();
    peer.socket(1) = net::Socket();
    cut.join().value();
    call(channel, "/t.S/Echo", "x", by(milliseconds(20)));
    EXPECT_EQ(peer.accepted(), 3u);
  });
}

TEST(Connect, OneDialIsForAllWhoWait) {
  in_scheduler([] {
    Peer peer({kNothing});
    Channel channel(peer.address(), pausing(kLong));
    std::vector<fiber::Fiber> calls;
    for (int i = 0; i < 10; ++i)
      calls.push_back(net::start(
          [&] { EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable); }));
    peer.wait_for(1);
    peer.socket(0) = net::Socket();
    for (fiber::Fiber& each : calls) each.join().value();
    EXPECT_EQ(peer.accepted(), 1u);
  });
}

TEST(Connect, ClosingEndsThoseWhoWaitAndTheDial) {
  // From a fiber, and from outside of any.
  for (const bool posted : {false, true}) {
    in_scheduler([posted] {
      Peer peer({kNothing, kSettings});
      Channel channel(peer.address(), pausing(kLong));
      std::vector<fiber::Fiber> calls;
      for (const Ready ready : {Ready::kFail, Ready::kWait}) {
        calls.push_back(net::start([&channel, ready] {
          const UnaryReply reply = call(channel, "/t.S/Echo", "x", by(kLong, ready));
          EXPECT_EQ(reply.status.code, Code::kCancelled);
          EXPECT_EQ(reply.status.message, kClosing);
        }));
      }
      peer.wait_for(1);
      if (posted) {
        fiber::Scheduler::current().post([&channel] { channel.close(); });
      } else {
        channel.close();
      }
      for (fiber::Fiber& each : calls) each.join().value();
      // The socket of the dial is closed as well.
      char bytes[64];
      while (peer.socket(0).read_some(bytes, Deadline::after(seconds(60))).value() > 0) {
      }
      EXPECT_TRUE(channel.connect(Deadline::after(seconds(60)))) << "a dial after it is a new one";
      EXPECT_EQ(peer.accepted(), 2u);
    });
  }
}

TEST(Connect, ClosingEndsThoseWhoWaitForAPauseToPass) {
  in_scheduler([] {
    Peer peer({kHangsUp, kSettings});
    Channel channel(peer.address(), pausing(kLong));
    EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable);
    fiber::Fiber waits = net::start([&] {
      EXPECT_EQ(call(channel, "/t.S/Echo", "x", by(kLong, Ready::kWait)).status.message, kClosing);
    });
    fiber::yield();
    channel.close();
    call(channel, "/t.S/Echo", "x", by(milliseconds(20)));
    EXPECT_EQ(peer.accepted(), 2u) << "no pause is left";
    waits.join().value();
  });
}

/// Looks up until it is cancelled, and then takes a while.
class SlowResolver final : public net::Resolver {
 public:
  Result<std::vector<net::Endpoint>> resolve(std::string_view, uint16_t, Deadline) override {
    busy = true;
    auto slept = fiber::sleep_for(kLong);
    for (int i = 0; i < 5; ++i) fiber::yield();
    busy = false;
    return std::move(slept).error();
  }
  bool busy = false;
};

TEST(Connect, TheDialEndsBeforeItsChannelDoes) {
  in_scheduler([] {
    SlowResolver resolver;
    ChannelOptions options;
    options.resolver = &resolver;
    {
      Channel channel("somewhere:1", options);
      EXPECT_EQ(call(channel, "/t.S/Echo", "x", by(milliseconds(5))).status.message, kLate);
      EXPECT_TRUE(resolver.busy);
      channel.close();
      EXPECT_TRUE(resolver.busy);
    }
    EXPECT_FALSE(resolver.busy);
    // One with a call that waits, in a fiber that was cancelled.
    auto dropped = std::make_unique<Channel>("somewhere:1", options);
    fiber::Fiber caller = net::start([&dropped] {
      EXPECT_EQ(call(*dropped, "/t.S/Echo", "x", by(kLong)).status.message, kClosing);
    });
    fiber::Fiber dropper = net::start([&dropped] {
      while (!fiber::cancelled()) fiber::yield();
      dropped.reset();
    });
    while (!resolver.busy) fiber::yield();
    dropper.cancel();
    dropper.join().value();
    EXPECT_FALSE(resolver.busy);
    caller.join().value();
  });
}

TEST(Connect, ACallRightAfterClosingWaitsForTheOldDialToEnd) {
  in_scheduler([] {
    SlowResolver resolver;
    ChannelOptions options;
    options.resolver = &resolver;
    Channel channel("somewhere:1", options);
    call(channel, "/t.S/Echo", "x", by(milliseconds(5)));
    channel.close();
    call(channel, "/t.S/Echo", "x", by(milliseconds(5)));
    EXPECT_TRUE(resolver.busy) << "the new one";
  });
}

TEST(Connect, AChannelMayGoOutsideOfFibers) {
  std::optional<Channel> channel;
  in_scheduler([&] {
    Peer peer({kNothing});
    channel.emplace(peer.address());
    call(*channel, "/t.S/Echo", "x", by(milliseconds(5)));
    peer.wait_for(1);
    fiber::Scheduler::current().post([&channel] { channel.reset(); });
    while (channel) fiber::yield();
    channel.emplace(peer.address());
    call(*channel, "/t.S/Echo", "x", by(milliseconds(5)));
    fiber::Scheduler::current().stop();
  });
  channel.reset();
}

TEST(Connect, APeerThatGoesAtOnceIsUnavailable) {
  for (std::string_view frames : {kSettingsAndGoaway, kSettingsAndNonsense}) {
    // What a server that finds no fault gets: its successor may be there.
    const size_t tries = frames == kSettingsAndGoaway ? 6 : 1;
    in_scheduler([frames, tries] {
      Peer peer({frames});
      ChannelOptions options = pausing(kLong);
      options.keepalive_time = kLong;
      Channel channel(peer.address(), options);
      const UnaryReply reply = call(channel, "/t.S/Echo", "x");
      EXPECT_EQ(reply.status.code, Code::kUnavailable);
      EXPECT_TRUE(reply.status.message.starts_with(
          "connection error: desc = \"error reading server preface: "))
          << reply.status.message;
      EXPECT_EQ(peer.accepted(), tries);
    });
  }
}

TEST(Connect, OneThatGoesAwayLeavesTheCallToTheNext) {
  in_scheduler([] {
    Peer peer({kSettingsAndGoaway, kSettingsAndGoaway, kSettings});
    Channel channel(peer.address());
    // It is sent, and waits for its answer.
    EXPECT_EQ(call(channel, "/t.S/Echo", "x", by(milliseconds(100))).status.message,
              "context deadline exceeded");
    EXPECT_EQ(peer.accepted(), 3u);
  });
}

TEST(WaitForReady, TriesUntilTheServerIsThere) {
  auto threads = fiber::ThreadGroup::create(1).value();
  ServerOptions options;
  in_scheduler([&] { options.address = net::listen_anywhere().local().text(); });
  auto server = Server::create(*threads, options).value();
  server->add_method(unary("/t.S/Echo", echo)).value();
  threads->run([&](size_t) {
    ChannelOptions channel_options;
    channel_options.backoff = milliseconds(2);
    Channel channel(options.address, channel_options);
    EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kUnavailable);
    CallOptions waits;
    waits.ready = CallOptions::Ready::kWait;
    waits.deadline = Deadline::after(milliseconds(20));
    EXPECT_EQ(call(channel, "/t.S/Echo", "x", waits).status.code, Code::kDeadlineExceeded);
    auto starter = fiber::Scheduler::current()
                       .spawn([&] {
                         fiber::sleep_for(milliseconds(20)).value();
                         server->start().value();
                       })
                       .value();
    waits.deadline = Deadline::after(seconds(60));
    EXPECT_EQ(call(channel, "/t.S/Echo", "x", waits).status.code, Code::kOk);
    starter.join().value();
    server->stop(Deadline::after(seconds(2)));
  });
}

}  // namespace
}  // namespace bia::grpc
