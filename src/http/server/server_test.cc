#include "bia/http/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bia/fiber/threads.h"
#include "bia/http/router.h"
#include "bia/net/socket.h"
#include "http/server/server_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Peer;
using test::with_server;

std::string without_date(std::string text) {
  for (size_t at = text.find("Date: "); at != std::string::npos; at = text.find("Date: ", at))
    text.erase(at, 37);
  return text;
}

void echo(ServerRequest& request, ServerResponse& response) {
  if (request.path() == "/throw") throw std::runtime_error("boom");
  if (request.path() == "/status") {
    response.set_status(204);
    return;
  }
  if (request.path() == "/unread") {
    response.body() = "unread";
    return;
  }
  if (request.path() == "/chunks") {
    EXPECT_TRUE(response.write("Hello ").ok());
    EXPECT_TRUE(response.write("world").ok());
    return;
  }
  if (request.path() == "/throw-late") {
    EXPECT_TRUE(response.write("Hello ").ok());
    throw 1;
  }
  auto body = request.body();
  if (!body) {
    write_error(response, body.error());
    return;
  }
  response.body()
      .append(request.method_text())
      .append(" ")
      .append(request.target())
      .append(" ")
      .append(*body);
}

const std::string kHost = "Host: a\r\n";

TEST(Server, AnswersWithLengthAndDate) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("GET /a?b HTTP/1.1\r\n" + kHost + "\r\n");
    std::string answer = peer.until("GET /a?b ");
    EXPECT_NE(answer.find(" GMT\r\n"), std::string::npos) << answer;
    EXPECT_EQ(without_date(answer), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nGET /a?b ");
    peer.send("HEAD /a?b HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(without_date(peer.until("\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    peer.send("GET /status HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(without_date(peer.until("\r\n\r\n")), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(server.counters().requests, 3u);
    EXPECT_EQ(server.counters().connections_open, 1u);
  });
}

TEST(Server, ThePrefaceOfHttp2IsTheFirstThingOnItsConnection) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("GET /a HTTP/1.1\r\n" + kHost + "\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const std::string all = peer.all();
    EXPECT_EQ(all.find("HTTP/1.1 200 OK\r\n"), 0u) << all;
    EXPECT_NE(all.find("HTTP/1.1 505 "), std::string::npos) << all;
  });
}

TEST(Server, AnswersAnErrorThatHttpHasNoStatusFor) {
  const auto odd = [](ServerRequest&, ServerResponse& response) {
    write_error(response, Error::from_http(10001, "ODD", "odd\n"));
  };
  with_server(odd, [](Server& server) {
    Peer peer(server.address());
    peer.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    const std::string answer = peer.until("}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with(
        R"({"code":500,"reason":"ODD","message":"odd\n","metadata":{"code":"10001"}})"))
        << answer;
  });
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    std::string requests;
    for (int i = 0; i < 100; ++i)
      requests +=
          "POST /" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\n\r\nxy";
    peer.send(requests);
    std::string answers = peer.until("xy", 100);
    size_t at = 0;
    for (int i = 0; i < 100; ++i) {
      at = answers.find("POST /" + std::to_string(i) + " xy", at);
      ASSERT_NE(at, std::string::npos) << i;
    }
  });
}

TEST(Server, ReadsBodiesThatComeInPieces) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    const std::string request = "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\nhello";
    const std::string chunked =
        "POST /b HTTP/1.1\r\n" + kHost +
        "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: z\r\n\r\n";
    for (char c : request + chunked) {
      peer.send({&c, 1});
      fiber::yield();
    }
    std::string answers = peer.until("POST /b hello");
    EXPECT_NE(answers.find("POST /a hello"), std::string::npos) << answers;
    // Whole, and pipelined behind each other.
    peer.send(chunked + chunked + request);
    answers = peer.until("POST /a hello");
    EXPECT_NE(answers.find("POST /b hello"), std::string::npos) << answers;
    // The chunked body's last piece brings the next request.
    peer.send(chunked.substr(0, chunked.size() - 20));
    fiber::yield();
    peer.send(chunked.substr(chunked.size() - 20) + request);
    answers = peer.until("POST /a hello");
    EXPECT_NE(answers.find("POST /b hello"), std::string::npos) << answers;
  });
}

