// Each limit of Http2Limits, kept and exceeded by one.
#include "http/http2/http2_guard.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/http2/http2_connection.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;

TEST(Http2Bucket, TakesABurstAndThenItsRate) {
  const Http2Rate rate{3, 10};
  Http2Bucket bucket;
  TimePoint at = now();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(rate, at));
  EXPECT_FALSE(bucket.take(rate, at + milliseconds(99)));
  EXPECT_TRUE(bucket.take(rate, at + milliseconds(100)));
  EXPECT_FALSE(bucket.take(rate, at + milliseconds(199)));
  EXPECT_TRUE(bucket.take(rate, at + milliseconds(200)));
  at += std::chrono::hours(24 * 365);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(rate, at));
  EXPECT_FALSE(bucket.take(rate, at));
}

TEST(Http2Bucket, WithoutARateNeverRefills) {
  const Http2Rate rate{1, 0};
  Http2Bucket bucket;
  EXPECT_TRUE(bucket.take(rate, now()));
  EXPECT_FALSE(bucket.take(rate, now() + std::chrono::hours(1)));
  bucket.clear();
  EXPECT_TRUE(bucket.take(rate, now()));
}

struct Item final : Http2Stream {
  size_t left = 0;
};

/// Answers each request with `body_bytes`, once it is whole.
class Answering final : public Http2Events {
 public:
  Http2Connection* connection = nullptr;
  size_t body_bytes = 0;
  int refusals_left = 0;  ///< requests that find no room
  std::vector<std::unique_ptr<Item>> streams;

  Http2Stream* on_request() noexcept override {
    if (refusals_left > 0 && refusals_left-- > 0) return nullptr;
    streams.push_back(std::make_unique<Item>());
    streams.back()->left = body_bytes;
    return streams.back().get();
  }
  void on_header(Http2Stream&, Block, std::string_view, std::string_view) noexcept override {}
  void on_headers_end(Http2Stream& stream, Block, EndStream end) noexcept override {
    if (end == EndStream::kYes) answer(stream);
  }
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override {
    connection->consume(stream, bytes.size());
  }
  void on_end_stream(Http2Stream& stream) noexcept override { answer(stream); }
  void on_stream_closed(Http2Stream&, Http2Error) noexcept override {}
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override {
    size_t& left = static_cast<Item&>(stream).left;
    const size_t size = std::min(into.size(), left);
    std::fill_n(into.data(), size, 'o');
    left -= size;
    return {size, left == 0 ? Body::kEnd : Body::kMore};
  }
  void answer(Http2Stream& stream) {
    Http2Field fields[] = {{":status", "200", 8, 8}};
    connection->send_headers(stream, fields, EndStream::kNo);
    connection->start_body(stream);
  }
};

std::string frame(FrameType type, int flags, int32_t id, std::string_view payload) {
  std::string bytes(kFrameHeaderBytes, '\0');
  write_frame_head(bytes.data(),
                   {static_cast<uint32_t>(payload.size()), type, static_cast<uint8_t>(flags), id});
  return bytes.append(payload);
}
std::string u32(uint32_t value) {
  std::string bytes(4, '\0');
  write_u32(bytes.data(), value);
  return bytes;
}
std::string request(int32_t id, int flags) {
  return frame(FrameType::kHeaders, flags, id, "\x83\x86\x84");
}
std::string repeat(int count, const std::string& what) {
  std::string all;
  for (int i = 0; i < count; ++i) all += what;
  return all;
}

