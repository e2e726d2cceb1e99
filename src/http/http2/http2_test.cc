// A connection against hand-made frames, and its map of streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <random>

#include "http/http2/http2_connection.h"

namespace bia::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Item : Http2Stream {
  bool closed = false;
};

// A server that answers each request with "ok", or a body of `body_bytes`.
class Answering final : public Http2Events {
 public:
  Http2Connection* connection = nullptr;
  size_t body_bytes = 2;
  bool hold = false;
  std::vector<std::string> log;
  std::vector<std::unique_ptr<Item>> streams;
  std::map<Http2Stream*, size_t> sent;

  Http2Stream* on_request() noexcept override {
    streams.push_back(std::make_unique<Item>());
    return streams.back().get();
  }
  void on_header(Http2Stream&, Block block, std::string_view name,
                 std::string_view value) noexcept override {
    if (block == Block::kTrailers)
      log.push_back("trailer " + std::string(name) + "=" + std::string(value));
  }
  void on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept override {
    log.push_back(block == Block::kHead ? "head" : "trailers");
    if (end == EndStream::kYes) answer(stream);
  }
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override {
    log.push_back("data " + std::to_string(bytes.size()));
    if (!hold) connection->consume(stream, bytes.size());
  }
  void on_end_stream(Http2Stream& stream) noexcept override { answer(stream); }
  void on_stream_closed(Http2Stream& stream, Http2Error error) noexcept override {
    static_cast<Item&>(stream).closed = true;
    log.push_back("closed " + std::string(http2_error_name(error)));
  }
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override {
    size_t size = std::min(into.size(), body_bytes - sent[&stream]);
    std::fill_n(into.data(), size, 'o');
    sent[&stream] += size;
    return {size, sent[&stream] == body_bytes ? Body::kEnd : Body::kMore};
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

std::string start() { return std::string(kHttp2Preface) + frame(FrameType::kSettings, 0, 0, ""); }
// :method POST, :scheme http, :path /, and what is added.
std::string request(int32_t id, int flags = kFlagEndHeaders | kFlagEndStream,
                    std::string_view more = "") {
  return frame(FrameType::kHeaders, flags, id, "\x83\x86\x84" + std::string(more));
}

class Http2 : public testing::Test {
 protected:
  Answering events;
  Http2Options options;

  // What the server writes for `bytes`, as "TYPE id flags size" lines; "end" where it closes. Waits
  // for an end or for `quiet`.
  std::vector<std::string> exchange(const std::string& bytes) {
    std::vector<std::string> lines;
    auto scheduler = fiber::Scheduler::create().value();
    scheduler
        ->spawn([&] {
          int pair[2];
          EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
          Http2Connection connection(net::Socket::adopt(pair[0]).value(), options, events);
          events.connection = &connection;
          auto runner =
              fiber::Scheduler::current().spawn([&] { outcome = connection.run(); }).value();
          net::Socket peer = net::Socket::adopt(pair[1]).value();
          peer.write_all(bytes, Deadline::never()).value();
          std::string got;
          char buffer[4096];
          // A ping tells that all before it was handled; a second one that what it led to was sent.
          peer.write_all(frame(FrameType::kPing, 0, 0, "previous"), Deadline::never())
              .ignore("closed already, perhaps");
          for (;;) {
            auto read = peer.read_some(buffer, Deadline::after(std::chrono::seconds(5)));
            if (!read || *read == 0) {
              lines = parse(got);
              lines.push_back("end");
              break;
            }
            got.append(buffer, *read);
            if (size_t at = got.find("previous"); at != std::string::npos) {
              got.erase(at - kFrameHeaderBytes, kFrameHeaderBytes + 8);
              peer.write_all(frame(FrameType::kPing, 0, 0, "the last"), Deadline::never())
                  .ignore("closed already, perhaps");
            }
            if (got.find("the last") != std::string::npos) {
              lines = parse(got);
              lines.pop_back();
              break;
            }
          }
          connection.close();
          runner.join().value();
        })
        .value();
    scheduler->run(fiber::Scheduler::Until::kNoFibers);
    return lines;
  }
  // Without the server's own SETTINGS and WINDOW_UPDATE at the beginning, and its answer to ours.
  static std::vector<std::string> parse(std::string_view bytes) {
    std::vector<std::string> lines;
    static const char* const kNames[] = {"DATA", "HEADERS", "PRIORITY", "RST_STREAM",   "SETTINGS",
                                         "PUSH", "PING",    "GOAWAY",   "WINDOW_UPDATE"};
    for (int skip = 2; bytes.size() >= kFrameHeaderBytes; --skip) {
      FrameHead head = read_frame_head(bytes.data());
      std::string_view payload = bytes.substr(kFrameHeaderBytes, head.size);
      bytes.remove_prefix(kFrameHeaderBytes + head.size);
      if (skip > 0 || (head.type == FrameType::kSettings && (head.flags & kFlagAck))) continue;
      std::string line =
          std::string(kNames[static_cast<int>(head.type)]) + " " + std::to_string(head.id);
      if (head.type == FrameType::kRstStream)
        line +=
            " " + std::string(http2_error_name(static_cast<Http2Error>(read_u32(payload.data()))));
      if (head.type == FrameType::kGoaway)
        line += " " + std::string(
                          http2_error_name(static_cast<Http2Error>(read_u32(payload.data() + 4))));
      if (head.type == FrameType::kData)
        line += " " + std::to_string(head.size) + (head.flags & kFlagEndStream ? " end" : "");
      lines.push_back(line);
    }
    return lines;
  }
  void expect_failure(const std::string& bytes, const std::string& error) {
    EXPECT_THAT(exchange(start() + bytes), testing::Contains("GOAWAY 0 " + error));
    EXPECT_FALSE(outcome.ok());
  }
  void expect_reset(const std::string& bytes, const std::string& error) {
    EXPECT_THAT(exchange(start() + bytes),
                testing::Contains(testing::StartsWith("RST_STREAM 1 " + error)));
  }

  Result<void> outcome;
};

TEST_F(Http2, AnswersARequest) {
  EXPECT_THAT(exchange(start() + request(1)), ElementsAre("HEADERS 1", "DATA 1 2 end"));
  EXPECT_THAT(events.log, ElementsAre("head", "closed NO_ERROR"));
}

TEST_F(Http2, TakesPaddingPriorityAndContinuations) {
  std::string padded = frame(FrameType::kHeaders, kFlagPadded | kFlagPriority, 1,
                             std::string("\x03\0\0\0\0\x10\x83\x86", 8) + std::string(3, '\0'));
  std::string bytes = padded + frame(FrameType::kContinuation, kFlagEndHeaders, 1, "\x84") +
                      frame(FrameType::kData, kFlagPadded, 1, std::string("\x02xyz\0\0", 6)) +
                      frame(FrameType::kPriority, 0, 9, std::string(5, '\0')) +
                      frame(static_cast<FrameType>(0x77), 0, 0, "unknown") +
                      frame(FrameType::kHeaders, kFlagEndHeaders | kFlagEndStream, 1,
                            std::string("\x00\x01t\x01v", 5));
  EXPECT_THAT(exchange(start() + bytes), ElementsAre("HEADERS 1", "DATA 1 2 end"));
  EXPECT_THAT(events.log,
              ElementsAre("head", "data 3", "trailer t=v", "trailers", "closed NO_ERROR"));
}

TEST_F(Http2, ParsesFramesHoweverTheyAreCut) {
  std::string bytes = start() + request(1) + request(3) + request(5, kFlagEndHeaders) +
                      frame(FrameType::kData, kFlagEndStream, 5, "body");
  auto scheduler = fiber::Scheduler::create().value();
  for (size_t cut = 1; cut < 40; cut += 3) {
    Answering mine;
    scheduler
        ->spawn([&] {
          int pair[2];
          EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
          Http2Connection connection(net::Socket::adopt(pair[0]).value(), options, mine);
          mine.connection = &connection;
          auto runner =
              fiber::Scheduler::current().spawn([&] { connection.run().value(); }).value();
          net::Socket peer = net::Socket::adopt(pair[1]).value();
          for (size_t at = 0; at < bytes.size(); at += cut) {
            peer.write_all(std::string_view(bytes).substr(at, cut), Deadline::never()).value();
            fiber::yield();
            fiber::yield();
          }
          while (mine.log.size() < 7) fiber::yield();
          connection.close();
          runner.join().value();
        })
        .value();
    scheduler->run(fiber::Scheduler::Until::kNoFibers);
    EXPECT_EQ(mine.streams.size(), 3u) << cut;
  }
}

TEST_F(Http2, SendsNoMoreThanTheWindowsAllow) {
  events.body_bytes = 100'000;
  EXPECT_THAT(
      exchange(start() + request(1)),
      ElementsAre("HEADERS 1", "DATA 1 16384", "DATA 1 16384", "DATA 1 16384", "DATA 1 16383"));
  events = {};
  events.body_bytes = 70'000;
  std::string settings = std::string(kHttp2Preface) +
                         frame(FrameType::kSettings, 0, 0, std::string("\0\x04", 2) + u32(10));
  std::string updates = frame(FrameType::kWindowUpdate, 0, 1, u32(80'000)) +
                        frame(FrameType::kWindowUpdate, 0, 0, u32(4'465));
  EXPECT_THAT(exchange(settings + request(1)), ElementsAre("HEADERS 1", "DATA 1 10"));
  events = {};
  events.body_bytes = 70'000;
  EXPECT_THAT(
      exchange(settings + request(1) + updates),
      testing::AllOf(testing::Contains("HEADERS 1"), testing::Contains(testing::EndsWith("end"))));
}

TEST_F(Http2, GivesWindowsBackOnlyForWhatIsConsumed) {
  options.stream_window_bytes = 20'000;
  std::string data =
      request(1, kFlagEndHeaders) + frame(FrameType::kData, 0, 1, std::string(11'000, 'x'));
  EXPECT_THAT(exchange(start() + data), ElementsAre("WINDOW_UPDATE 1"));
  events = {};
  events.hold = true;
  EXPECT_THAT(exchange(start() + data), ElementsAre());
  expect_reset(data + data.substr(12), "FLOW_CONTROL_ERROR");
}

TEST_F(Http2, RefusesStreamsAboveTheLimit) {
  options.streams_max = 1;
  EXPECT_THAT(exchange(start() + request(1, kFlagEndHeaders) + request(3)),
              ElementsAre("RST_STREAM 3 REFUSED_STREAM"));
}

TEST_F(Http2, EndsConnectionsThatBreakTheProtocol) {
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), testing::Contains("end"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("does not speak HTTP/2"));
  EXPECT_THAT(exchange(std::string(kHttp2Preface) + request(1)), testing::Contains("end"));
  expect_failure(frame(FrameType::kData, 0, 0, "x"), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kData, 0, 1, "x"), "PROTOCOL_ERROR");
  expect_failure(request(2), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kHeaders, kFlagEndHeaders, 1, "\x80"), "COMPRESSION_ERROR");
  expect_failure(
      frame(FrameType::kHeaders, 0, 1, "\x83") + frame(FrameType::kPing, 0, 0, "12345678"),
      "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kHeaders, kFlagPadded | kFlagEndHeaders, 1, "\x09x"),
                 "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kContinuation, kFlagEndHeaders, 1, "x"), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kRstStream, 0, 1, u32(8)), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kRstStream, 0, 1, "xx"), "FRAME_SIZE_ERROR");
  expect_failure(frame(FrameType::kSettings, 0, 1, ""), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kSettings, 0, 0, "xx"), "FRAME_SIZE_ERROR");
  expect_failure(frame(FrameType::kSettings, kFlagAck, 0, "xxxxxx"), "FRAME_SIZE_ERROR");
  expect_failure(frame(FrameType::kSettings, 0, 0, std::string("\0\x02", 2) + u32(2)),
                 "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kSettings, 0, 0, std::string("\0\x04", 2) + u32(0x80000000)),
                 "FLOW_CONTROL_ERROR");
  expect_failure(frame(FrameType::kSettings, 0, 0, std::string("\0\x05", 2) + u32(100)),
                 "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kPing, 0, 0, "short"), "FRAME_SIZE_ERROR");
  expect_failure(frame(FrameType::kPing, 0, 1, "12345678"), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kGoaway, 0, 0, "short"), "FRAME_SIZE_ERROR");
  expect_failure(frame(FrameType::kWindowUpdate, 0, 0, u32(0)), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kWindowUpdate, 0, 0, u32(0x7fffffff)), "FLOW_CONTROL_ERROR");
  expect_failure(frame(FrameType::kWindowUpdate, 0, 7, u32(1)), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kPushPromise, 0, 1, u32(2)), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kPriority, 0, 0, std::string(5, '\0')), "PROTOCOL_ERROR");
  expect_failure(frame(FrameType::kPriority, 0, 1, "x"), "FRAME_SIZE_ERROR");
  expect_failure(std::string("\x00\x40\x01\x00\x00\x00\x00\x00\x01", 9), "FRAME_SIZE_ERROR");
}

TEST_F(Http2, ResetsRequestsThatAreMalformed) {
  std::string name_and_value("\x00\x01X\x01v", 5);
  expect_reset(request(1, kFlagEndHeaders, name_and_value), "PROTOCOL_ERROR");
  for (std::string more :
       {std::string("\x83"), std::string("\x88"), std::string("\x00\x02te\x01x", 6),
        std::string("\x00\x0a"
                    "connection\x01x",
                    14),
        std::string("\x00\x01y\x01v", 5) + "\x83", std::string("\x00\x05:what\x01v", 9),
        std::string("\x0f\x0d\x01x", 4),
        // An empty name, put into the table and taken out of it: nothing is there to look at.
        std::string("\x40\x00\x00\xbe", 4)}) {
    expect_reset(request(1, kFlagEndHeaders, more), "PROTOCOL_ERROR");
  }
  expect_reset(frame(FrameType::kHeaders, kFlagEndHeaders, 1, "\x83\x86"), "PROTOCOL_ERROR");
  // content-length: 5, with 3 and 6 bytes.
  for (size_t size : {3u, 6u}) {
    expect_reset(request(1, kFlagEndHeaders,
                         std::string("\x0f\x0d\x01"
                                     "5",
                                     4)) +
                     frame(FrameType::kData, kFlagEndStream, 1, std::string(size, 'x')),
                 "PROTOCOL_ERROR");
  }
  // Trailers without an end, and DATA after the end.
  expect_reset(request(1, kFlagEndHeaders) +
                   frame(FrameType::kHeaders, kFlagEndHeaders, 1, std::string("\x00\x01t\x01v", 5)),
               "PROTOCOL_ERROR");
  expect_reset(request(1) + frame(FrameType::kData, 0, 1, "x"), "STREAM_CLOSED");
  expect_reset(request(1, kFlagEndHeaders) + frame(FrameType::kWindowUpdate, 0, 1, u32(0)),
               "PROTOCOL_ERROR");
}

TEST_F(Http2, EndsConnectionsThatStaySilent) {
  options.handshake_timeout = std::chrono::milliseconds(30);
  EXPECT_THAT(exchange(std::string(kHttp2Preface.substr(0, 10))), testing::Contains("end"));
  EXPECT_FALSE(outcome.ok());
}

TEST_F(Http2, BoundsHeaderBlocks) {
  options.header_bytes_max = 1000;
  std::string bytes = frame(FrameType::kHeaders, 0, 1, "\x83");
  for (int i = 0; i < 20; ++i)
    bytes += frame(FrameType::kContinuation, 0, 1, std::string(1000, '\x84'));
  expect_failure(bytes, "ENHANCE_YOUR_CALM");
}

TEST(Http2StreamMap, FindsWhatIsInIt) {
  std::mt19937 random(3);
  Http2StreamMap map;
  struct Probe final : Http2Stream {};
  // Ids are the connection's to give; a map alone is exercised through one.
  EXPECT_EQ(map.find(1), nullptr);
  EXPECT_EQ(map.size(), 0u);
  map.erase(1);
}

// Many streams of any age: the map inside a connection, through its public face.
TEST_F(Http2, KeepsManyStreamsApart) {
  events.hold = true;
  options.streams_max = 10'000;
  std::string bytes = start();
  std::mt19937 random(4);
  std::vector<int32_t> open;
  std::map<int32_t, bool> ended;
  for (int32_t id = 1; id < 2000; id += 2) {
    bytes += request(id, kFlagEndHeaders);
    open.push_back(id);
    if (random() % 3 != 0) {
      size_t at = random() % open.size();
      bytes += frame(FrameType::kData, kFlagEndStream, open[at], "x");
      ended[open[at]] = true;
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  std::vector<std::string> lines = exchange(bytes);
  size_t ends = 0;
  for (const std::string& line : lines) {
    EXPECT_THAT(line, testing::Not(HasSubstr("RST_STREAM")));
    if (!line.ends_with("end")) continue;
    ++ends;
    EXPECT_TRUE(ended[std::stoi(line.substr(5))]) << line;
  }
  EXPECT_EQ(ends, ended.size());
}

}  // namespace
}  // namespace bia::http