TEST(Server, ReadsALargeBodyAndSendsALargeAnswer) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    const std::string body(1'000'000, 'z');
    peer.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 1000000\r\n\r\n");
    peer.send(body);
    std::string answer = peer.until(body);
    EXPECT_NE(answer.find("Content-Length: 1000007\r\n"), std::string::npos)
        << answer.substr(0, 200);
    EXPECT_EQ(answer.substr(answer.size() - 7), "zzzzzzz");
    peer.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_NE(peer.until("GET / ").find("200 OK"), std::string::npos);
  });
}

TEST(Server, SaysContinueOnlyWhenTheBodyIsWanted) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(peer.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("xy");
    EXPECT_NE(peer.until("POST / xy").find("200 OK"), std::string::npos);
    peer.send("POST /unread HTTP/1.1\r\n" + kHost +
              "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    std::string answer = peer.all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  });
}

TEST(Server, SkipsABodyThatTheHandlerLeft) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("POST /unread HTTP/1.1\r\n" + kHost + "Content-Length: 4\r\n\r\nGET ");
    EXPECT_NE(peer.until("unread").find("Content-Length: 6"), std::string::npos);
    peer.send("GET /x HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_NE(peer.until("GET /x").find("200 OK"), std::string::npos);
  });
}

TEST(Server, WritesChunks) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("GET /chunks HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(without_date(peer.until("0\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nHello "
              "\r\n5\r\nworld\r\n0\r\n\r\n");
    peer.send("HEAD /chunks HTTP/1.1\r\n" + kHost + "\r\nGET /x HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(without_date(peer.until("GET /x ")),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 "
              "OK\r\nContent-Length: 7\r\n\r\nGET /x ");
    peer.send("GET /chunks HTTP/1.0\r\n\r\n");
    EXPECT_EQ(without_date(peer.all()), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello world");
  });
}

TEST(Server, ClosesWhenAsked) {
  with_server(echo, [](Server& server) {
    for (const char* text :
         {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n"}) {
      Peer peer(server.address());
      peer.send(text);
      EXPECT_NE(peer.all().find("Connection: close\r\n"), std::string::npos);
    }
    Peer peer(server.address());
    peer.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(peer.until("GET /a ").find("Connection: keep-alive\r\n"), std::string::npos);
    peer.send("GET /b HTTP/1.0\r\n\r\n");
    EXPECT_NE(peer.all().find("GET /b "), std::string::npos);
  });
}

TEST(Server, AnswersAHandlerThatThrows) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send("GET /throw HTTP/1.1\r\n" + kHost + "\r\n");
    std::string answer = peer.until("}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << answer;
    EXPECT_NE(
        answer.find(
            R"({"code":500,"reason":"INTERNAL","message":"the handler failed","metadata":{}})"),
        std::string::npos);
    peer.send("GET /throw-late HTTP/1.1\r\n" + kHost + "\r\n");
    answer = peer.all();
    EXPECT_EQ(answer.find("0\r\n\r\n"), std::string::npos) << answer;
  });
}