/// Runs `body` in a fiber, with a server's connection and the peer's end of it.
void with_connection(const Http2Options& options, Answering& events,
                     const std::function<void(Http2Connection&, net::Socket& peer)>& body) {
  auto scheduler = fiber::Scheduler::create().value();
  scheduler
      ->spawn([&] {
        int pair[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        Http2Connection connection(net::Socket::adopt(pair[0]).value(), options, events);
        events.connection = &connection;
        auto runner = fiber::Scheduler::current()
                          .spawn([&] { connection.run().ignore("any end will do"); })
                          .value();
        net::Socket peer = net::Socket::adopt(pair[1]).value();
        body(connection, peer);
        connection.close();
        runner.join().value();
      })
      .value();
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
}

class Http2Guard : public testing::Test {
 protected:
  Http2Guard() {
    // Small, and without a rate: a slow machine must not refill them.
    options.limits.resets = {5, 0};
    options.limits.settings = {5, 0};
    options.limits.pings = {5, 0};
    options.limits.empty_data = {5, 0};
    options.limits.continuations = 5;
    options.limits.stall = std::chrono::hours(1);
    options.abuses = &abuses;
  }

  /// True where the server bore it: it still answers a request on stream 9999.
  bool bears(const std::string& bytes, const std::string& then = "") {
    bool answered = false;
    with_connection(options, events, [&](Http2Connection&, net::Socket& peer) {
      peer.write_all(std::string(kHttp2Preface) + bytes, Deadline::never()).value();
      if (then.empty()) {
        peer.write_all(request(9999, kFlagEndHeaders | kFlagEndStream), Deadline::never())
            .ignore("closed already, perhaps");
      }
      answered = reads_answer(peer);
    });
    return answered;
  }

  static bool reads_answer(net::Socket& peer) {
    std::string got;
    char buffer[4096];
    for (;;) {
      auto read = peer.read_some(buffer, Deadline::after(std::chrono::seconds(20)));
      if (!read || *read == 0) return false;
      got.append(buffer, *read);
      while (got.size() >= kFrameHeaderBytes) {
        const FrameHead head = read_frame_head(got.data());
        if (got.size() < kFrameHeaderBytes + head.size) break;
        if (head.type == FrameType::kHeaders && head.id == 9999) return true;
        if (head.type == FrameType::kGoaway)
          said = got.substr(kFrameHeaderBytes + 8, head.size - 8);
        if (head.type == FrameType::kGoaway)
          calm = read_u32(got.data() + kFrameHeaderBytes + 4) ==
                 static_cast<uint32_t>(Http2Error::kEnhanceYourCalm);
        got.erase(0, kFrameHeaderBytes + head.size);
      }
    }
  }
  void expect_ended_for(Http2Abuse abuse) {
    EXPECT_TRUE(calm);
    for (size_t i = 0; i < kHttp2AbuseKinds; ++i) {
      const auto kind = static_cast<Http2Abuse>(i);
      EXPECT_EQ(abuses.get(kind), kind == abuse ? 1u : 0u) << http2_abuse_name(kind);
    }
  }

  static inline bool calm = false;
  static inline std::string said;  ///< in the GOAWAY
  Answering events;
  Http2Options options;
  Http2AbuseCounters abuses;
  const std::string settings = frame(FrameType::kSettings, 0, 0, "");
  const std::string ping = frame(FrameType::kPing, 0, 0, "12345678");
};

TEST_F(Http2Guard, BoundsSettings) {
  EXPECT_TRUE(bears(repeat(5, settings)));
  EXPECT_FALSE(bears(repeat(6, settings)));
  expect_ended_for(Http2Abuse::kSettings);
  EXPECT_EQ(said, "more than a peer may do of settings");
}

TEST_F(Http2Guard, BoundsTheEntriesOfSettings) {
  const std::string entry("\0\x04\0\0\x10\0", 6);
  const auto frames = [&](int entries) {
    return frame(FrameType::kSettings, 0, 0, repeat(entries, entry));
  };
  EXPECT_TRUE(bears(frames(5 * 32)));
  EXPECT_FALSE(bears(frames(5 * 32 + 1)));
  expect_ended_for(Http2Abuse::kSettings);
}

TEST_F(Http2Guard, WindowsMoveByTheLastValueAndNoneMayOverflow) {
  const auto windows = [&](const std::vector<uint32_t>& values) {
    std::string payload;
    for (const uint32_t value : values) payload += std::string("\0\x04", 2) + u32(value);
    return frame(FrameType::kSettings, 0, 0, payload);
  };
  const std::string answered = request(9999, kFlagEndHeaders | kFlagEndStream);
  events.body_bytes = 10;
  options.limits.stall = milliseconds(50);
  // The last value lets the body go: nothing stalls, and the next request is answered.
  EXPECT_TRUE(bears(windows({0, 5, 20}) + request(1, kFlagEndHeaders | kFlagEndStream)));
  EXPECT_TRUE(
      bears(windows({20, 0}) + request(1, kFlagEndHeaders | kFlagEndStream) + windows({0, 0, 20})));
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
  EXPECT_FALSE(bears(windows({20, 0}) + request(1, kFlagEndHeaders | kFlagEndStream), "nothing"));
  expect_ended_for(Http2Abuse::kZeroWindow);
  // Stream 1 has a byte more than the others: the second value is one too much for it.
  const std::string more =
      settings + request(1, kFlagEndHeaders) + frame(FrameType::kWindowUpdate, 0, 1, u32(1));
  EXPECT_TRUE(bears(more + windows({0x7ffffffe, 100})));
  EXPECT_FALSE(bears(more + windows({100, 0x7fffffff, 100})));
}

TEST_F(Http2Guard, BoundsPings) {
  EXPECT_TRUE(bears(settings + repeat(5, ping)));
  EXPECT_FALSE(bears(settings + repeat(6, ping)));
  expect_ended_for(Http2Abuse::kPing);
}

TEST_F(Http2Guard, BoundsPingsByTheirInterval) {
  options.limits.pings = {1000, 0};
  options.ping_policy.interval_min = std::chrono::hours(1);
  const std::string open = request(1, kFlagEndHeaders);
  for (const bool without_streams : {false, true}) {
    options.ping_policy.without_streams = without_streams;
    EXPECT_TRUE(bears(settings + repeat(3, ping)));
    EXPECT_TRUE(bears(settings + repeat(3, ping) + open + repeat(3, ping)));
  }
  EXPECT_FALSE(bears(settings + open + repeat(4, ping)));
  expect_ended_for(Http2Abuse::kPing);
  EXPECT_FALSE(bears(settings + repeat(4, ping)));
}

TEST_F(Http2Guard, ForgivesPingsBetweenWhatItSends) {
  options.limits.pings = {1000, 0};
  options.ping_policy.interval_min = std::chrono::hours(1);
  events.body_bytes = 100;
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    const auto writes = [&](const std::string& bytes) {
      peer.write_all(bytes, Deadline::never()).ignore("closed already, perhaps");
      const uint64_t written = connection.bytes_written();
      // Each has an answer.
      while (!connection.closed() && connection.bytes_written() == written) fiber::yield();
    };
    const std::string no_window = u32(0x00040000).substr(0, 2) + u32(0);
    writes(std::string(kHttp2Preface) + frame(FrameType::kSettings, 0, 0, no_window) +
           request(1, kFlagEndHeaders | kFlagEndStream));
    for (int i = 0; i < 20; ++i) {
      writes(ping);
      writes(frame(FrameType::kWindowUpdate, 0, 1, u32(1)));
      EXPECT_FALSE(connection.closed());
    }
    for (int i = 0; i < 4; ++i) writes(ping);
    EXPECT_TRUE(connection.closed());
  });
}

