#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "bia/fiber/threads.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "http/server/http2_client_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void with_server(Handler handler, const std::function<void(Server&)>& body,
                 ServerOptions options = {}) {
  options.address = "127.0.0.1:0";
  auto group = fiber::ThreadGroup::create(1);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t) {
    auto server = Server::create(**group, options, handler);
    ASSERT_TRUE((*server)->start().ok());
    body(**server);
    (*server)->stop(Deadline::after(milliseconds(200)));
    EXPECT_EQ((*server)->counters().connections_open, 0u);
  });
}

void echo(ServerRequest& request, ServerResponse& response) {
  if (request.path() == "/throw") throw std::runtime_error("boom");
  if (request.path() == "/unread") {
    response.body() = "unread";
    return;
  }
  if (request.path() == "/chunks") {
    for (int i = 0; i < 5; ++i)
      EXPECT_TRUE(response.write(std::string(100'000, static_cast<char>('a' + i))).ok());
    return;
  }
  auto body = request.body();
  if (!body) return write_error(response, body.error());
  response.add_header("X-Answer", "Yes");
  response.add_header("Connection", "close");
  response.body()
      .append(request.method_text())
      .append(" ")
      .append(request.path())
      .append(" ")
      .append(request.query());
  response.body().append(" ").append(request.header("Host")).append(" ").append(*body);
  EXPECT_EQ(request.version(), 2);
}

TEST(ServerHttp2, AnswersOnTheSamePort) {
  with_server(echo, [](Server& server) {
    TestClient client(server);
    Exchange got = client.send("GET", "/a?b=c");
    EXPECT_EQ(got.head[":status"], "200");
    EXPECT_EQ(got.head["x-answer"], "Yes");
    EXPECT_EQ(got.head["content-length"], "13");
    EXPECT_EQ(got.head["date"].size(), 29u);
    EXPECT_FALSE(got.head.contains("connection"));
    EXPECT_EQ(got.body, "GET /a b=c a ");
    got = client.send("HEAD", "/a?b=c");
    EXPECT_EQ(got.head["content-length"], "14");
    EXPECT_EQ(got.body, "");
    const std::string large(3'000'000, 'x');
    got = client.send("POST", "/big", large);
    EXPECT_EQ(got.body, "POST /big  a " + large);
    got = client.send("POST", "/unread", "some body");
    EXPECT_EQ(got.body, "unread");
    EXPECT_TRUE(got.ended);
    EXPECT_EQ(server.counters().requests, 4u);
  });
}

TEST(ServerHttp2, CookiesAreOneField) {
  const auto handler = [](ServerRequest& request, ServerResponse& response) {
    response.body() = request.header("cookie");
    size_t count = 0;
    for (size_t i = 0; i < request.header_count(); ++i)
      count += request.header_at(i).first == "cookie" ? 1 : 0;
    response.body() += " " + std::to_string(count) + std::string(request.header("x-last"));
  };
  with_server(handler, [](Server& server) {
    TestClient client(server);
    EXPECT_EQ(client.send("GET", "/", {}, {{"cookie", "a=1"}}).body, "a=1 1");
    EXPECT_EQ(client
                  .send("GET", "/", {},
                        {{"cookie", "a=1"},
                         {"x-between", "1"},
                         {"cookie", "b=2"},
                         {"cookie", "c=3"},
                         {"x-last", "!"}})
                  .body,
              "a=1; b=2; c=3 1!");
    EXPECT_EQ(client.send("GET", "/", {}, {}).body, " 0");
  });
}

TEST(ServerHttp2, WritesAsItGoes) {
  with_server(echo, [](Server& server) {
    TestClient client(server);
    Exchange got = client.send("GET", "/chunks");
    EXPECT_EQ(got.body.size(), 500'000u);
    EXPECT_EQ(got.body.back(), 'e');
    EXPECT_FALSE(got.head.contains("content-length"));
  });
}

TEST(ServerHttp2, ServesManyStreamsAtOnce) {
  with_server(
      [](ServerRequest& request, ServerResponse& response) {
        fiber::sleep_for(milliseconds(5)).ignore("test");
        response.body() = request.path();
      },
      [](Server& server) {
        TestClient client(server);
        std::vector<std::unique_ptr<Exchange>> all;
        for (int i = 0; i < 100; ++i) {
          all.push_back(std::make_unique<Exchange>());
          client.start(*all.back(), "GET", "/" + std::to_string(i));
        }
        for (int i = 0; i < 100; ++i) {
          client.wait(*all[static_cast<size_t>(i)]);
          EXPECT_EQ(all[static_cast<size_t>(i)]->body, "/" + std::to_string(i));
        }
      });
}

TEST(ServerHttp2, RefusesBadRequestsByStream) {
  ServerOptions options;
  options.limits.body_bytes_max = 10;
  options.limits.header_count_max = 4;
  options.limits.request_line_bytes_max = 100;
  with_server(
      echo,
      [](Server& server) {
        TestClient client(server);
        EXPECT_EQ(client.send("GET", "/throw").head[":status"], "500");
        EXPECT_EQ(client.send("POST", "/a", "0123456789x").head[":status"], "413");
        EXPECT_EQ(client.send("POST", "/a", "0123456789").head[":status"], "200");
        EXPECT_EQ(client.send("GET", "/" + std::string(99, 'a')).head[":status"], "200");
        EXPECT_EQ(client.send("GET", "/" + std::string(100, 'a')).head[":status"], "414");
        EXPECT_EQ(client.send("GET", "no-path").head[":status"], "400");
        EXPECT_EQ(client.send("GET", "/a#b").head[":status"], "400");
        EXPECT_EQ(client.send("GET", "*").head[":status"], "400");
        EXPECT_EQ(client.send("OPTIONS", "*").head[":status"], "200");
        EXPECT_EQ(client.send("CONNECT", "/").head[":status"], "501");
        EXPECT_EQ(client.send("GET /x", "/").head[":status"], "400");
        EXPECT_EQ(client.send("GET", "/", {}, {{"host", "b"}}).head[":status"], "400");
        EXPECT_EQ(client.send("GET", "/", {}, {{"host", "a"}, {"host", "b"}}).head[":status"],
                  "400");
        EXPECT_EQ(client.send("GET", "/", {}, {{"host", "A"}}).head[":status"], "200");
        EXPECT_EQ(client.send("GET", "/", {}, {{"a", "1"}, {"b", "2"}, {"c", "3"}}).head[":status"],
                  "200");
        EXPECT_EQ(client.send("GET", "/", {}, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}})
                      .head[":status"],
                  "431");
        EXPECT_FALSE(client.ended());
      },
      options);
}

TEST(ServerHttp2, ALengthIsDigitsAlone) {
  with_server(echo, [](Server& server) {
    TestClient client(server);
    EXPECT_EQ(client.send("GET", "/", {}, {{"content-length", "0"}}).head[":status"], "200");
    for (const char* length : {"-0", "+0", "", " 0", "0x0", "0000000000000000000"}) {
      const Exchange refused = client.send("GET", "/", {}, {{"content-length", length}});
      EXPECT_EQ(refused.error, Http2Error::kProtocolError) << length;
    }
    EXPECT_FALSE(client.ended());
  });
}

TEST(ServerHttp2, SaysContinueOnlyWhenTheBodyIsWanted) {
  with_server(echo, [](Server& server) {
    TestClient client(server);
    Exchange waits;
    client.start_slowly(waits, "/a", {{"expect", "100-continue"}});
    while (waits.head[":status"].empty() && client.changed().wait(Deadline::after(seconds(3)))) {
    }
    EXPECT_EQ(waits.head[":status"], "100");
    client.send_more(waits, "body");
    client.end_body(waits);
    client.wait(waits);
    EXPECT_EQ(waits.head[":status"], "200");
    EXPECT_EQ(waits.body, "POST /a  a body");
    Exchange unread;
    client.start_slowly(unread, "/unread", {{"expect", "100-continue"}});
    client.wait(unread);
    EXPECT_EQ(unread.head[":status"], "200");
    // A short one is let come, as where nobody waits for 100: the stream need not be reset.
    Exchange brief;
    client.start_slowly(brief, "/unread", {{"expect", "100-continue"}, {"content-length", "4"}});
    while (brief.head[":status"].empty() && client.changed().wait(Deadline::after(seconds(3)))) {
    }
    EXPECT_EQ(brief.head[":status"], "100");
    client.send_more(brief, "body");
    client.end_body(brief);
    client.wait(brief);
    EXPECT_EQ(brief.head[":status"], "200");
  });
}

#ifndef __SANITIZE_ADDRESS__  // It keeps what is freed.
size_t resident_bytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<size_t>(::getpagesize());
}

TEST(ServerHttp2, KeepsNoBodiesOfRequestsThatWereAnswered) {
  with_server(echo, [](Server& server) {
    TestClient client(server);
    client.send("POST", "/a", "warm");
    const size_t before = resident_bytes();
    constexpr size_t kRequests = 40;
    const std::string body(1'000'000, 'b');
    {
      std::vector<std::unique_ptr<Exchange>> all;
      for (size_t i = 0; i < kRequests; ++i) {
        all.push_back(std::make_unique<Exchange>());
        client.start(*all.back(), "POST", "/a", body);
      }
      for (auto& each : all) client.wait(*each);
      for (auto& each : all) EXPECT_GT(each->body.size(), body.size());
    }
    EXPECT_LT(resident_bytes(), before + kRequests * body.size() / 4);
    EXPECT_FALSE(client.ended());
  });
}
#endif

TEST(ServerHttp2, AHandlerMayAskForALongerBodyThanTheRest) {
  ServerOptions options;
  options.limits.body_bytes_max = 10;
  options.limits.body_bytes_asked_max = 200'000;
  with_server(
      [](ServerRequest& request, ServerResponse& response) {
        fiber::sleep_for(milliseconds(2)).ignore("what comes meanwhile is kept");
        const bool large = request.path() != "/a";
        auto body = large ? request.body_up_to(100'000) : request.body();
        // What the limit has cut off is not had by asking again.
        if (!body.ok()) body = request.body_up_to(200'000);
        if (!body.ok()) return write_error(response, body.error());
        response.body() = std::to_string(body->size());
      },
      [](Server& server) {
        TestClient client(server);
        const auto post = [&](const char* path, size_t size) {
          Exchange got = client.send("POST", path, std::string(size, 'x'));
          return got.head[":status"] == "200" ? got.body : got.head[":status"];
        };
        EXPECT_EQ(post("/a", 10), "10");
        EXPECT_EQ(post("/a", 11), "413");
        EXPECT_EQ(post("/large", 100'000), "100000");
        EXPECT_EQ(post("/large", 100'001), "413");
        EXPECT_FALSE(client.ended());
      },
      options);
}

TEST(ServerHttp2, ABodyMayBeSilentAsLongAsAConnection) {
  ServerOptions options;
  options.idle_timeout = milliseconds(80);
  with_server(
      echo,
      [](Server& server) {
        TestClient client(server);
        Exchange silent, slow;
        const TimePoint start = now();
        client.start_slowly(silent, "/silent");
        client.start_slowly(slow, "/slow");
        for (int i = 0; i < 6; ++i) {
          fiber::sleep_for(milliseconds(30)).ignore("test");
          client.send_more(slow, "x");
        }
        client.end_body(slow);
        client.wait(slow);
        EXPECT_EQ(slow.head[":status"], "200") << "after " << (now() - start).count() << " ns";
        EXPECT_THAT(slow.body, testing::EndsWith(" xxxxxx"));
        client.wait(silent);
        EXPECT_EQ(silent.head[":status"], "408");
        EXPECT_THAT(silent.body, testing::HasSubstr("BODY_TIMEOUT"));
        const auto refused = server.counters().bad_requests_by_reason;
        EXPECT_THAT(refused, testing::Contains(testing::Pair("BODY_TIMEOUT", 1u)));
        EXPECT_FALSE(client.ended());
      },
      options);
}

TEST(ServerHttp2, CancelsAHandlerWhoseStreamWasReset) {
  bool cancelled = false;
  with_server(
      [&cancelled](ServerRequest&, ServerResponse&) {
        auto slept = fiber::sleep_for(seconds(5));
        cancelled = !slept && slept.error().code() == Code::kCancelled;
      },
      [&cancelled](Server& server) {
        TestClient client(server);
        Exchange exchange;
        client.start(exchange, "GET", "/");
        fiber::sleep_for(milliseconds(10)).ignore("test");
        client.cancel(exchange);
        for (int i = 0; i < 100 && !cancelled; ++i)
          fiber::sleep_for(milliseconds(2)).ignore("test");
        EXPECT_TRUE(cancelled);
      });
}

TEST(ServerHttp2, StopLetsStreamsEnd) {
  with_server(
      [](ServerRequest&, ServerResponse& response) {
        fiber::sleep_for(milliseconds(30)).ignore("test");
        response.body() = "late";
      },
      [](Server& server) {
        TestClient client(server);
        TestClient idle(server);
        Exchange exchange;
        client.start(exchange, "GET", "/");
        fiber::sleep_for(milliseconds(10)).ignore("test");
        const TimePoint start = now();
        server.stop(Deadline::after(seconds(2)));
        EXPECT_LT(now() - start, seconds(1));
        client.wait(exchange);
        EXPECT_EQ(exchange.body, "late");
      });
}

TEST(ServerHttp2, ClosesIdleConnections) {
  ServerOptions options;
  options.idle_timeout = milliseconds(30);
  options.header_timeout = milliseconds(30);
  with_server(
      echo,
      [](Server& server) {
        TestClient client(server);
        EXPECT_EQ(client.send("GET", "/a").head[":status"], "200");
        const Deadline deadline = Deadline::after(seconds(2));
        while (!client.ended() && client.changed().wait(deadline)) {
        }
        fiber::yield();
        EXPECT_TRUE(client.ended());
      },
      options);
}

}  // namespace
}  // namespace bia::http
