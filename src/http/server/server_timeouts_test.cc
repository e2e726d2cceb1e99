// Peers that take their time, and peers that are many.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/http/server.h"
#include "http/http2/http2_protocol.h"
#include "http/server/server_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Peer;
using test::with_server;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

uint64_t count_of(const std::vector<std::pair<std::string_view, uint64_t>>& counts,
                  std::string_view reason) {
  for (const auto& [name, count] : counts) {
    if (name == reason) return count;
  }
  return 0;
}

TEST(ServerTimeouts, AFirstRequestMayComeLate) {
  ServerOptions options;
  options.idle_timeout = seconds(100);
  options.header_timeout = milliseconds(40);
  with_server([](ServerRequest&, ServerResponse& response) { response.body() = "late"; },
              [&](Server& server) {
                Peer peer(server.address());
                // The sweeper takes an idle connection's buffers at its second look.
                fiber::sleep_for(milliseconds(200)).value();
                peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " +
                          std::string(500, 'x') + "\r\n\r\n");
                EXPECT_EQ(peer.all().find("HTTP/1.1 200 OK\r\n"), 0u);
              },
              options);
}

TEST(ServerTimeouts, AnAnswerMayTakeLongAsLongAsItsPeerReads) {
  // Far above what the kernel takes: most of it waits for the peer, one write all along.
  const std::string large(24'000'000, 'x');
  std::vector<std::string> told;
  ServerOptions options;
  options.idle_timeout = milliseconds(400);
  options.on_refusal = [&](const Refusal& refusal) { told.emplace_back(refusal.reason); };
  with_server([&](ServerRequest&, ServerResponse& response) { response.body() = large; },
              [&](Server& server) {
                Peer reader(server.address());
                reader.send(kGet);
                size_t got = 0;
                std::vector<char> piece(256 * 1024);
                for (;;) {
                  fiber::sleep_for(milliseconds(15)).value();
                  auto read = reader.socket.read_some(piece, Deadline::after(seconds(5)));
                  if (!read || *read == 0) break;
                  got += *read;
                }
                EXPECT_GT(got, large.size());
                EXPECT_TRUE(told.empty());
                Peer waits(server.address());
                waits.send(kGet);
                const Deadline deadline = Deadline::after(seconds(10));
                while (told.empty() && !deadline.expired())
                  fiber::sleep_for(milliseconds(10)).value();
                EXPECT_EQ(told, std::vector<std::string>{"WRITE_TIMEOUT"});
                EXPECT_EQ(count_of(server.counters().bad_requests_by_reason, "WRITE_TIMEOUT"), 1u);
              },
              options);
}

TEST(ServerTimeouts, ABodyThatOutlastsItsOperationIsCountedAsLate) {
  std::vector<std::pair<std::string, int>> told;
  std::vector<Code> codes;
  ServerOptions options;
  options.on_refusal = [&](const Refusal& r) { told.emplace_back(r.reason, r.status); };
  const auto handler = [&](ServerRequest& request, ServerResponse&) {
    const fiber::ScopedDeadline scope(Deadline::after(milliseconds(20)));
    const auto body = request.body();
    codes.push_back(body ? Code::kOk : body.error().code());
  };
  with_server(
      handler,
      [&](Server& server) {
        const auto frame = [](FrameType type, uint8_t flags, int32_t id, std::string_view payload) {
          std::string bytes(kFrameHeaderBytes, '\0');
          write_frame_head(bytes.data(), {static_cast<uint32_t>(payload.size()), type, flags, id});
          return bytes.append(payload);
        };
        Peer http1(server.address());
        http1.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01");
        Peer http2(server.address());
        http2.send(std::string(kHttp2Preface) + frame(FrameType::kSettings, 0, 0, "") +
                   frame(FrameType::kHeaders, kFlagEndHeaders, 1, "\x83\x86\x84") +
                   frame(FrameType::kData, 0, 1, "01"));
        const Deadline deadline = Deadline::after(seconds(5));
        while (codes.size() < 2 && !deadline.expired()) fiber::sleep_for(milliseconds(5)).value();
        EXPECT_EQ(codes, std::vector<Code>(2, Code::kDeadlineExceeded));
        EXPECT_EQ(told, (std::vector<std::pair<std::string, int>>(2, {"BODY_TIMEOUT", 504})));
        EXPECT_EQ(count_of(server.counters().bad_requests_by_reason, "BODY_TIMEOUT"), 2u);
      },
      options);
}

TEST(ServerConnections, TheirLimitIsOfAllThreadsTogether) {
  for (const auto& [most, threads] : {std::pair<size_t, size_t>{3, 2}, {10, 4}, {1, 3}}) {
    ServerOptions options;
    options.connections_max = most;
    with_server([](ServerRequest&, ServerResponse& response) { response.body() = "hello"; },
                [&](Server& server) {
                  std::vector<Peer> peers;
                  for (size_t i = 0; i < most; ++i) {
                    peers.emplace_back(server.address());
                    peers.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    EXPECT_NE(peers.back().until("hello").find("200 OK"), std::string::npos) << i;
                  }
                  Peer above(server.address());
                  EXPECT_TRUE(above.all().starts_with("HTTP/1.1 503 "));
                  EXPECT_EQ(server.counters().connections_refused, 1u);
                },
                options, threads);
  }
}

}  // namespace
}  // namespace bia::http