TEST_F(Http2Guard, ForgivesPingsBetweenRequestsAndData) {
  const std::string first = request(1, kFlagEndHeaders);
  const std::string data = frame(FrameType::kData, 0, 1, "x");
  EXPECT_TRUE(bears(settings + repeat(5, ping) + first + repeat(5, ping) + data + repeat(5, ping)));
}

TEST_F(Http2Guard, BoundsRapidResets) {
  auto resets = [&](int count) {
    std::string bytes = settings;
    for (int i = 0; i < count; ++i) {
      bytes += request(2 * i + 1, kFlagEndHeaders);
      bytes += frame(FrameType::kRstStream, 0, 2 * i + 1, u32(8));
    }
    return bytes;
  };
  EXPECT_TRUE(bears(resets(5)));
  EXPECT_FALSE(bears(resets(6)));
  expect_ended_for(Http2Abuse::kRapidReset);
}

TEST_F(Http2Guard, BoundsResetsOfRequestsThatFindNoRoom) {
  const auto resets = [&](int count, uint32_t error) {
    events.refusals_left = count;
    std::string bytes = settings;
    for (int i = 0; i < count; ++i) {
      bytes += request(2 * i + 1, kFlagEndHeaders);
      bytes += frame(FrameType::kRstStream, 0, 2 * i + 1, u32(error));
    }
    return bytes;
  };
  EXPECT_TRUE(bears(resets(5, 8)));
  EXPECT_TRUE(bears(resets(20, 0)));
  EXPECT_FALSE(bears(resets(6, 8)));
  expect_ended_for(Http2Abuse::kRapidReset);
}

