// What a server answers to requests that our own client would not send, through a bare HTTP/2
// connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "grpc/test_support.h"
#include "grpc/wire.h"
#include "http/http2/http2_connection.h"

namespace bia::grpc {
namespace {

using test::streaming;
using test::unary;
using test::with_server;
using testing::HasSubstr;

struct Exchange : http::Http2Stream {
  Exchange() = default;
  std::vector<std::pair<std::string, std::string>> request;
  std::string body;
  bool end = true;
  size_t sent = 0;
  size_t block_bytes_most = 0;
  std::map<std::string, std::string> headers;
  std::string data;
  bool closed = false;
  http::Http2Error error{};
};

class BareClient final : private http::Http2Events {
 public:
  explicit BareClient(const std::string& address, uint32_t header_bytes_max = 64 * 1024) {
    http::Http2Options options;
    options.role = http::Http2Options::Role::kClient;
    options.header_bytes_max = header_bytes_max;
    auto socket =
        net::Socket::connect(net::Endpoint::parse(address).value(), Deadline::never()).value();
    http2_ = std::make_unique<http::Http2Connection>(std::move(socket), options,
                                                     static_cast<http::Http2Events&>(*this));
    reader_ = fiber::Scheduler::current()
                  .spawn([this] { http2_->run().ignore("the test looks at the streams"); })
                  .value();
  }
  ~BareClient() {
    http2_->close();
    reader_.join().value();
  }
  void send(Exchange& exchange) {
    std::vector<http::Http2Field> fields;
    for (const auto& [name, value] : exchange.request) fields.push_back({name, value});
    http2_->open(exchange);
    http2_->send_headers(exchange, fields, EndStream::kNo);
    http2_->start_body(exchange);
  }
  void wait(Exchange& exchange) {
    while (!exchange.closed && !http2_->closed())
      changed_.wait(Deadline::after(std::chrono::seconds(5))).value();
  }
  http::Http2Connection& http2() { return *http2_; }

 private:
  void on_header(http::Http2Stream& stream, Block, std::string_view name,
                 std::string_view value) noexcept override {
    static_cast<Exchange&>(stream).headers[std::string(name)] = value;
  }
  void on_headers_end(http::Http2Stream& stream, Block, EndStream) noexcept override {
    auto& most = static_cast<Exchange&>(stream).block_bytes_most;
    most = std::max(most, stream.block_bytes());
  }
  void on_data(http::Http2Stream& stream, std::string_view bytes) noexcept override {
    static_cast<Exchange&>(stream).data += bytes;
    http2_->consume(stream, bytes.size());
  }
  void on_end_stream(http::Http2Stream&) noexcept override {}
  void on_stream_closed(http::Http2Stream& stream, http::Http2Error error) noexcept override {
    static_cast<Exchange&>(stream).closed = true;
    static_cast<Exchange&>(stream).error = error;
    changed_.wake_all();
  }
  BodyPart read_body(http::Http2Stream& stream, std::span<char> into) noexcept override {
    auto& exchange = static_cast<Exchange&>(stream);
    size_t size = exchange.body.copy(into.data(), into.size(), exchange.sent);
    exchange.sent += size;
    if (exchange.sent < exchange.body.size()) return {size, Body::kMore};
    return {size, exchange.end ? Body::kEnd : Body::kPaused};
  }

