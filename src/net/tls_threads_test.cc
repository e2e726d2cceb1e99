// What threads share of TLS, under ThreadSanitizer too (`make tsan`): certificates that are loaded
// again, and ticket keys that rotate, while all of them shake hands.
#include <atomic>

#include "bia/fiber/threads.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::net {
namespace {

constexpr size_t kThreads = 3;
constexpr int kHandshakes = 40;

TEST(TlsThreads, ReloadAndRotateWhileAllShakeHands) {
  const TestAuthority authority;
  TlsCertificate first = authority.issue("first", "DNS:localhost");
  const TestFile certificate(first.certificate_pem);
  const TestFile key(first.key_pem);
  const TestFile log("");
  TlsServerOptions options;
  TlsCertificate files;
  files.certificate_file = certificate.path();
  files.key_file = key.path();
  options.certificates = {files};
  // Each handshake may find the keys to be new.
  options.ticket_key_life = std::chrono::milliseconds(1);
  options.key_log_file = log.path();
  auto served = TlsServer::create(options).value();
  auto client_context = test_tls_client(authority);
  std::atomic<int> failed{0};
  auto threads = fiber::ThreadGroup::create(kThreads).value();
  threads->run([&](size_t thread) {
    const TlsSession session;
    for (int i = 0; i < kHandshakes; ++i) {
      auto [client, server] = connected_pair();
      auto other = start([&] {
        if (!server.start_tls(*served, Deadline::after(kSoon))) ++failed;
      });
      if (!client.start_tls(*client_context, "localhost", Deadline::after(kSoon), &session))
        ++failed;
      EXPECT_TRUE(other.join(Deadline::after(kSoon)).ok());
      if (thread == 0) {
        EXPECT_TRUE(served->reload().ok());
      }
      // TLS 1.3's ticket comes with the first bytes.
      EXPECT_TRUE(server.write_all("x", Deadline::after(kSoon)).ok());
      char byte[1];
      EXPECT_TRUE(client.read_some(byte, Deadline::after(kSoon)).ok());
    }
  });
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace bia::net
