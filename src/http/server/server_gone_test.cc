// Callers that go away while their requests are handled.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "http/server/server_test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Peer;
using test::with_server;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A handler that waits, and what it was told.
struct Waiter {
  std::vector<Result<void>> waits;
  int begun = 0;
  Duration longest = seconds(20);

  Handler handler() {
    return [this](ServerRequest&, ServerResponse& response) {
      ++begun;
      waits.push_back(fiber::sleep_for(longest));
      if (!waits.back()) write_error(response, waits.back().error());
    };
  }
  void until_begun(int count) const {
    while (begun < count) fiber::yield();
  }
  void until_ended(size_t count) const {
    const Deadline deadline = Deadline::after(seconds(5));
    while (waits.size() < count && !deadline.expired()) fiber::yield();
    ASSERT_EQ(waits.size(), count);
  }
};

TEST(ServerGone, AHandlerIsCancelledWithItsCaller) {
  Waiter waiter;
  with_server(waiter.handler(), [&](Server& server) {
    {
      Peer peer(server.address());
      peer.send(kGet);
      waiter.until_begun(1);
    }
    waiter.until_ended(1);
    EXPECT_EQ(waiter.waits[0].error().code(), Code::kCancelled);
    EXPECT_EQ(server.counters().requests_cancelled, 1u);
    while (server.counters().connections_open > 0) fiber::yield();
  });
}

TEST(ServerGone, AResetIsSeenToo) {
  Waiter waiter;
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    waiter.until_begun(1);
    const linger at_once{1, 0};
    setsockopt(peer.socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.socket.close();
    waiter.until_ended(1);
    EXPECT_EQ(waiter.waits[0].error().code(), Code::kCancelled);
  });
}

TEST(ServerGone, OneThatOnlyStopsSendingIsAnsweredStill) {
  Waiter waiter;
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    waiter.until_begun(1);
    peer.socket.shutdown_write();
    const std::string answer = peer.all();
    EXPECT_NE(answer.find("HTTP/1.1 499 "), std::string::npos) << answer;
    EXPECT_NE(answer.find(R"("reason":"CANCELLED")"), std::string::npos) << answer;
  });
}

TEST(ServerGone, AnEndBeforeTheHandlerBeginsCountsToo) {
  Waiter waiter;
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    peer.socket.shutdown_write();
    EXPECT_NE(peer.all().find("HTTP/1.1 499 "), std::string::npos);
  });
}

TEST(ServerGone, HandlersThatDoNotWaitAnswerAsEver) {
  const std::string large(8'000'000, 'x');
  const auto handler = [&](ServerRequest&, ServerResponse& response) { response.body() = large; };
  with_server(handler, [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet + kGet);
    peer.socket.shutdown_write();
    // Far above what the kernel takes at once: these writes wait.
    EXPECT_TRUE(fiber::sleep_for(milliseconds(20)).ok());
    const std::string answers = peer.all();
    EXPECT_GT(answers.size(), 2 * large.size());
    EXPECT_EQ(answers.substr(answers.size() - large.size()), large);
  });
}

TEST(ServerGone, StreamedAnswersAreWrittenAndWaitsBetweenFail) {
  const std::string part(4'000'000, 'x');
  Result<void> waited;
  Result<void> written;
  const auto handler = [&](ServerRequest&, ServerResponse& response) {
    written = response.write(part);
    waited = fiber::sleep_for(seconds(20));
    if (written.ok()) written = response.write(part);
  };
  with_server(handler, [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    peer.socket.shutdown_write();
    EXPECT_TRUE(fiber::sleep_for(milliseconds(20)).ok());
    EXPECT_TRUE(peer.all().ends_with("x\r\n0\r\n\r\n"));
    EXPECT_TRUE(written.ok());
    EXPECT_EQ(waited.error().code(), Code::kCancelled);
  });
}