TEST_F(Http2Guard, BoundsWhatMakesUsReset) {
  const auto streams = [&](int count, const std::function<std::string(int32_t)>& fault) {
    std::string bytes = settings;
    for (int i = 0; i < count; ++i) bytes += request(2 * i + 1, kFlagEndHeaders) + fault(2 * i + 1);
    return bytes;
  };
  const std::vector<std::function<std::string(int32_t)>> faults = {
      [](int32_t id) { return frame(FrameType::kWindowUpdate, 0, id, u32(0)); },
      [](int32_t id) { return frame(FrameType::kWindowUpdate, 0, id, u32(0x7fffffff)); },
      [](int32_t id) { return frame(FrameType::kHeaders, kFlagEndHeaders, id, "\x82"); },
  };
  for (const auto& fault : faults) {
    EXPECT_TRUE(bears(streams(5, fault)));
    EXPECT_EQ(abuses.get(Http2Abuse::kRapidReset), 0u);
    EXPECT_FALSE(bears(streams(6, fault)));
    expect_ended_for(Http2Abuse::kRapidReset);
    abuses.ended[static_cast<size_t>(Http2Abuse::kRapidReset)] = 0;
  }
}

TEST_F(Http2Guard, WhatWasUnderWayOnStreamsThatItResetIsNoOffence) {
  options.streams_max = 100;
  events.refusals_left = 100;
  std::string bytes = settings;
  for (int i = 0; i < 100; ++i) bytes += request(2 * i + 1, kFlagEndHeaders);
  for (const int id : {1, 33, 199})  // Trailers.
    bytes += frame(FrameType::kHeaders, kFlagEndHeaders | kFlagEndStream, id, "");
  EXPECT_TRUE(bears(bytes));
}

TEST_F(Http2Guard, BoundsStreamsAboveTheirMaximum) {
  options.streams_max = 2;
  const auto opened = [&](int count) {
    std::string bytes = settings;
    for (int i = 0; i < count; ++i) bytes += request(2 * i + 1, kFlagEndHeaders);
    // One of the two that are open makes room for what is asked last.
    return bytes + frame(FrameType::kRstStream, 0, 1, u32(8));
  };
  EXPECT_TRUE(bears(opened(6)));
  EXPECT_FALSE(bears(opened(7)));
  expect_ended_for(Http2Abuse::kRapidReset);
}

TEST_F(Http2Guard, CountsAStreamAboveTheMaximumOnceWhoeverResetsIt) {
  options.streams_max = 2;
  const auto opened = [&](int count) {
    std::string bytes = settings;
    for (int i = 0; i < count; ++i) bytes += request(2 * i + 1, kFlagEndHeaders);
    for (int i = 2; i < count; ++i) bytes += frame(FrameType::kRstStream, 0, 2 * i + 1, u32(8));
    return bytes + frame(FrameType::kRstStream, 0, 1, u32(8));
  };
  EXPECT_TRUE(bears(opened(6)));
  EXPECT_FALSE(bears(opened(7)));
  expect_ended_for(Http2Abuse::kRapidReset);
}