TEST(Server, RefusesBadRequestsAndCloses) {
  ServerOptions options;
  options.limits.body_bytes_max = 10;
  with_server(
      echo,
      [](Server& server) {
        struct {
          std::string text;
          std::string status;
          std::string reason;
        } cases[] = {
            {"GET / HTTP/1.1\r\n\r\n", "400", "BAD_HOST"},
            {"GET / HTTP/2.0\r\n\r\n", "505", "BAD_VERSION"},
            {"GET /" + std::string(9000, 'a'), "414", "REQUEST_LINE_TOO_LONG"},
            {"GET / HTTP/1.1\r\nX: " + std::string(66000, 'a'), "431", "HEADERS_TOO_LARGE"},
            {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", "413", "BODY_TOO_LARGE"},
            {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", "413",
             "BODY_TOO_LARGE"},
            {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
             "chunked\r\n\r\nffffffffffffffff1\r\n",
             "413", "BODY_TOO_LARGE"},
            {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400",
             "BAD_CHUNK"},
            {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", "400",
             "BAD_CHUNK"},
        };
        for (const auto& c : cases) {
          Peer peer(server.address());
          peer.send(c.text);
          std::string answer = peer.all();
          EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + c.status + " "))
              << c.text.substr(0, 80) << "\n"
              << answer;
          EXPECT_NE(answer.find("\"reason\":\"" + c.reason + "\""), std::string::npos) << answer;
          EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
        }
        Peer peer(server.address());
        peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
        EXPECT_NE(peer.until("POST / 0123456789").find("200 OK"), std::string::npos);
      },
      options);
}

/// "/large" takes more than the rest.
void limited(ServerRequest& request, ServerResponse& response) {
  const auto body = request.path() == "/large" ? request.body_up_to(20)
                    : request.path() == "/any" ? request.body_up_to(SIZE_MAX)
                                               : request.body();
  if (!body.ok()) return write_error(response, body.error());
  response.body() = "took " + std::to_string(body->size());
}

ServerOptions limits_of(size_t body_bytes_max, size_t body_bytes_asked_max) {
  ServerOptions options;
  options.limits.body_bytes_max = body_bytes_max;
  options.limits.body_bytes_asked_max = body_bytes_asked_max;
  return options;
}

std::string posted(std::string_view path, size_t size) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", path, size,
                     std::string(size, 'x'));
}

