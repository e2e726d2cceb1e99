#include "http/server/server_test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::seconds;
using test::Peer;
using test::with_server;

/// Speaks "shout": what comes goes back in capitals, until the peer ends or says "throw".
void shout(net::Socket& socket, std::string_view first) {
  std::string text(first);
  for (;;) {
    if (text == "throw") throw 1;
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (!socket.write_all(text, Deadline::after(seconds(5)))) return;
    text.resize(100);
    auto count = socket.read_some(text, Deadline::never());
    if (!count || *count == 0) return;
    text.resize(*count);
  }
}

void upgrade_or_say_no(ServerRequest&, ServerResponse& response) {
  response.add_header("X-Added", "yes");
  if (response.upgrade("shout", shout)) return;
  response.set_status(426);
  response.add_header("Upgrade", "shout");
}

constexpr std::string_view kAsk =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: other, Shout\r\n\r\n";

TEST(Upgrade, HandsTheConnectionOver) {
  with_server(upgrade_or_say_no, [](Server& server) {
    Peer peer(server.address());
    peer.send(std::string(kAsk) + "early");
    const std::string answer = peer.until("EARLY");
    EXPECT_EQ(answer.find("HTTP/1.1 101 Switching Protocols\r\n"), 0u) << answer;
    EXPECT_NE(answer.find("Connection: upgrade\r\nUpgrade: shout\r\n"), std::string::npos);
    EXPECT_NE(answer.find("X-Added: yes\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
    EXPECT_EQ(answer.find("Connection: close"), std::string::npos);
    peer.send("later");
    EXPECT_EQ(peer.until("LATER"), "LATER");
    EXPECT_EQ(server.counters().connections_open, 1u);
    peer.send("throw");
    EXPECT_EQ(peer.all(), "") << "it ends as after a handler's exception";
  });
}

TEST(Upgrade, IsForWhoAsksForIt) {
  with_server(upgrade_or_say_no, [](Server& server) {
    for (const std::string request :
         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: shout\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
          "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: shout\r\nContent-Length: "
          "1\r\n\r\nx"}) {
      Peer peer(server.address());
      peer.send(request);
      EXPECT_EQ(peer.until("\r\n\r\n").find("426", 8), 9u) << request;
    }
  });
}

TEST(Upgrade, IsForgottenByAnotherAnswer) {
  const auto handler = [](ServerRequest& request, ServerResponse& response) {
    ASSERT_TRUE(response.upgrade("shout", shout));
    response.set_close();
    if (request.path() == "/late")
      response.answer_now(504, "text/plain", "late");
    else
      response.set_status(500);
  };
  with_server(handler, [](Server& server) {
    for (const std::string target : {"/late", "/broken"}) {
      Peer peer(server.address());
      std::string ask(kAsk);
      ask.replace(4, 1, target);
      peer.send(ask + "early");
      const std::string answer = peer.all();
      EXPECT_EQ(answer.find(target == "/late" ? "504" : "500"), 9u) << answer;
      EXPECT_EQ(answer.find("EARLY"), std::string::npos) << answer;
    }
  });
}

TEST(Upgrade, AStopEndsItAtItsDeadline) {
  with_server(upgrade_or_say_no, [](Server& server) {
    Peer peer(server.address());
    peer.send(kAsk);
    peer.until("\r\n\r\n");
    server.stop(Deadline::after(std::chrono::milliseconds(20)));
    EXPECT_EQ(server.counters().connections_open, 0u);
    EXPECT_EQ(peer.all(), "");
  });
}

TEST(Upgrade, OverTls) {
  const net::TestAuthority authority;
  ServerOptions options;
  options.tls = net::test_tls_server(authority, {"http/1.1"});
  const auto body = [&](Server& server) {
    Peer peer(server.address());
    auto client = net::test_tls_client(authority, {"http/1.1"});
    peer.socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).value();
    peer.send(kAsk);
    peer.until("\r\n\r\n");
    peer.send("secret");
    EXPECT_EQ(peer.until("SECRET"), "SECRET");
  };
  with_server(upgrade_or_say_no, body, options);
}

}  // namespace
}  // namespace bia::http