  std::unique_ptr<http::Http2Connection> http2_;
  fiber::Fiber reader_;
  fiber::WaitQueue changed_;
};

std::string framed(std::string_view message) {
  std::string bytes(kPrefixBytes, '\0');
  write_prefix(bytes.data(), message.size());
  return bytes.append(message);
}

Exchange good(std::string path) {
  Exchange exchange;
  exchange.request = {{":method", "POST"},
                      {":scheme", "http"},
                      {":path", std::move(path)},
                      {":authority", "t"},
                      {"content-type", "application/grpc"},
                      {"te", "trailers"}};
  exchange.body = framed("hi");
  return exchange;
}

void set(Exchange& exchange, const std::string& name, std::string value) {
  for (auto& [key, old] : exchange.request) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  exchange.request.emplace_back(name, std::move(value));
}

class Protocol : public testing::Test {
 protected:
  // Sends one exchange to a server with an echoing unary method and an echoing stream.
  void run(Exchange& exchange, ServerOptions options = {}) {
    auto echo = [](ServerCall&, std::string_view request, std::string& reply) -> Result<void> {
      reply += request;
      return {};
    };
    auto echo_all = [](ServerCall& c) -> Result<void> {
      std::string message;
      while (BIA_TRY(c.read(message))) BIA_TRY(c.write(message));
      return {};
    };
    auto with_json = unary("/t.S/Json", echo);
    with_json.json = std::make_shared<MethodHandler>(unary("/t.S/Json", echo));
    with_server(
        {unary("/t.S/Echo", echo), with_json, streaming("/t.S/Chat", echo_all)},
        [&](Server& server) {
          BareClient client(server.address());
          client.send(exchange);
          client.wait(exchange);
          counters_ = server.counters();
          messages_ = test::refused_messages(server);
        },
        options);
  }
  Server::Counters counters_;
  std::string messages_;
  std::string status(const Exchange& exchange) {
    auto found = exchange.headers.find("grpc-status");
    return found == exchange.headers.end() ? "none" : found->second;
  }
};

TEST_F(Protocol, AnswersAGoodCall) {
  Exchange exchange = good("/t.S/Echo");
  run(exchange);
  EXPECT_EQ(exchange.headers[":status"], "200");
  EXPECT_EQ(exchange.headers["content-type"], "application/grpc");
  EXPECT_EQ(exchange.data, framed("hi"));
  EXPECT_EQ(status(exchange), "0");
  for (const char* type : {"application/grpc+proto", "application/grpc;charset=utf-8"}) {
    Exchange other = good("/t.S/Echo");
    set(other, "content-type", type);
    run(other);
    EXPECT_EQ(status(other), "0") << type;
  }
}

TEST_F(Protocol, AnswersJsonWhereTheMethodHasIt) {
  for (const char* type : {"application/grpc+json", "application/grpc+json;charset=utf-8"}) {
    Exchange exchange = good("/t.S/Json");
    set(exchange, "content-type", type);
    run(exchange);
    EXPECT_EQ(status(exchange), "0");
    EXPECT_EQ(exchange.headers["content-type"], "application/grpc+json");
    EXPECT_EQ(exchange.data, framed("hi"));
  }
  Exchange exchange = good("/t.S/Json");
  set(exchange, "content-type", "application/grpc+jsonp");
  run(exchange);
  EXPECT_EQ(exchange.headers[":status"], "415");
}

TEST_F(Protocol, Refuses415And405) {
  for (const char* type :
       {"text/plain", "application/grpcweb", "application/grpc+json", "application/json"}) {
    Exchange exchange = good("/t.S/Echo");
    set(exchange, "content-type", type);
    run(exchange);
    EXPECT_EQ(exchange.headers[":status"], "415");
    EXPECT_EQ(exchange.headers["grpc-message"],
              "invalid gRPC request content-type \"" + std::string(type) + "\"");
  }
  Exchange get = good("/t.S/Echo");
  set(get, ":method", "GET");
  run(get);
  EXPECT_EQ(get.headers[":status"], "405");
  EXPECT_EQ(get.headers["grpc-message"],
            "Received a HEADERS frame with :method \"GET\" which should be POST");
}

TEST_F(Protocol, AnswersHttpClientsWithATextOnceTheirRequestIsWhole) {
  Exchange exchange = good("/t.S/Echo");
  set(exchange, "content-type", "text/html");
  run(exchange);
  EXPECT_EQ(exchange.headers[":status"], "415");
  EXPECT_EQ(exchange.headers["content-type"], "text/plain; charset=utf-8");
  EXPECT_EQ(exchange.data, "invalid gRPC request content-type \"text/html\"\n");
  EXPECT_EQ(exchange.error, http::Http2Error::kNoError);
  Exchange endless = good("/t.S/Echo");
  set(endless, "content-type", "text/html");
  endless.body.assign(200'000, 'x');
  endless.end = false;
  run(endless);
  EXPECT_EQ(endless.headers[":status"], "415");
}

TEST_F(Protocol, NamesAnEncodingItDoesNotHave) {
  Exchange exchange = good("/t.S/Echo");
  set(exchange, "grpc-encoding", "br");
  run(exchange);
  EXPECT_EQ(status(exchange), "12");
  EXPECT_EQ(exchange.headers["grpc-message"],
            "grpc: Decompressor is not installed for grpc-encoding \"br\"");
  EXPECT_EQ(exchange.headers["grpc-accept-encoding"], "identity,gzip");
  Exchange identity = good("/t.S/Echo");
  set(identity, "grpc-encoding", "identity");
  run(identity);
  EXPECT_EQ(status(identity), "0");
}

TEST_F(Protocol, TellsOfMethodsThatNobodyServes) {
  int told = 0;
  ServerOptions options;
  options.on_unknown_method = [&] { ++told; };
  for (const char* path : {"/t.S/Echo", "/t.S/None", "/t.T/Echo", "/none"}) {
    Exchange exchange = good(path);
    run(exchange, options);
    EXPECT_EQ(status(exchange), path == std::string_view("/t.S/Echo") ? "0" : "12") << path;
  }
  EXPECT_EQ(told, 3);
}

TEST_F(Protocol, RefusesBadTimeouts) {
  Exchange exchange = good("/t.S/Echo");
  set(exchange, "grpc-timeout", "soon");
  run(exchange);
  EXPECT_EQ(exchange.headers[":status"], "400");
  EXPECT_EQ(exchange.headers["grpc-message"], "malformed grpc-timeout: \"soon\"");
}

TEST_F(Protocol, RefusesBodiesThatAreNotOneMessage) {
  struct Case {
    std::string body, message, counted;
  };
  const Case cases[] = {
      {"", "cardinality violation: received no request message from non-client-streaming RPC",
       "missing 1"},
      {framed("a") + framed("b"),
       "cardinality violation: received multiple request messages for non-client-streaming RPC",
       "second 1"},
      {framed("a") + "x",
       "cardinality violation: received multiple request messages for non-client-streaming RPC",
       "second 1"},
      {framed("abc").substr(0, 3), "unexpected EOF", "truncated 1"},
      {framed("abc").substr(0, 6), "unexpected EOF", "truncated 1"},
      {std::string("\1\0\0\0\1x", 6), "grpc: compressed flag set with identity or empty encoding",
       "malformed 1"},
      {std::string("\7\0\0\0\1x", 6), "grpc: received unexpected payload format 7", "malformed 1"},
  };
  for (const auto& [body, message, counted] : cases) {
    std::string told;
    ServerOptions options;
    options.on_refusal = [&](const http::Refusal& refusal) {
      EXPECT_EQ(refusal.of, http::Refusal::Of::kMessage);
      told.append(refusal.reason) += " 1";
    };
    Exchange exchange = good("/t.S/Echo");
    exchange.body = body;
    run(exchange, options);
    EXPECT_EQ(status(exchange), "13") << message;
    EXPECT_EQ(exchange.headers["grpc-message"], message);
    EXPECT_EQ(messages_, counted);
    EXPECT_EQ(std::exchange(told, ""), counted);
    Exchange stream = good("/t.S/Chat");
    stream.body = body;
    run(stream, options);
    const bool many = message.starts_with("card") && body.size() != framed("a").size() + 1;
    EXPECT_EQ(status(stream), many ? "0" : "13") << message;
    EXPECT_EQ(messages_, many ? "" : counted == "second 1" ? "truncated 1" : counted);
    EXPECT_EQ(told, messages_);
  }
}

TEST_F(Protocol, RefusesASecondMessageOfAUnaryCallBeforeTheStreamsEnd) {
  // Or what goes on coming would be kept until the deadline.
  Exchange exchange = good("/t.S/Echo");
  exchange.body = framed("a") + std::string(3'000'000, 'x');
  exchange.end = false;
  ServerOptions options;
  options.timeout = {};
  run(exchange, options);
  EXPECT_EQ(status(exchange), "13");
  EXPECT_EQ(messages_, "second 1");
  EXPECT_LT(exchange.sent, exchange.body.size()) << "all of it was taken";
}

TEST_F(Protocol, ResetsARequestThatItRefusedBeforeItsEnd) {
  Exchange exchange = good("/no.S/M");
  exchange.end = false;
  run(exchange);
  EXPECT_EQ(exchange.headers["grpc-message"], "unknown service no.S");
  EXPECT_TRUE(exchange.closed);
  EXPECT_EQ(exchange.error, http::Http2Error::kNoError);
}

TEST_F(Protocol, HoldsTheLimitOnMetadata) {
  ServerOptions options;
  options.metadata_bytes_max = 1000;
  Exchange below = good("/t.S/Echo");
  set(below, "x-long", std::string(600, 'x'));
  run(below, options);
  EXPECT_EQ(status(below), "0");
  Exchange above = good("/t.S/Echo");
  set(above, "x-long", std::string(1000, 'x'));
  run(above, options);
  EXPECT_EQ(status(above), "8");
  EXPECT_EQ(above.headers["grpc-message"], "request metadata above 1000 bytes");
}

TEST_F(Protocol, CountsMetadataAsHttp2DoesAndServesNoneThatItCut) {
  ServerOptions options;
  options.metadata_bytes_max = 1000;
  // RFC 9113 section 6.5.2: names, values and 32 each.
  const auto with_bytes = [](size_t bytes) {
    Exchange exchange = good("/t.S/Echo");
    set(exchange, "x-short", "1");
    size_t sum = std::string_view("x-fill").size() + 32;
    for (const auto& [name, value] : exchange.request) sum += name.size() + value.size() + 32;
    set(exchange, "x-fill", std::string(bytes - sum, 'x'));
    return exchange;
  };
  Exchange at = with_bytes(1000);
  run(at, options);
  EXPECT_EQ(status(at), "0");
  Exchange above = with_bytes(1001);
  run(above, options);
  EXPECT_EQ(status(above), "8");
  // Behind the field that exceeds it comes one that would be refused, were it seen: many small
  // ones, whose pseudo-headers and overheads count.
  Exchange cut = good("/t.S/Echo");
  for (int i = 0; i < 20; ++i) cut.request.emplace_back("x-many", "1");
  cut.request.emplace_back("grpc-timeout", "zz");
  run(cut, options);
  EXPECT_EQ(status(cut), "8");
  EXPECT_EQ(cut.headers["grpc-message"], "request metadata above 1000 bytes");
}

TEST_F(Protocol, CountsAndTellsWhyACallIsRefused) {
  const std::pair<std::string, std::string> none;
  struct Case {
    std::string path;
    std::pair<std::string, std::string> field;
    std::string told;
  };
  const Case cases[] = {
      {"/t.S/Echo", none, ""},
      {"/t.S/None", none, "unknown_method 0"},
      {"/t.S/Echo", {":method", "GET"}, "not_post 405"},
      {"/t.S/Echo", {"content-type", "text/plain"}, "content_type 415"},
      {"/t.S/Echo", {"content-type", "application/grpc+json"}, "content_type 415"},
      {"/t.S/Echo", {"grpc-timeout", "soon"}, "bad_timeout 400"},
      {"/t.S/Echo", {"grpc-encoding", "br"}, "unknown_encoding 0"},
      {"/t.S/Echo", {"x-bin", "no base64"}, "bad_metadata 400"},
      {"/t.S/Echo", {"x-bin", "AAAA,A"}, "bad_metadata 400"},
      {"/t.S/Echo", {"x-bin", "AA==,AA, AAA,"}, ""},
      {"/t.S/Echo", {"x-long", std::string(1000, 'x')}, "metadata_too_large 0"},
      // Each comma is one more entry with a name.
      {"/t.S/Echo", {"x-bin", std::string(20, ',')}, "metadata_too_large 0"},
  };
  for (const Case& c : cases) {
    std::string told;
    ServerOptions options;
    options.metadata_bytes_max = 1000;
    options.on_refusal = [&](const http::Refusal& refusal) {
      EXPECT_EQ(refusal.of, http::Refusal::Of::kCall);
      told += std::string(refusal.reason) + " " + std::to_string(refusal.status);
    };
    Exchange exchange = good(c.path);
    if (!c.field.first.empty()) set(exchange, c.field.first, c.field.second);
    run(exchange, options);
    EXPECT_EQ(told, c.told);
    std::string counted;
    for (const auto& [reason, count] : counters_.calls_refused) {
      if (count > 0) counted += std::string(reason) + " " + std::to_string(count);
    }
    EXPECT_EQ(counted, c.told.empty() ? "" : c.told.substr(0, c.told.find(' ')) + " 1");
  }
}

TEST_F(Protocol, TheCodeArrivesWhereThePeerTakesNoMoreMetadata) {
  for (const std::string& message : {std::string("short"), std::string(5000, '%')}) {
    const auto fail = [&](ServerCall&, std::string_view, std::string&) -> Result<void> {
      return Error(Code::kAborted, "WHY", message).with_metadata("long", std::string(5000, 'x'));
    };
    const auto fail_late = [&](ServerCall& call) -> Result<void> {
      BIA_TRY(call.write("first"));
      return Error(Code::kAborted, "WHY", message).with_metadata("long", std::string(5000, 'x'));
    };
    with_server({unary("/t.S/Fail", fail), streaming("/t.S/Late", fail_late)}, [&](Server& server) {
      for (const char* path : {"/t.S/Fail", "/t.S/Late"}) {
        for (const uint32_t most : {2000u, 64'000u}) {
          BareClient client(server.address(), most);
          Exchange exchange = good(path);
          client.send(exchange);
          client.wait(exchange);
          EXPECT_EQ(status(exchange), "10");
          EXPECT_LE(exchange.block_bytes_most, most);
          EXPECT_EQ(exchange.headers.contains("grpc-status-details-bin"), most > 2000) << path;
          EXPECT_EQ(exchange.headers["grpc-message"].ends_with(
                        " (cut: the caller takes 2000 bytes of metadata)"),
                    most == 2000);
        }
      }
    });
  }
}

TEST(Server, ClosesConnectionsThatDoNotSpeakHttp2) {
  with_server({}, [](Server& server) {
    for (std::string bytes :
         {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string(1000, '\0'),
          std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string(500, '\xff')}) {
      auto socket =
          net::Socket::connect(net::Endpoint::parse(server.address()).value(), Deadline::never())
              .value();
      socket.write_all(bytes, Deadline::never()).value();
      char buffer[1024];
      Deadline deadline = Deadline::after(std::chrono::seconds(5));
      for (;;) {
        auto read = socket.read_some(buffer, deadline);
        ASSERT_TRUE(read.ok() || read.error().code() == Code::kUnavailable) << "not closed";
        if (!read || *read == 0) break;
      }
    }
    // A connection that is lost in the middle of a request.
    auto socket =
        net::Socket::connect(net::Endpoint::parse(server.address()).value(), Deadline::never())
            .value();
    socket.write_all("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Deadline::never()).value();
    socket.close();
    Channel channel(server.address());
    EXPECT_EQ(test::call(channel, "/grpc.health.v1.Health/Check", "").status.code, Code::kOk);
  });
}

}  // namespace
}  // namespace bia::grpc