TEST_F(Http2Guard, WhatComesAfterTheLastGoawayHarmsNoStreamBeforeIt) {
  events.body_bytes = 10;
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    const auto write = [&](const std::string& bytes) {
      peer.write_all(bytes, Deadline::never()).ignore("closed already, perhaps");
    };
    write(std::string(kHttp2Preface) + settings + request(9999, kFlagEndHeaders));
    while (connection.open_streams() == 0) fiber::yield();
    connection.shut_down();
    std::string shut_down_ping(8, '\0');
    shut_down_ping[7] = static_cast<char>(Http2Connection::Ping::kShutDown);
    const std::string late = request(10001, kFlagEndHeaders) +
                             frame(FrameType::kData, 0, 10001, "late") +
                             frame(FrameType::kWindowUpdate, 0, 10001, u32(1)) +
                             frame(FrameType::kRstStream, 0, 10001, u32(8));
    write(frame(FrameType::kPing, kFlagAck, 0, shut_down_ping) + late +
          frame(FrameType::kData, kFlagEndStream, 9999, "end"));
    EXPECT_TRUE(reads_answer(peer));
  });
  EXPECT_EQ(abuses.errors[static_cast<size_t>(Http2Error::kProtocolError)], 0u);
}

TEST_F(Http2Guard, BoundsStreamsAfterTheLastGoaway) {
  for (const int count : {5, 6}) {
    with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
      peer.write_all(std::string(kHttp2Preface) + settings + request(1, kFlagEndHeaders),
                     Deadline::never())
          .value();
      while (connection.open_streams() == 0) fiber::yield();
      connection.shut_down();
      std::string bytes = frame(FrameType::kPing, kFlagAck, 0, std::string("\0\0\0\0\0\0\0\1", 8));
      for (int i = 0; i < count; ++i) bytes += request(2 * i + 3, kFlagEndHeaders);
      const uint64_t before = connection.bytes_read();
      peer.write_all(bytes, Deadline::never()).value();
      while (connection.bytes_read() < before + bytes.size()) fiber::yield();
      fiber::yield();
      EXPECT_EQ(connection.closed(), count > 5);
    });
  }
  EXPECT_EQ(abuses.get(Http2Abuse::kRapidReset), 1u);
}

TEST_F(Http2Guard, BoundsEmptyData) {
  const std::string empty = frame(FrameType::kData, 0, 1, "");
  EXPECT_TRUE(bears(settings + request(1, kFlagEndHeaders) + repeat(5, empty)));
  EXPECT_FALSE(bears(settings + request(1, kFlagEndHeaders) + repeat(6, empty)));
  expect_ended_for(Http2Abuse::kEmptyData);
}

TEST_F(Http2Guard, BoundsContinuations) {
  auto parts = [&](int count) {
    std::string bytes = settings + request(1, kFlagEndStream);
    for (int i = 1; i <= count; ++i) {
      bytes += frame(FrameType::kContinuation, i == count ? kFlagEndHeaders : 0, 1,
                     std::string("\x0f\x0d\x01") + "0");  // content-length: 0
    }
    return bytes;
  };
  EXPECT_TRUE(bears(parts(5)));
  EXPECT_TRUE(bears(parts(5)));  // Each block has its own.
  EXPECT_FALSE(bears(parts(6)));
  expect_ended_for(Http2Abuse::kContinuation);
}

TEST_F(Http2Guard, RefusesAnEmptyContinuationThatGoesOn) {
  EXPECT_FALSE(
      bears(settings + request(1, kFlagEndStream) + frame(FrameType::kContinuation, 0, 1, "")));
  expect_ended_for(Http2Abuse::kContinuation);
}

TEST_F(Http2Guard, EndsAConnectionWhoseAnswersWaitForWindowsTooLong) {
  const std::string no_window = frame(FrameType::kSettings, 0, 0, std::string("\0\x04\0\0\0\0", 6));
  events.body_bytes = 10;
  options.limits.stall = milliseconds(20);
  EXPECT_FALSE(bears(no_window + request(1, kFlagEndHeaders | kFlagEndStream), "nothing"));
  expect_ended_for(Http2Abuse::kZeroWindow);
}

