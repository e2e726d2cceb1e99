#include "bia/http/client.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "bia/net/socket.h"
#include "http/client/client_connection.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void in_fiber(const std::function<void(fiber::ThreadGroup&)>& body) {
  auto group = fiber::ThreadGroup::create(1);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t) { body(**group); });
}

/// A server of one fiber that says what the test wrote, whatever it is asked.
class Script {
 public:
  /// `connections[i]` are the answers of the i-th connection; it is closed after the last of them,
  /// or held open where that is "hold".
  explicit Script(std::vector<std::vector<std::string>> connections) {
    auto bound = net::Listener::bind(*net::Endpoint::parse("127.0.0.1:0"), {});
    EXPECT_TRUE(bound.ok());
    listener_ = std::move(*bound);
    auto spawned = fiber::Scheduler::current().spawn([this, connections = std::move(connections)] {
      for (const auto& answers : connections) serve(answers);
    });
    EXPECT_TRUE(spawned.ok());
    fiber_ = std::move(*spawned);
  }
  ~Script() {
    fiber_.cancel();
    fiber_.join().ignore("test");
  }
  uint16_t port() const { return listener_.local().port(); }
  const std::string& received() const { return received_; }
  int accepted() const { return accepted_; }

 private:
  void serve(const std::vector<std::string>& answers) {
    auto fd = listener_.accept(Deadline::after(seconds(5)));
    if (!fd) return;
    ++accepted_;
    auto socket = net::Socket::adopt(*fd);
    for (const std::string& answer : answers) {
      if (answer == "hold") {
        fiber::sleep_for(seconds(5)).ignore("test");
        return;
      }
      char bytes[4096];
      auto count = socket->read_some(bytes, Deadline::after(seconds(5)));
      if (!count || *count == 0) return;
      received_.append(bytes, *count);
      for (size_t at = 0; at < answer.size(); at += step) {
        if (!socket->write_all(std::string_view(answer).substr(at, step),
                               Deadline::after(seconds(5))))
          return;
        if (step < answer.size()) fiber::yield();
      }
    }
  }

 public:
  size_t step = SIZE_MAX;

 private:
  net::Listener listener_;
  fiber::Fiber fiber_;
  std::string received_;
  int accepted_ = 0;
};

struct Reply {
  Result<void> result;
  ClientResponse response;
  Timings timings;
};

Reply get(Client& client, uint16_t port, std::string_view method = "GET",
          std::string_view body = {}, Deadline deadline = Deadline::after(seconds(5))) {
  ClientRequest request;
  request.method = method;
  request.host = "127.0.0.1";
  request.port = port;
  request.target = "/a?b";
  request.body = body;
  Reply reply;
  reply.result = client.send(request, reply.response, reply.timings, deadline);
  return reply;
}

uint16_t port_of(const Server& server) { return net::Endpoint::parse(server.address())->port(); }

