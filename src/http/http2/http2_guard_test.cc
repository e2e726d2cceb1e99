// Each limit of Http2Limits, kept and exceeded by one.
#include "http/http2/http2_guard_test_support.h"

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

}  // namespace
}  // namespace bia::http