TEST_F(Http2Guard, ResetsAStreamWhoseWindowStaysShutWhileAnotherIsTaken) {
  const std::string no_window = frame(FrameType::kSettings, 0, 0, std::string("\0\x04\0\0\0\0", 6));
  events.body_bytes = 1000;
  options.limits.stall = milliseconds(100);
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    const auto write = [&](const std::string& bytes) {
      peer.write_all(bytes, Deadline::never()).ignore("closed already, perhaps");
    };
    write(std::string(kHttp2Preface) + no_window + request(1, kFlagEndHeaders | kFlagEndStream) +
          request(3, kFlagEndHeaders | kFlagEndStream));
    while (connection.open_streams() < 2) fiber::yield();
    while (connection.open_streams() == 2 && !connection.closed()) {
      write(frame(FrameType::kWindowUpdate, 0, 3, u32(1)));
      fiber::sleep_for(milliseconds(5)).value();
    }
    EXPECT_FALSE(connection.closed());
    EXPECT_FALSE(events.streams[0]->is_open());
    EXPECT_TRUE(events.streams[1]->is_open());
  });
  EXPECT_EQ(abuses.streams_stalled, 1u);
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
}

TEST_F(Http2Guard, LeavesAConnectionThatGivesWindowsLittleByLittle) {
  const std::string no_window = frame(FrameType::kSettings, 0, 0, std::string("\0\x04\0\0\0\0", 6));
  events.body_bytes = 40;
  options.limits.stall = milliseconds(400);
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    peer.write_all(
            std::string(kHttp2Preface) + no_window + request(1, kFlagEndHeaders | kFlagEndStream),
            Deadline::never())
        .value();
    // The whole takes more than twice the limit.
    for (int i = 0; i < 40 && !connection.closed(); ++i) {
      fiber::sleep_for(milliseconds(25)).value();
      peer.write_all(frame(FrameType::kWindowUpdate, 0, 1, u32(1)), Deadline::never()).value();
    }
    while (connection.open_streams() > 0 && !connection.closed()) fiber::yield();
    EXPECT_FALSE(connection.closed());
    EXPECT_EQ(events.streams[0]->left, 0u);
  });
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
}

TEST_F(Http2Guard, EndsAConnectionThatLetsItsOwnWindowRunOut) {
  events.body_bytes = kWindowDefault + 1;  // The stream's window is raised, the connection's not.
  options.limits.stall = milliseconds(20);
  const std::string wide = frame(FrameType::kSettings, 0, 0, std::string("\0\x04\0\x10\0\0", 6));
  EXPECT_FALSE(bears(wide + request(1, kFlagEndHeaders | kFlagEndStream), "nothing"));
  expect_ended_for(Http2Abuse::kZeroWindow);
}

TEST_F(Http2Guard, EndsAConnectionWhoseFrameOrHeaderBlockDoesNotEnd) {
  options.handshake_timeout = milliseconds(30);
  const std::string half = request(3, kFlagEndHeaders | kFlagEndStream).substr(0, 11);
  const std::string begun = request(3, kFlagEndStream);
  const std::string open = request(1, kFlagEndHeaders);
  const std::string dripping = begun + frame(FrameType::kContinuation, 0, 3, "\x88").substr(0, 5);
  for (const std::string& bytes : {half, half.substr(0, 2), begun, open + half, dripping}) {
    EXPECT_FALSE(bears(settings + bytes, "nothing"));
    expect_ended_for(Http2Abuse::kSlowFrame);
    abuses.ended[static_cast<size_t>(Http2Abuse::kSlowFrame)] = 0;
  }
  // DATA has the limit on silence.
  const std::string data = open + frame(FrameType::kData, 0, 1, "12345").substr(0, 12);
  options.handshake_timeout = std::chrono::hours(1);
  options.limits.stall = milliseconds(30);
  EXPECT_FALSE(bears(settings + data, "nothing"));
  expect_ended_for(Http2Abuse::kSlowFrame);
}

TEST_F(Http2Guard, EndsAConnectionThatSaysNothingBehindThePreface) {
  options.handshake_timeout = milliseconds(30);
  EXPECT_FALSE(bears("", "nothing"));
  expect_ended_for(Http2Abuse::kSlowFrame);
}