TEST(ServerGone, BytesOfTheNextRequestAreNoEnd) {
  Waiter waiter;
  waiter.longest = milliseconds(50);
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    waiter.until_begun(1);
    peer.send(kGet);
    const std::string answers = peer.until("HTTP/1.1 200 OK", 2);
    EXPECT_EQ(answers.find("499"), std::string::npos) << answers;
    ASSERT_EQ(waiter.waits.size(), 2u);
    EXPECT_TRUE(waiter.waits[1].ok());
  });
}

/// As Go's server: what lies before the end is read first, and only then does the end count.
TEST(ServerGone, AnEndBehindTheNextRequestIsTheNextOnes) {
  Waiter waiter;
  waiter.longest = milliseconds(50);
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet);
    waiter.until_begun(1);
    peer.send(kGet);
    peer.socket.shutdown_write();
    const std::string answers = peer.all();
    EXPECT_EQ(answers.find("HTTP/1.1 200 OK"), 0u) << answers;
    EXPECT_NE(answers.find("HTTP/1.1 499 "), std::string::npos) << answers;
    EXPECT_TRUE(waiter.waits[0].ok());
  });
}

TEST(ServerGone, ABodyIsReadBeforeItsEndCounts) {
  std::vector<Result<void>> waits;
  std::string body;
  const auto handler = [&](ServerRequest& request, ServerResponse&) {
    waits.push_back(fiber::sleep_for(milliseconds(20)));
    auto read = request.body();
    if (read) body = *read;
    waits.push_back(fiber::sleep_for(seconds(20)));
  };
  for (const bool chunked : {false, true}) {
    waits.clear();
    with_server(handler, [&](Server& server) {
      Peer peer(server.address());
      peer.send(
          std::string("POST / HTTP/1.1\r\nHost: a\r\n") +
          (chunked ? "Transfer-Encoding: chunked\r\n\r\n5\r\nhe" : "Content-Length: 5\r\n\r\nhe"));
      while (waits.empty()) fiber::yield();
      peer.send(chunked ? "llo\r\n0\r\n\r\n" : "llo");
      peer.socket.shutdown_write();
      EXPECT_NE(peer.all().find("200 OK"), std::string::npos);
    });
    EXPECT_EQ(body, "hello");
    ASSERT_EQ(waits.size(), 2u);
    EXPECT_TRUE(waits[0].ok());
    EXPECT_EQ(waits[1].error().code(), Code::kCancelled);
  }
}

TEST(ServerGone, WhoWasAnsweredMayGo) {
  Result<void> waited = Error(Code::kUnknown, "", "");
  const auto handler = [&](ServerRequest&, ServerResponse& response) {
    response.answer_now(202, "text/plain", "later");
    waited = fiber::sleep_for(milliseconds(50));
  };
  with_server(handler, [&](Server& server) {
    {
      Peer peer(server.address());
      peer.send(kGet);
      peer.until("later");
    }
    while (server.counters().connections_open > 0) fiber::yield();
    EXPECT_TRUE(waited.ok());
    EXPECT_EQ(server.counters().requests_cancelled, 0u);
  });
}

TEST(ServerGone, AnUpgradedConnectionLooksAfterItself) {
  std::string got;
  const auto handler = [&](ServerRequest&, ServerResponse& response) {
    response.upgrade("test", [&](net::Socket& socket, std::string_view) {
      EXPECT_TRUE(fiber::sleep_for(milliseconds(50)).ok());
      char bytes[16];
      auto count = socket.read_some(bytes, Deadline::after(seconds(5)));
      if (count) got.assign(bytes, *count);
    });
  };
  with_server(handler, [&](Server& server) {
    Peer peer(server.address());
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n");
    peer.until("\r\n\r\n");
    peer.send("bye");
    peer.socket.shutdown_write();
    peer.all();
    EXPECT_EQ(got, "bye");
  });
}

TEST(ServerGone, AStopThatCutsReadingCancelsNobody) {
  Waiter waiter;
  waiter.longest = milliseconds(50);
  with_server(waiter.handler(), [&](Server& server) {
    Peer peer(server.address());
    while (server.counters().connections_open == 0) fiber::yield();
    // Not seen by the server before its stop ends the reading of idle connections.
    peer.send(kGet);
    server.stop(Deadline::after(seconds(5)));
    for (const auto& wait : waiter.waits) EXPECT_TRUE(wait.ok());
  });
}

