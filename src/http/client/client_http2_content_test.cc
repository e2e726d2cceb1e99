// Answers over HTTP/2 that have no content, whatever their content-length says.
#include "bia/http/client.h"
#include "net/test_support.h"

namespace bia::http {
namespace {

using net::kSoon;

/// An HTTP/2 server (prior knowledge) whose every answer to stream 1 is `frames`.
class Answerer {
 public:
  explicit Answerer(std::string frames) : frames_(std::move(frames)) {
    acceptor_ = net::start([this] {
      while (auto fd = listener_.accept()) serve(*fd);
    });
  }
  ~Answerer() { acceptor_.cancel_and_join(); }

  Result<void> ask(std::string_view method, ClientResponse& response) const {
    ClientOptions options;
    options.cleartext = ClientOptions::Cleartext::kPriorKnowledge;
    Client client(options);
    ClientRequest request;
    request.method = method;
    request.host = "127.0.0.1";
    request.port = listener_.local().port();
    request.target = "/";
    Timings timings;
    return client.send(request, response, timings, Deadline::after(kSoon));
  }

 private:
  void serve(int fd) const {
    auto socket = net::Socket::adopt(fd).value();
    constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
    char bytes[4096];
    std::string in;
    // HEADERS of stream 1.
    while (in.find(std::string("\1\5\0\0\0\1", 6)) == std::string::npos) {
      auto count = socket.read_some(bytes, Deadline::after(kSoon));
      if (!count || *count == 0) return;
      in.append(bytes, *count);
    }
    EXPECT_TRUE(socket.write_all(std::string(kSettings) + frames_, Deadline::after(kSoon)).ok());
    while (auto count = socket.read_some(bytes, Deadline::after(kSoon))) {
      if (*count == 0) return;
    }
  }

  std::string frames_;
  net::Listener listener_ = net::listen_anywhere();
  fiber::Fiber acceptor_;
};

/// A head of `status` (an index of HPACK's table) with content-length: 5, then `data` as the end.
std::string answer(char status, std::string_view data) {
  const std::string block = std::string(1, status) + std::string(
                                                         "\x0f\x0d\x01"
                                                         "5",
                                                         4);
  std::string frames("\0\0\0\1\4\0\0\0\1", 9);
  frames[2] = static_cast<char>(block.size());
  std::string body("\0\0\0\0\1\0\0\0\1", 9);
  body[2] = static_cast<char>(data.size());
  return frames + block + body + std::string(data);
}

constexpr char k200 = '\x88', k204 = '\x89', k304 = '\x8b';

TEST(ClientHttp2Content, MayEndWithAnEmptyFrameWhereThereIsNone) {
  net::in_scheduler([] {
    ClientResponse response;
    EXPECT_TRUE(Answerer(answer(k200, "")).ask("HEAD", response).ok());
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("content-length"), "5");
    EXPECT_TRUE(Answerer(answer(k304, "")).ask("GET", response).ok());
    EXPECT_EQ(response.status, 304);
    EXPECT_TRUE(Answerer(answer(k204, "")).ask("GET", response).ok());
    EXPECT_TRUE(Answerer(answer(k200, "12345")).ask("GET", response).ok());
    EXPECT_EQ(response.body, "12345");
  });
}

TEST(ClientHttp2Content, IsAFaultWhereThereMayBeNoneOrMore) {
  net::in_scheduler([] {
    ClientResponse response;
    EXPECT_FALSE(Answerer(answer(k200, "1")).ask("HEAD", response).ok());
    EXPECT_FALSE(Answerer(answer(k304, "12345")).ask("GET", response).ok());
    EXPECT_FALSE(Answerer(answer(k200, "")).ask("GET", response).ok());
    EXPECT_FALSE(Answerer(answer(k200, "123456")).ask("GET", response).ok());
  });
}

}  // namespace
}  // namespace bia::http
