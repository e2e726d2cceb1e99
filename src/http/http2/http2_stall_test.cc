// A server's connection whose peer makes it wait: for windows, for the rest of a frame, for reads.
#include "http/http2/http2_guard_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;

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
