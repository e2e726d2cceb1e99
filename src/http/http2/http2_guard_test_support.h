#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http2/http2_connection.h"
#include "http/http2/http2_guard.h"

namespace bia::http {

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

inline std::string frame(FrameType type, int flags, int32_t id, std::string_view payload) {
  std::string bytes(kFrameHeaderBytes, '\0');
  write_frame_head(bytes.data(),
                   {static_cast<uint32_t>(payload.size()), type, static_cast<uint8_t>(flags), id});
  return bytes.append(payload);
}
inline std::string u32(uint32_t value) {
  std::string bytes(4, '\0');
  write_u32(bytes.data(), value);
  return bytes;
}
inline std::string request(int32_t id, int flags) {
  return frame(FrameType::kHeaders, flags, id, "\x83\x86\x84");
}
inline std::string repeat(int count, const std::string& what) {
  std::string all;
  for (int i = 0; i < count; ++i) all += what;
  return all;
}

/// Runs `body` in a fiber, with a server's connection and the peer's end of it.
inline void with_connection(const Http2Options& options, Answering& events,
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

}  // namespace bia::http
