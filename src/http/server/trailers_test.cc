// Fields behind the body, in both directions and both versions.
#include <gtest/gtest.h>

#include <map>

#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "http/http2/http2_connection.h"

namespace bia::http {
namespace {

using std::chrono::seconds;

void with_server(const Handler& handler, const std::function<void(const net::Endpoint&)>& body,
                 size_t header_bytes_max = Limits().header_bytes_max) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.limits.header_bytes_max = header_bytes_max;
    auto server = Server::create(*threads, options, handler).value();
    server->start().value();
    body(net::Endpoint::parse(server->address()).value());
    server->stop(Deadline::after(seconds(2)));
  });
}

void echo_trailer(ServerRequest& request, ServerResponse& response) {
  const auto body = request.body();
  response.body() = body ? std::string(*body) : body.error().reason();
  if (request.path() == "/streamed") response.write("streamed ").value();
  response.add_trailer("X-Sum", std::string(request.trailer("x-sum")) + "!");
  response.add_trailer("Content-Length", "5");  // Would frame the message: dropped.
}

std::string round_trip(const net::Endpoint& server, std::string_view bytes) {
  auto socket = net::Socket::connect(server, Deadline::after(seconds(5))).value();
  socket.write_all(bytes, Deadline::after(seconds(5))).value();
  std::string all;
  char buffer[4096];
  for (;;) {
    auto count = socket.read_some(buffer, Deadline::after(seconds(5)));
    if (!count || *count == 0) return all;
    all.append(buffer, *count);
  }
}

TEST(Trailers, OfHttp1) {
  with_server(echo_trailer, [](const net::Endpoint& server) {
    const std::string head =
        " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunks = "3\r\nabc\r\n0\r\nX-Other: 1\r\nX-Sum:  42 \r\n\r\n";
    const std::string whole = round_trip(server, "POST /" + head + chunks);
    EXPECT_NE(whole.find("\r\nTrailer: X-Sum\r\n"), std::string::npos) << whole;
    EXPECT_NE(whole.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << whole;
    EXPECT_TRUE(whole.ends_with("\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42!\r\n\r\n")) << whole;
    const std::string streamed = round_trip(server, "POST /streamed" + head + chunks);
    EXPECT_TRUE(streamed.ends_with("0\r\nX-Sum: 42!\r\n\r\n")) << streamed;
    // HTTP/1.0 has no place for them.
    const std::string old = round_trip(server, "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_TRUE(old.ends_with("\r\n\r\nabc")) << old;
    const std::string none = round_trip(server, "POST /" + head + "3\r\nabc\r\n0\r\n\r\n");
    EXPECT_TRUE(none.ends_with("0\r\nX-Sum: !\r\n\r\n")) << none;
  });
}

TEST(Trailers, OfOneLetterAreLimitedToo) {
  with_server(echo_trailer, [](const net::Endpoint& server) {
    std::string request =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n";
    for (int i = 0; i < 40'000; ++i) request += "a:\r\n";
    const std::string whole = round_trip(server, request + "\r\n");
    EXPECT_NE(whole.find("TRAILERS_TOO_LARGE"), std::string::npos) << whole;
  });
}

TEST(Trailers, DoNotLeakIntoTheNextRequest) {
  with_server(
      [](ServerRequest& request, ServerResponse& response) {
        request.body().value();
        response.body() = "[" + std::string(request.trailer("x-sum")) + "]";
      },
      [](const net::Endpoint& server) {
        const std::string all = round_trip(
            server,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: "
            "7\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_NE(all.find("\r\n\r\n[7]"), std::string::npos) << all;
        EXPECT_TRUE(all.ends_with("\r\n\r\n[]")) << all;
      });
}

struct Call final : Http2Stream {};

/// Sends one request with a body and trailers, and keeps what comes.
class TestClient final : public Http2Events {
 public:
  void send(const net::Endpoint& server, std::string_view path) {
    Http2Options options;
    options.role = Http2Options::Role::kClient;
    Http2Connection connection(net::Socket::connect(server, Deadline::after(seconds(5))).value(),
                               options, *this);
    connection_ = &connection;
    const Http2Field fields[] = {
        {":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}};
    connection.open(call_);
    connection.send_headers(call_, fields, EndStream::kNo);
    connection.start_body(call_);
    connection.run().ignore("the test looks at what came");
  }
  std::map<std::string, std::string> head, trailers;
  std::string body;
  size_t trailer_count = 1;

 private:
  void on_header(Http2Stream&, Block block, std::string_view name,
                 std::string_view value) noexcept override {
    (block == Block::kHead ? head : trailers)[std::string(name)] = value;
  }
  void on_headers_end(Http2Stream&, Block, EndStream) noexcept override {}
  void on_data(Http2Stream&, std::string_view bytes) noexcept override { body += bytes; }
  void on_end_stream(Http2Stream&) noexcept override {}
  void on_stream_closed(Http2Stream&, Http2Error) noexcept override { connection_->close(); }
  BodyPart read_body(Http2Stream&, std::span<char> into) noexcept override {
    return {std::string_view("abc").copy(into.data(), 3), Body::kTrailers};
  }
  void on_body_sent(Http2Stream& stream) noexcept override {
    const std::vector<Http2Field> fields(trailer_count, {"x-sum", "42"});
    connection_->send_headers(stream, fields, EndStream::kYes);
  }
  Call call_;
  Http2Connection* connection_ = nullptr;
};

TEST(Trailers, OfHttp2) {
  with_server(echo_trailer, [](const net::Endpoint& server) {
    for (const char* path : {"/", "/streamed"}) {
      TestClient client;
      client.send(server, path);
      EXPECT_EQ(client.head[":status"], "200");
      EXPECT_EQ(client.body, path == std::string("/") ? "abc" : "abcstreamed ");
      EXPECT_EQ(client.trailers["x-sum"], "42!");
      EXPECT_EQ(client.trailers.size(), 1u);
    }
  });
}

TEST(Trailers, OfHttp2AreRefusedAboveTheLimitAndNotCut) {
  with_server(echo_trailer, [](const net::Endpoint& server) {
    const size_t count_max = Limits().header_count_max;
    for (const size_t count : {count_max, count_max + 1}) {
      TestClient client;
      client.trailer_count = count;
      client.send(server, "/");
      EXPECT_EQ(client.body, count == count_max ? "abc" : "TRAILERS_TOO_LARGE");
    }
  });
  // By bytes, of which each has 32 besides its own: here 39.
  with_server(
      echo_trailer,
      [](const net::Endpoint& server) {
        for (const size_t count : {25, 26}) {
          TestClient client;
          client.trailer_count = count;
          client.send(server, "/");
          EXPECT_EQ(client.body, count == 25 ? "abc" : "TRAILERS_TOO_LARGE");
        }
      },
      1000);
}

}  // namespace
}  // namespace bia::http