TEST(Client, TalksToOurServer) {
  in_fiber([](fiber::ThreadGroup& group) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server =
        Server::create(group, options, [](ServerRequest& request, ServerResponse& response) {
          auto body = request.body();
          if (request.header("x-chunks") == "yes") {
            for (int i = 0; i < 3; ++i)
              EXPECT_TRUE(response.write(std::string(50'000, static_cast<char>('a' + i))).ok());
            return;
          }
          response.add_header("X-Answer", "42");
          response.body()
              .append(request.method_text())
              .append(" ")
              .append(request.target())
              .append(" ")
              .append(request.header("host"))
              .append(" ")
              .append(*body);
        });
    ASSERT_TRUE((*server)->start().ok());
    const uint16_t port = port_of(**server);
    const std::string host = "127.0.0.1:" + std::to_string(port);
    Client client({});
    Reply reply = get(client, port);
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(reply.response.status, 200);
    EXPECT_EQ(reply.response.reason, "OK");
    EXPECT_EQ(reply.response.body, "GET /a?b " + host + " ");
    EXPECT_EQ(reply.response.headers.get("x-answer"), "42");
    EXPECT_EQ(reply.response.remote.text(), host);
    EXPECT_FALSE(reply.timings.reused);
    EXPECT_GT(reply.timings.connecting.count(), 0);
    EXPECT_GE(reply.timings.blocked, reply.timings.connecting);
    EXPECT_GT(reply.timings.waiting.count(), 0);
    EXPECT_EQ(reply.timings.start + reply.timings.blocked + reply.timings.sending +
                  reply.timings.waiting + reply.timings.receiving,
              reply.timings.end);

    reply = get(client, port, "POST", "hello");
    ASSERT_TRUE(reply.result.ok());
    EXPECT_EQ(reply.response.body, "POST /a?b " + host + " hello");
    EXPECT_TRUE(reply.timings.reused);
    EXPECT_EQ(reply.timings.connecting.count(), 0);

    reply = get(client, port, "HEAD");
    ASSERT_TRUE(reply.result.ok());
    EXPECT_EQ(reply.response.body, "");
    EXPECT_NE(reply.response.headers.get("content-length"), "0");

    const std::string big(3'000'000, 'x');
    reply = get(client, port, "PUT", big);
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(reply.response.body, "PUT /a?b " + host + " " + big);
    EXPECT_TRUE(reply.timings.reused);
    EXPECT_GT(reply.timings.bytes_sent, big.size());

    Headers headers;
    headers.add("X-Chunks", "yes");
    headers.add("Transfer-Encoding", "chunked");
    headers.add("Content-Length", "7");
    ClientRequest request;
    request.method = "POST";
    request.host = "127.0.0.1";
    request.port = port;
    request.target = "/";
    request.headers = &headers;
    request.body = "chunk";
    ASSERT_TRUE(client.send(request, reply.response, reply.timings, Deadline::never()).ok());
    EXPECT_EQ(reply.response.body.size(), 150'000u);
    EXPECT_EQ(reply.response.body[149'999], 'c');
    request.response_body = ClientRequest::Body::kDiscard;
    ASSERT_TRUE(client.send(request, reply.response, reply.timings, Deadline::never()).ok());
    EXPECT_EQ(reply.response.body, "");
    EXPECT_GT(reply.timings.bytes_received, 150'000u);
    EXPECT_EQ((*server)->counters().connections_accepted, 1u);

    ClientOptions never;
    never.reuse = ClientOptions::Reuse::kNever;
    Client fresh(never);
    EXPECT_TRUE(get(fresh, port).result.ok());
    EXPECT_TRUE(get(fresh, port).result.ok());
    EXPECT_EQ((*server)->counters().connections_accepted, 3u);
    (*server)->stop(Deadline::after(seconds(1)));
  });
}

TEST(Client, WaitsForAConnectionOfItsHost) {
  in_fiber([](fiber::ThreadGroup& group) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = Server::create(group, options, [](ServerRequest&, ServerResponse& response) {
      fiber::sleep_for(milliseconds(5)).ignore("test");
      response.body() = "x";
    });
    ASSERT_TRUE((*server)->start().ok());
    ClientOptions two;
    two.connections_per_host_max = 2;
    Client client(two);
    std::vector<fiber::Fiber> fibers;
    int answered = 0;
    for (int i = 0; i < 8; ++i) {
      fibers.push_back(std::move(*fiber::Scheduler::current().spawn([&] {
        if (get(client, port_of(**server)).result.ok()) ++answered;
      })));
    }
    for (auto& each : fibers) ASSERT_TRUE(each.join().ok());
    EXPECT_EQ(answered, 8);
    EXPECT_EQ((*server)->counters().connections_accepted, 2u);
    client.close_idle();
    (*server)->stop(Deadline::after(seconds(1)));
  });
}

TEST(Client, ReadsEveryKindOfBody) {
  struct Case {
    std::string answer;
    std::string body;
    int connections;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 1},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 "
       "OK\r\nContent-Length: 5\r\n\r\nhello",
       "hello", 1},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n",
       "hello", 1},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", 1},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", "", 1},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 1},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "hi", 2},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", 2},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", "hi", 1},
      // What follows the answer is none: the connection is not used again.
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n", "hi", 2},
  };
  in_fiber([&](fiber::ThreadGroup&) {
    for (const Case& c : cases) {
      for (size_t step : {SIZE_MAX, size_t{1}}) {
        if (step == 1 && c.answer.ends_with("OK\r\n\r\n")) continue;
        Script script({{c.answer, c.answer, "hold"}, {c.answer, "hold"}});
        script.step = step;
        Client client({});
        for (int i = 0; i < 2; ++i) {
          Reply reply = get(client, script.port());
          ASSERT_TRUE(reply.result.ok()) << c.answer << reply.result.error().text();
          EXPECT_EQ(reply.response.body, c.body) << c.answer;
        }
        EXPECT_EQ(script.accepted(), c.connections) << c.answer;
      }
    }
    Script until_close({{"HTTP/1.1 200 OK\r\n\r\nall of it"}});
    Client client({});
    Reply reply = get(client, until_close.port());
    ASSERT_TRUE(reply.result.ok());
    EXPECT_EQ(reply.response.body, "all of it");
  });
}

