#include "net/tls_tickets.h"

#include "net/tls_stream.h"
#include "net/tls_test_support.h"

namespace bia::net {
namespace {

int64_t clock_ahead = 0;
int64_t test_clock() { return time(nullptr) + clock_ahead; }

/// A server and a client on one thread, with the ticket keys' clock set by the test.
class Tickets : public testing::TestWithParam<int> {
 protected:
  static constexpr int64_t kLife = 1000;

  Tickets() {
    clock_ahead = 0;
    SSL_CTX_set_max_proto_version(server_.get(), GetParam());
    use(server_.get(), authority_.issue("localhost", "DNS:localhost"));
    trust_authority(server_.get());
    keys_.attach(server_.get());
    SSL_CTX_set_session_id_context(server_.get(), reinterpret_cast<const unsigned char*>("t"), 1);
    SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client_.get(), [](SSL* ssl, SSL_SESSION* made) {
      static_cast<Tickets*>(SSL_get_app_data(ssl))->session_.reset(made);
      return 1;
    });
  }

  static void use(SSL_CTX* context, const TlsCertificate& from) {
    BioPtr pem(BIO_new_mem_buf(from.certificate_pem.data(), int(from.certificate_pem.size())));
    X509Ptr certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
    BioPtr key_pem(BIO_new_mem_buf(from.key_pem.data(), int(from.key_pem.size())));
    KeyPtr key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
    ASSERT_EQ(SSL_CTX_use_certificate(context, certificate.get()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(context, key.get()), 1);
  }
  void trust_authority(SSL_CTX* context) {
    const std::string text = authority_.pem();
    BioPtr pem(BIO_new_mem_buf(text.data(), int(text.size())));
    X509Ptr certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
    ASSERT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()), 1);
  }
  /// The client's certificate is good for so long.
  void authenticate(long seconds) {
    SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    use(client_.get(), authority_.issue("alice", "", TestAuthority::Kind::kEcdsa, seconds));
  }

  /// A handshake with the last ticket, which leaves the next one.
  bool resumes() {
    SslPtr server(SSL_new(server_.get()));
    SslPtr client(SSL_new(client_.get()));
    BIO* one = nullptr;
    BIO* other = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&one, 0, &other, 0), 1);
    SSL_set_bio(server.get(), one, one);
    SSL_set_bio(client.get(), other, other);
    SSL_set_app_data(client.get(), this);
    if (session_) SSL_set_session(client.get(), session_.get());
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    char byte;
    SSL_read(client.get(), &byte, 1);  // TLS 1.3's ticket
    EXPECT_TRUE(SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get()));
    EXPECT_EQ(SSL_session_reused(client.get()), SSL_session_reused(server.get()));
    SSL_shutdown(client.get());
    return SSL_session_reused(server.get()) == 1;
  }

  TestAuthority authority_;
  TlsTicketKeys keys_{std::chrono::seconds(kLife), test_clock};
  SslContextPtr server_{SSL_CTX_new(TLS_server_method())};
  SslContextPtr client_{SSL_CTX_new(TLS_client_method())};
  SessionPtr session_;
};

TEST_P(Tickets, ThoseAfterAResumptionEndWithTheFirstHandshake) {
  EXPECT_FALSE(resumes());
  clock_ahead = kLife * 6 / 10;
  EXPECT_TRUE(resumes());
  clock_ahead = kLife - 5;
  EXPECT_TRUE(resumes()) << "at the limit";
  clock_ahead = kLife + 5;
  EXPECT_FALSE(resumes()) << "above it";
  EXPECT_TRUE(resumes()) << "with what the full handshake gave";
}

TEST_P(Tickets, EndWithTheClientsCertificate) {
  authenticate(500);
  EXPECT_FALSE(resumes());
  clock_ahead = 495;
  EXPECT_TRUE(resumes());
  clock_ahead = 501;
  EXPECT_FALSE(resumes());
}

INSTANTIATE_TEST_SUITE_P(Versions, Tickets, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace bia::net