TEST(ServerGone, TlsThatEndsWithoutAGoodbyeIsAnsweredStill) {
  net::TestAuthority authority;
  ServerOptions options;
  options.tls = net::test_tls_server(authority, {"http/1.1"});
  const auto handler = [](ServerRequest&, ServerResponse& response) { response.body() = "hello"; };
  with_server(
      handler,
      [&](Server& server) {
        auto client = net::test_tls_client(authority, {"http/1.1"});
        Peer peer(server.address());
        ASSERT_TRUE(peer.socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).ok());
        peer.send(kGet + kGet);
        ::shutdown(peer.socket.fd(), SHUT_WR);
        const std::string answers = peer.until("hello", 2);
        EXPECT_NE(answers.find("hello", answers.find("hello") + 1), std::string::npos) << answers;
      },
      options);
}

enum class Leave { kClose, kNotify };

void leaves_tls(Leave how) {
  net::TestAuthority authority;
  ServerOptions options;
  options.tls = net::test_tls_server(authority, {"http/1.1"});
  Waiter waiter;
  with_server(
      waiter.handler(),
      [&](Server& server) {
        auto client = net::test_tls_client(authority, {"http/1.1"});
        Peer peer(server.address());
        ASSERT_TRUE(peer.socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).ok());
        peer.send(kGet);
        waiter.until_begun(1);
        if (how == Leave::kClose) {
          peer.socket.close();
        } else {
          peer.socket.shutdown_write();
          EXPECT_NE(peer.all().find("HTTP/1.1 499 "), std::string::npos);
        }
        waiter.until_ended(1);
        EXPECT_EQ(waiter.waits[0].error().code(), Code::kCancelled);
        EXPECT_EQ(server.counters().requests_cancelled, 1u);
      },
      options);
}

TEST(ServerGone, TlsWithAClose) { leaves_tls(Leave::kClose); }
TEST(ServerGone, TlsWithACloseNotify) { leaves_tls(Leave::kNotify); }

TEST(ServerGone, TlsBytesOfTheNextRequestAreNoEnd) {
  net::TestAuthority authority;
  ServerOptions options;
  options.tls = net::test_tls_server(authority, {"http/1.1"});
  Waiter waiter;
  waiter.longest = milliseconds(50);
  with_server(
      waiter.handler(),
      [&](Server& server) {
        auto client = net::test_tls_client(authority, {"http/1.1"});
        Peer peer(server.address());
        ASSERT_TRUE(peer.socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).ok());
        peer.send(kGet);
        waiter.until_begun(1);
        peer.send(kGet);
        const std::string answers = peer.until("HTTP/1.1 200 OK", 2);
        EXPECT_EQ(answers.find("499"), std::string::npos) << answers;
        EXPECT_EQ(waiter.waits.size(), 2u);
      },
      options);
}

TEST(ServerGone, AnAnswerThatADeadlineCutsEndsTheConnection) {
  const auto handler = [](ServerRequest&, ServerResponse& response) {
    fiber::ScopedDeadline soon(Deadline::after(milliseconds(100)));
    // More than the kernel takes of a peer that does not read.
    response.write(std::string(64 << 20, 'x')).ignore("cut");
  };
  with_server(handler, [&](Server& server) {
    Peer peer(server.address());
    peer.send(kGet + kGet);
    fiber::sleep_for(milliseconds(300)).value();
    const std::string answer = peer.all();
    EXPECT_EQ(answer.find("HTTP/1.1 200 "), 0u);
    EXPECT_LT(answer.size(), size_t{64} << 20);
    EXPECT_FALSE(answer.ends_with("\r\n0\r\n\r\n"));
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "within the cut one's body";
    EXPECT_EQ(server.counters().requests, 1u);
    EXPECT_EQ(server.counters().requests_cancelled, 0u);
  });
}

}  // namespace
}  // namespace bia::http