TEST(Client, SendsAgainWhenAKeptConnectionIsStale) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  in_fiber([&](fiber::ThreadGroup&) {
    // Closed while idle: seen before the request is sent.
    Script closed({{ok}, {ok, "hold"}});
    Client client({});
    ASSERT_TRUE(get(client, closed.port()).result.ok());
    fiber::sleep_for(milliseconds(5)).ignore("test");
    Reply reply = get(client, closed.port(), "POST", "x");
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_FALSE(reply.timings.reused);
    EXPECT_EQ(closed.accepted(), 2);
    // Closed on receipt of the request.
    Script late({{ok, ""}, {ok, "hold"}});
    ASSERT_TRUE(get(client, late.port()).result.ok());
    reply = get(client, late.port());
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(late.accepted(), 2);
    // A fresh connection that is closed is an error, not a reason to try for ever.
    Script never({{""}, {""}});
    reply = get(client, never.port());
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "UNEXPECTED_EOF");
    EXPECT_EQ(reply.result.error().message(), "EOF");
    EXPECT_EQ(never.accepted(), 1);
  });
}

TEST(Client, ReportsWhatWentWrong) {
  struct Case {
    std::string answer;
    Code code;
    std::string reason;
    std::string text;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", Code::kUnavailable, "UNEXPECTED_EOF",
       "unexpected EOF"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Code::kUnavailable,
       "UNEXPECTED_EOF", "unexpected EOF"},
      {"HTTP/1.1 200", Code::kUnavailable, "UNEXPECTED_EOF", "unexpected EOF"},
      {"SSH-2.0-OpenSSH_9\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "malformed HTTP response \"SSH-2.0-OpenSSH_9\""},
      {"HTTP/1.1 abc OK\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "malformed HTTP status code \"abc\""},
      {"HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "malformed MIME header line: \"X: a\\x01\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", Code::kInvalidArgument, "BAD_RESPONSE",
       "bad Content-Length \"+2\""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "unsupported transfer encoding: \"gzip\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 3\r\n\r\nhi", Code::kInvalidArgument,
       "BAD_RESPONSE", "\" 3\""},
      {"HTTP/2 200 OK\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "malformed HTTP version \"HTTP/2\""},
      {"HTTP/1.1 200 OK\r\nbad line\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE",
       "malformed MIME header: missing colon: \"bad line\""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Code::kInvalidArgument,
       "BAD_RESPONSE", "hexadecimal"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       Code::kInvalidArgument, "BAD_RESPONSE", "both"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), Code::kOutOfRange,
       "BODY_TOO_LARGE", "100"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", Code::kInvalidArgument, "BAD_RESPONSE", "101"},
  };
  in_fiber([&](fiber::ThreadGroup&) {
    ClientOptions options;
    options.body_bytes_max = 100;
    Client client(options);
    for (const Case& c : cases) {
      Script script({{c.answer}});
      Reply reply = get(client, script.port());
      ASSERT_FALSE(reply.result.ok()) << c.answer;
      EXPECT_EQ(reply.result.error().code(), c.code) << c.answer << reply.result.error().text();
      EXPECT_EQ(reply.result.error().reason(), c.reason) << c.answer;
      EXPECT_NE(reply.result.error().message().find(c.text), std::string::npos)
          << reply.result.error().message();
    }
  });
}

TEST(Client, TakesFoldedLinesAsOne) {
  in_fiber([](fiber::ThreadGroup&) {
    for (const size_t step : {SIZE_MAX, size_t{1}}) {
      Script script(
          {{"HTTP/1.9 200 OK\r\nX-A: b \r\n  c\r\n\td \r\nX-B:\r\n  e\r\nX-C: f\r\n  \r\n"
            "Content-Length: 2\r\n\r\nhi"}});
      script.step = step;
      Client client({});
      const Reply reply = get(client, script.port());
      ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
      EXPECT_EQ(reply.response.headers.get("x-a"), "b c d");
      EXPECT_EQ(reply.response.headers.get("x-b"), "e");
      EXPECT_EQ(reply.response.headers.get("x-c"), "f");
      EXPECT_EQ(reply.response.body, "hi");
    }
  });
}