TEST(Server, AHandlerMayAskForALongerBodyThanTheRest) {
  with_server(
      limited,
      [](Server& server) {
        const auto post = [&](std::string_view path, size_t size) {
          Peer peer(server.address());
          peer.send(posted(path, size));
          const std::string answer = peer.until(size > 10 ? "}}" : "took");
          return answer.substr(9, 3);
        };
        Peer peer(server.address());
        peer.send(posted("/a", 10) + posted("/large", 20) + posted("/any", 30));
        EXPECT_NE(peer.until("took 30").find("took 20"), std::string::npos);
        const std::pair<const char*, size_t> above[] = {{"/a", 11}, {"/large", 21}, {"/any", 31}};
        for (const auto& [path, size] : above) {
          EXPECT_EQ(post(path, size), "413") << path;
          Peer chunked(server.address());
          chunked.send(fmt::format(
              "POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", path,
              size));
          EXPECT_NE(chunked.all().find("BODY_TOO_LARGE"), std::string::npos) << path;
        }
        // Nothing of it is asked for.
        Peer waiting(server.address());
        waiting.send(
            "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
        EXPECT_TRUE(waiting.all().starts_with("HTTP/1.1 413 "));
      },
      limits_of(10, 30));
  // A smaller one asked for is the limit; without body_bytes_asked_max more is not to be had.
  with_server(
      limited,
      [](Server& server) {
        for (std::string_view path : {"/a", "/any"}) {
          Peer peer(server.address());
          peer.send(posted(path, 31));
          EXPECT_NE(peer.all().find("BODY_TOO_LARGE"), std::string::npos) << path;
        }
        Peer peer(server.address());
        peer.send(posted("/a", 30) + posted("/large", 21));
        const std::string answers = peer.all();
        EXPECT_NE(answers.find("took 30"), std::string::npos);
        EXPECT_NE(answers.find("BODY_TOO_LARGE"), std::string::npos);
      },
      limits_of(30, 0));
}

TEST(Server, ClosesSlowAndIdleConnections) {
  ServerOptions options;
  options.header_timeout = milliseconds(40);
  options.idle_timeout = milliseconds(80);
  with_server(
      echo,
      [](Server& server) {
        Peer slow(server.address());
        Peer idle(server.address());
        slow.send("GET / HT");
        std::string answer = slow.all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
        EXPECT_EQ(idle.all(), "");
        Peer body(server.address());
        body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01");
        answer = body.all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
      },
      options);
}

TEST(Server, NoTimeoutIsForEver) {
  ServerOptions options;
  options.header_timeout = options.idle_timeout = Duration::zero();
  with_server(
      echo,
      [](Server& server) {
        Peer slow(server.address());
        slow.send("GET /x HTTP/1.1\r\nHos");
        fiber::sleep_for(milliseconds(100)).value();
        slow.send("t: a\r\nConnection: close\r\n\r\n");
        const std::string answer = slow.all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
      },
      options);
}

TEST(Server, ClosesAllSlowConnectionsOfMany) {
  ServerOptions options;
  options.header_timeout = milliseconds(100);
  with_server(
      echo,
      [](Server& server) {
        // More than are swept at once; some end by themselves meanwhile.
        constexpr size_t kPeers = 400;
        std::vector<Peer> peers;
        for (size_t i = 0; i < kPeers; ++i) {
          peers.emplace_back(server.address()).send("GET / HT");
          if (i % 3 == 2) peers.pop_back();
        }
        for (Peer& peer : peers) EXPECT_TRUE(peer.all().starts_with("HTTP/1.1 408 "));
        EXPECT_EQ(server.counters().bad_requests, peers.size());
      },
      options);
}

TEST(Server, AHandlersDeadlineEndsItsReadOfTheBody) {
  with_server(
      [](ServerRequest& request, ServerResponse& response) {
        fiber::ScopedDeadline scope(Deadline::after(milliseconds(20)));
        auto body = request.body();
        response.body() = body ? "read" : body.error().reason();
        response.set_status(body ? 200 : body.error().http_status());
      },
      [](Server& server) {
        Peer peer(server.address());
        peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01");
        EXPECT_TRUE(peer.all().starts_with("HTTP/1.1 504 "));
      });
}

TEST(Server, SendsGatheredAnswersBeforeAHandlerThatWaits) {
  with_server(
      [](ServerRequest& request, ServerResponse& response) {
        if (request.path() == "/slow") fiber::sleep_for(milliseconds(300)).ignore("test");
        response.body() = request.path();
      },
      [](Server& server) {
        Peer peer(server.address());
        const TimePoint start = now();
        peer.send("GET /fast HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_NE(peer.until("/fast").find("200 OK"), std::string::npos);
        EXPECT_LT(now() - start, milliseconds(200));
        EXPECT_NE(peer.until("/slow").find("200 OK"), std::string::npos);
      });
}

TEST(Server, StopLetsRequestsInFlightEnd) {
  bool ended = false;
  with_server(
      [&ended](ServerRequest&, ServerResponse& response) {
        fiber::sleep_for(milliseconds(50)).ignore("test");
        ended = true;
        response.body() = "late";
      },
      [&ended](Server& server) {
        Peer busy(server.address());
        Peer idle(server.address());
        busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        fiber::sleep_for(milliseconds(10)).ignore("test");
        const TimePoint start = now();
        server.stop(Deadline::after(seconds(2)));
        EXPECT_TRUE(ended);
        EXPECT_LT(now() - start, seconds(1));
        std::string answer = busy.all();
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
        EXPECT_NE(answer.find("late"), std::string::npos);
        EXPECT_EQ(idle.all(), "");
        EXPECT_EQ(server.counters().connections_open, 0u);
        auto endpoint = net::Endpoint::parse(server.address());
        EXPECT_FALSE(net::Socket::connect(*endpoint, Deadline::after(seconds(1))).ok());
      });
}

TEST(Server, StopGivesUpAtItsDeadline) {
  with_server([](ServerRequest&, ServerResponse&) { fiber::sleep_for(seconds(1)).ignore("test"); },
              [](Server& server) {
                Peer busy(server.address());
                busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                fiber::sleep_for(milliseconds(10)).ignore("test");
                const TimePoint start = now();
                server.stop(Deadline::after(milliseconds(50)));
                EXPECT_LT(now() - start, milliseconds(500));
                EXPECT_EQ(busy.all(), "");
              });
}

TEST(Server, ReportsAPortInUse) {
  with_server(echo, [](Server& server) {
    auto group = fiber::ThreadGroup::create(2);
    ServerOptions options;
    options.address = server.address();
    auto second = Server::create(**group, options, echo);
    ASSERT_TRUE(second.ok());
    auto started = (*second)->start();
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code(), Code::kAlreadyExists);
    options.address = "8080";
    EXPECT_FALSE(Server::create(**group, options, echo).ok());
  });
}

TEST(Server, StopCancelsHandlersPastItsDeadline) {
  bool began = false;
  std::string ended;
  with_server(
      [&](ServerRequest&, ServerResponse&) {
        began = true;
        auto slept = fiber::sleep_for(seconds(30));
        ended = slept ? "slept" : std::string(code_name(slept.error().code()));
      },
      [&](Server& server) {
        Peer peer(server.address());
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        while (!began) fiber::yield();
        server.stop(Deadline::after(milliseconds(20)));
        EXPECT_EQ(ended, "CANCELLED") << "stop returns after the handlers have";
        EXPECT_EQ(server.counters().connections_open, 0u);
      });
}

TEST(Server, DoesNotReadALongChunkedBodyThatNobodyWants) {
  with_server(echo, [](Server& server) {
    Peer peer(server.address());
    peer.send(
        "POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n");
    const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    for (int i = 0; i < 5; ++i) peer.send(chunk);
    // No end comes: without a limit the server would wait for it.
    const std::string answer = peer.all();
    EXPECT_NE(answer.find("unread"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  });
}

TEST(Server, TurnsAwayConnectionsAboveTheLimit) {
  ServerOptions options;
  options.connections_max = 2;
  with_server(
      echo,
      [](Server& server) {
        auto one = std::make_unique<Peer>(server.address());
        Peer two(server.address());
        one->send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        two.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_NE(one->until("GET /1 ").find("200 OK"), std::string::npos);
        EXPECT_NE(two.until("GET /2 ").find("200 OK"), std::string::npos);
        Peer three(server.address());
        EXPECT_TRUE(three.all().starts_with("HTTP/1.1 503 "));
        EXPECT_EQ(server.counters().connections_refused, 1u);
        one.reset();
        while (server.counters().connections_open == 2) fiber::yield();
        Peer four(server.address());
        four.send("GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_NE(four.until("GET /4 ").find("200 OK"), std::string::npos);
      },
      options);
}

TEST(Server, ServesAConnectionThatGoesAwayInMidBody) {
  std::string reason;
  with_server(
      [&reason](ServerRequest& request, ServerResponse&) {
        auto body = request.body();
        reason = body ? "read" : body.error().reason();
        // A second read says that there was a first.
        EXPECT_FALSE(request.body().ok());
      },
      [&reason](Server& server) {
        {
          Peer peer(server.address());
          peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01");
        }
        for (int i = 0; i < 200 && reason.empty(); ++i)
          fiber::sleep_for(milliseconds(2)).ignore("test");
        EXPECT_EQ(reason, "UNEXPECTED_EOF");
      });
}

TEST(Server, ServesOnEveryThread) {
  with_server(
      echo,
      [](Server& server) {
        for (int i = 0; i < 6; ++i) {
          Peer peer(server.address());
          peer.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
          EXPECT_NE(peer.until("GET /" + std::to_string(i) + " ").find("200 OK"),
                    std::string::npos);
        }
        EXPECT_EQ(server.counters().requests, 6u);
      },
      {}, 3);
}

}  // namespace
}  // namespace bia::http