TEST_F(Http2Guard, LeavesDataThatComesSlowly) {
  options.handshake_timeout = milliseconds(50);
  options.limits.stall = milliseconds(500);
  events.body_bytes = 1;
  const std::string data = frame(FrameType::kData, kFlagEndStream, 9999, std::string(50, 'd'));
  bool answered = false;
  with_connection(options, events, [&](Http2Connection&, net::Socket& peer) {
    peer.write_all(std::string(kHttp2Preface) + settings + request(9999, kFlagEndHeaders) +
                       data.substr(0, 9),
                   Deadline::never())
        .value();
    for (size_t i = 9; i < data.size(); ++i) {
      fiber::sleep_for(milliseconds(15)).value();
      peer.write_all(data.substr(i, 1), Deadline::never()).value();
    }
    answered = reads_answer(peer);
  });
  EXPECT_TRUE(answered);
}

TEST_F(Http2Guard, LeavesAConnectionThatOnlyIsSilent) {
  // Its last answer was taken: nothing waits for a window, however long it says nothing.
  options.limits.stall = milliseconds(1);
  events.body_bytes = 10;
  EXPECT_TRUE(bears(settings + request(1, kFlagEndHeaders | kFlagEndStream)));
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
}

/// A connection whose body fills what the kernel takes of a peer that does not read; then `pings`
/// are to be answered: 17 bytes each. True where it is still there.
bool bears_unread(const Http2Options& options, Answering& events, int pings) {
  bool open = false;
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    const std::string wide =
        frame(FrameType::kSettings, 0, 0, std::string("\0\x04\x7f\xff\xff\xff", 6)) +
        frame(FrameType::kWindowUpdate, 0, 0, u32(0x7fffffff - kWindowDefault));
    peer.write_all(std::string(kHttp2Preface) + wide + request(1, kFlagEndHeaders | kFlagEndStream),
                   Deadline::never())
        .value();
    const auto settled = [&] {
      for (uint64_t before = 1; before != connection.bytes_written() + connection.bytes_read();
           fiber::sleep_for(milliseconds(20)).value())
        before = connection.bytes_written() + connection.bytes_read();
    };
    settled();
    peer.write_all(repeat(pings, frame(FrameType::kPing, 0, 0, "12345678")), Deadline::never())
        .value();
    settled();
    open = !connection.closed();
  });
  return open;
}

TEST_F(Http2Guard, BoundsWhatWaitsForAPeerThatDoesNotRead) {
  events.body_bytes = 10'000'000;
  options.limits.pings = {1'000'000, 0};
  options.limits.queued_bytes = 100 * (kFrameHeaderBytes + 8);
  EXPECT_TRUE(bears_unread(options, events, 100));
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
  EXPECT_FALSE(bears_unread(options, events, 101));
  EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 1u);
}

/// Reads `pieces` of 4 KB, with a pause before each; false where the connection ended.
bool reads_slowly(net::Socket& peer, int pieces, Duration pause) {
  char piece[4096];
  for (int i = 0; i < pieces; ++i) {
    fiber::sleep_for(pause).value();
    for (size_t have = 0; have < sizeof piece;) {
      auto read = peer.read_some({piece + have, sizeof piece - have}, Deadline::never());
      if (!read || *read == 0) return false;
      have += *read;
    }
  }
  return true;
}

TEST_F(Http2Guard, EndsAPeerThatReadsNothingAndNotOneThatReadsSlowly) {
  events.body_bytes = 1'000'000;
  options.limits.stall = milliseconds(500);
  const std::string wide =
      frame(FrameType::kSettings, 0, 0, std::string("\0\x04\x7f\xff\xff\xff", 6)) +
      frame(FrameType::kWindowUpdate, 0, 0, u32(0x7fffffff - kWindowDefault));
  with_connection(options, events, [&](Http2Connection& connection, net::Socket& peer) {
    const int small = 1;  // The kernel makes it its least, about 4 KB.
    setsockopt(connection.socket().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer.write_all(std::string(kHttp2Preface) + wide + request(1, kFlagEndHeaders | kFlagEndStream),
                   Deadline::never())
        .value();
    // What is written at once, 64 KB, takes it twice the limit.
    EXPECT_TRUE(reads_slowly(peer, 20, milliseconds(50)));
    EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 0u);
    while (!connection.closed()) fiber::sleep_for(milliseconds(20)).value();
    EXPECT_EQ(abuses.get(Http2Abuse::kZeroWindow), 1u);
  });
}

}  // namespace
}  // namespace bia::http