TEST(Client, KeepsTrailersThatMayTrail) {
  in_fiber([](fiber::ThreadGroup&) {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum:  42 "
        "\r\nContent-Length: 9\r\nX-Empty:\r\n\r\n";
    Script script({{answer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
    Client client({});
    ClientResponse response;
    Timings timings;
    ClientRequest request;
    request.host = "127.0.0.1";
    request.port = script.port();
    request.target = "/";
    ASSERT_TRUE(client.send(request, response, timings, Deadline::after(seconds(5))).ok());
    EXPECT_EQ(response.body, "hi");
    ASSERT_EQ(response.trailers.size(), 2u);
    EXPECT_EQ(response.trailers.get("x-sum"), "42");
    EXPECT_TRUE(response.trailers.has("x-empty"));
    ASSERT_TRUE(client.send(request, response, timings, Deadline::after(seconds(5))).ok());
    EXPECT_EQ(response.trailers.size(), 0u) << "of the answer before";
  });
}

TEST(Client, LimitsInterimAnswers) {
  const std::string interim = "HTTP/1.1 102 Processing\r\n\r\n";  // 27 bytes
  for (const size_t count : {100, 101}) {
    in_fiber([&](fiber::ThreadGroup&) {
      std::string answer;
      for (size_t i = 0; i < count; ++i) answer += interim;
      Script script({{answer + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
      ClientOptions options;
      options.header_bytes_max = 100 * interim.size();
      Client client(options);
      const Reply reply = get(client, script.port());
      EXPECT_EQ(reply.result.ok(), count == 100);
      if (count > 100) {
        EXPECT_EQ(reply.result.error().reason(), "BAD_RESPONSE");
      }
    });
  }
}

TEST(Client, LimitsTrailersOfOneLetter) {
  in_fiber([](fiber::ThreadGroup&) {
    std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    for (int i = 0; i < 40'000; ++i) answer += "a\r\n";
    Script script({{answer + "\r\n"}});
    Client client({});
    const Reply reply = get(client, script.port());
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "BAD_RESPONSE") << reply.result.error().text();
  });
}

TEST(Client, ReportsRefusedConnectionsAndTimeouts) {
  in_fiber([&](fiber::ThreadGroup&) {
    Client client({});
    uint16_t closed_port = 0;
    {
      auto listener = net::Listener::bind(*net::Endpoint::parse("127.0.0.1:0"), {});
      closed_port = listener->local().port();
    }
    Reply reply = get(client, closed_port);
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "CONNECTION_REFUSED");
    Script silent({{"hold"}, {"hold"}});
    const TimePoint start = now();
    reply = get(client, silent.port(), "GET", {}, Deadline::after(milliseconds(30)));
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(reply.result.error().reason(), "REQUEST_TIMEOUT");
    EXPECT_LT(now() - start, milliseconds(500));
    EXPECT_GT(reply.timings.sending.count(), 0);
    ClientRequest request;
    request.host = "no-such-host.invalid";
    request.target = "/";
    auto looked_up =
        client.send(request, reply.response, reply.timings, Deadline::after(seconds(5)));
    ASSERT_FALSE(looked_up.ok());
    EXPECT_TRUE(looked_up.error().code() == Code::kUnavailable ||
                looked_up.error().code() == Code::kDeadlineExceeded);
  });
}

TEST(Client, RefusesRequestsThatWouldBreakTheWire) {
  in_fiber([&](fiber::ThreadGroup&) {
    Client client({});
    Script script({{"hold"}, {"hold"}, {"hold"}, {"hold"}, {"hold"}});
    auto refused = [&](const std::function<void(ClientRequest&, Headers&)>& change) {
      ClientRequest request;
      Headers headers;
      request.host = "127.0.0.1";
      request.port = script.port();
      request.target = "/";
      request.headers = &headers;
      change(request, headers);
      ClientResponse response;
      Timings timings;
      auto sent = client.send(request, response, timings, Deadline::after(seconds(1)));
      return !sent.ok() && sent.error().reason() == "BAD_REQUEST";
    };
    EXPECT_TRUE(refused([](ClientRequest& request, Headers&) { request.target = "/a b"; }));
    EXPECT_TRUE(refused([](ClientRequest& request, Headers&) { request.target = ""; }));
    EXPECT_TRUE(refused([](ClientRequest& request, Headers&) { request.method = "GE T"; }));
    EXPECT_TRUE(refused([](ClientRequest&, Headers& headers) { headers.add("X", "a\r\nY: b"); }));
    EXPECT_TRUE(refused([](ClientRequest&, Headers& headers) { headers.add("X Y", "a"); }));
    EXPECT_EQ(script.received(), "");
  });
}

TEST(Client, AKeptConnectionWritesAtTheEndOfTheTurn) {
  in_fiber([](fiber::ThreadGroup&) {
    auto listener = net::Listener::bind(*net::Endpoint::parse("127.0.0.1:0"), {});
    ASSERT_TRUE(listener.ok());
    int server = -1;
    auto peek = [&server] {
      char bytes[256];
      const ssize_t count = ::recv(server, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
      return count > 0 ? std::string(bytes, static_cast<size_t>(count)) : std::string();
    };
    auto answer = [&] {
      char bytes[256];
      while (::recv(server, bytes, sizeof bytes, MSG_DONTWAIT) < 0) fiber::yield();
      constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      EXPECT_EQ(::send(server, kAnswer.data(), kAnswer.size(), 0), ssize_t{kAnswer.size()});
    };
    Client client({});
    auto asks = fiber::Scheduler::current().spawn([&] {
      for (int i = 0; i < 2; ++i) {
        Reply reply = get(client, listener->local().port());
        ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
        EXPECT_EQ(reply.response.body, "ok");
        EXPECT_EQ(reply.timings.reused, i == 1);
        EXPECT_GT(reply.timings.sending.count(), 0);
        EXPECT_EQ(reply.timings.start + reply.timings.blocked + reply.timings.sending +
                      reply.timings.waiting + reply.timings.receiving,
                  reply.timings.end);
        // What sees the second request queued runs in the same turn, after this fiber waits.
        if (i == 0) fiber::Scheduler::current().spawn([&] { EXPECT_EQ(peek(), ""); })->valid();
      }
    });
    server = *listener->accept(Deadline::after(seconds(5)));
    answer();
    answer();
    asks->join().ignore("test");
    ::close(server);
  });
}

TEST(Client, WritesTheRestOfARequestThatTheKernelCut) {
  in_fiber([](fiber::ThreadGroup&) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    int small = 1;  // The kernel makes its minimum of it, less than the request below.
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    ClientConnection connection(*net::Socket::adopt(ends[0]), {}, {}, 80);
    const std::string body(8000, 'b');
    std::string received;
    int taken_at_once = 0;
    auto serves = fiber::Scheduler::current().spawn([&, server = ends[1]] {
      for (size_t wanted : {size_t{0}, body.size(), body.size()}) {
        received.clear();
        while (ioctl(server, FIONREAD, &taken_at_once) == 0 && taken_at_once == 0) fiber::yield();
        while (received.size() < wanted || received.find("\r\n\r\n") == std::string::npos) {
          char bytes[16 * 1024];
          const ssize_t count = ::recv(server, bytes, sizeof bytes, MSG_DONTWAIT);
          if (count > 0) received.append(bytes, static_cast<size_t>(count));
          fiber::yield();
        }
        constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";
        EXPECT_EQ(::send(server, kAnswer.data(), kAnswer.size(), 0), ssize_t{kAnswer.size()});
      }
      ::close(server);
    });
    ClientRequest request;
    request.host = "h";
    request.target = "/";
    ClientResponse response;
    struct Round {
      std::string_view body;
      int calls;
    };
    // The last is sent by a fiber whose next call lets the others run first.
    for (const Round& each : {Round{"", 0}, Round{body, 0}, Round{body, 63}}) {
      request.body = each.body;
      fiber::yield();
      for (int i = 0; i < each.calls; ++i) fiber::take_turn().value();
      Timings timings;
      timings.end = now();
      auto done = connection.exchange(request, response, timings, Deadline::after(seconds(5)));
      ASSERT_TRUE(done.ok()) << done.error().text();
      EXPECT_EQ(response.status, 204);
      EXPECT_TRUE(connection.reusable());
    }
    serves->join().ignore("test");
    EXPECT_LT(static_cast<size_t>(taken_at_once), body.size());
    EXPECT_TRUE(received.ends_with(body));
  });
}

TEST(Client, KeepsTheStorageOfResponses) {
  const std::string ok =
      "HTTP/1.1 200 OK\r\nX-Long-Header-Name-To-Be-Kept: a value that is longer than what fits "
      "inside\r\nContent-Length: 40\r\n\r\n" +
      std::string(40, 'b');
  in_fiber([&](fiber::ThreadGroup&) {
    Script script({{ok, ok, "hold"}});
    Client client({});
    ClientRequest request;
    request.host = "127.0.0.1";
    request.port = script.port();
    request.target = "/";
    ClientResponse response;
    Timings timings;
    ASSERT_TRUE(client.send(request, response, timings, Deadline::never()).ok());
    const char* value = response.headers.fields()[0].second.data();
    const char* body = response.body.data();
    ASSERT_TRUE(client.send(request, response, timings, Deadline::never()).ok());
    EXPECT_EQ(response.headers.fields()[0].second.data(), value);
    EXPECT_EQ(response.body.data(), body);
  });
}

}  // namespace
}  // namespace bia::http
