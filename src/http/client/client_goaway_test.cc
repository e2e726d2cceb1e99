// What a client makes of a server that goes away.
#include "bia/http/client.h"
#include "net/test_support.h"

namespace bia::http {
namespace {

using net::kSoon;
using std::chrono::seconds;

constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
/// No stream was processed, and there was no fault.
constexpr std::string_view kGoaway("\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);

/// An HTTP/2 server (prior knowledge) whose first connections go away once each has `taken`
/// requests, which they do not answer; those after them answer 200.
class Leaver {
 public:
  enum class Then { kStay, kEnd };
  Leaver(size_t leaving, size_t taken, Then then = Then::kStay)
      : leaving_(leaving), taken_(taken), then_(then), listener_(net::listen_anywhere()) {
    acceptor_ = net::start([this] {
      while (auto fd = listener_.accept()) {
        const bool leaves = ++connections_ <= leaving_;
        serving_.push_back(net::start([this, fd = *fd, leaves] { serve(fd, leaves); }));
      }
    });
  }
  ~Leaver() {
    acceptor_.cancel_and_join();
    for (fiber::Fiber& each : serving_) each.cancel_and_join();
  }
  uint16_t port() const { return listener_.local().port(); }
  size_t connections() const { return connections_; }

 private:
  void serve(int fd, bool leaves) const {
    auto socket = net::Socket::adopt(fd).value();
    std::string in;
    size_t at = std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").size();
    size_t requests = 0;
    const auto say = [&](std::string_view frame) {
      return socket.write_all(frame, Deadline::after(kSoon)).ok();
    };
    if (!say(kSettings) || (leaves && taken_ == 0 && !say(kGoaway))) return;
    for (;;) {
      char bytes[4096];
      const auto count = socket.read_some(bytes, Deadline::never());
      if (!count || *count == 0) return;
      in.append(bytes, *count);
      while (in.size() >= at + 9) {
        const auto byte = [&](size_t i) { return static_cast<uint8_t>(in[at + i]); };
        const size_t size = size_t{byte(0)} << 16 | byte(1) << 8 | byte(2);
        if (in.size() < at + 9 + size) break;
        const std::string id = in.substr(at + 5, 4);
        const bool head = byte(3) == 1;
        at += 9 + size;
        if (!head) continue;
        ++requests;
        // HEADERS with the end of both, ":status: 200" of HPACK's table.
        const std::string answer = std::string("\0\0\1\1\5", 5) + id + "\x88";
        if (!leaves && !say(answer)) return;
        if (!leaves || requests != taken_) continue;
        if (!say(kGoaway) || then_ == Then::kEnd) return;
      }
    }
  }

  size_t leaving_, taken_;
  Then then_;
  net::Listener listener_;
  size_t connections_ = 0;
  fiber::Fiber acceptor_;
  std::vector<fiber::Fiber> serving_;
};

Result<void> get(Client& client, const Leaver& server) {
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = server.port();
  request.target = "/";
  request.method = "POST";
  ClientResponse response;
  Timings timings;
  return client.send(request, response, timings, Deadline::after(kSoon));
}

ClientOptions prior_knowledge() {
  ClientOptions options;
  options.cleartext = ClientOptions::Cleartext::kPriorKnowledge;
  options.connections_per_host_max = 2;
  return options;
}

TEST(ClientGoaway, ThoseThatAreLeftOutShareTheNextConnection) {
  net::in_scheduler([] {
    constexpr size_t kRequests = 20;
    Leaver server(1, kRequests);
    Client client(prior_knowledge());
    std::vector<fiber::Fiber> senders;
    for (size_t i = 0; i < kRequests; ++i) {
      senders.push_back(net::start([&] {
        const auto sent = get(client, server);
        EXPECT_TRUE(sent.ok()) << sent.error().text();
      }));
    }
    for (fiber::Fiber& each : senders) each.join().ignore("test");
    EXPECT_EQ(server.connections(), 2u);
  });
}

TEST(ClientGoaway, ANewConnectionMayBeGoingAwayToo) {
  net::in_scheduler([] {
    Leaver server(3, 0);
    Client client(prior_knowledge());
    const auto sent = get(client, server);
    EXPECT_TRUE(sent.ok()) << sent.error().text();
    EXPECT_EQ(server.connections(), 4u);
  });
}

TEST(ClientGoaway, AnEndRightBehindItChangesNothing) {
  net::in_scheduler([] {
    Leaver server(1, 1, Leaver::Then::kEnd);
    Client client(prior_knowledge());
    const auto sent = get(client, server);
    EXPECT_TRUE(sent.ok()) << sent.error().text();
    EXPECT_EQ(server.connections(), 2u);
  });
}

TEST(ClientGoaway, AServerThatOnlyGoesAwayIsGivenUp) {
  net::in_scheduler([] {
    Leaver server(SIZE_MAX, 0);
    Client client(prior_knowledge());
    EXPECT_EQ(get(client, server).error().code(), Code::kUnavailable);
    EXPECT_EQ(server.connections(), 7u);
  });
}

}  // namespace
}  // namespace bia::http
