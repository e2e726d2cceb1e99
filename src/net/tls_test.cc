#include "bia/net/tls.h"

#include <sys/socket.h>

#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::net {
namespace {

struct Outcome {
  Result<void> client, server;
};

/// Both sides of a handshake on this thread.
Outcome shake(Socket& client, Socket& server, const TlsClient& client_context,
              const TlsServer& server_context, std::string_view name,
              const TlsSession* session = nullptr) {
  Outcome outcome;
  auto other = start([&] {
    outcome.server = server.start_tls(server_context, Deadline::after(kSoon));
    if (!outcome.server) server.close();
  });
  outcome.client = client.start_tls(client_context, name, Deadline::after(kSoon), session);
  if (!outcome.client) client.close();
  EXPECT_TRUE(other.join(Deadline::after(kSoon)).ok());
  return outcome;
}

std::string reason(const Result<void>& result) { return result ? "" : result.error().reason(); }

std::string read_exactly(Socket& socket, size_t size) {
  std::string text(size, 0);
  for (size_t at = 0; at < size;) {
    auto count = socket.read_some(std::span(text).subspan(at), Deadline::after(kSoon));
    if (!count || *count == 0) return text.substr(0, at);
    at += *count;
  }
  return text;
}

TEST(Tls, CarriesBytesAndTellsWhatWasAgreed) {
  in_scheduler([] {
    TestAuthority authority;
    auto [client, server] = connected_pair();
    auto outcome = shake(client, server, *test_tls_client(authority, {"h2", "http/1.1"}),
                         *test_tls_server(authority, {"http/1.1", "h2"}), "localhost");
    ASSERT_TRUE(outcome.client.ok()) << outcome.client.error().text();
    ASSERT_TRUE(outcome.server.ok()) << outcome.server.error().text();
    const TlsInfo info = *client.tls();
    EXPECT_EQ(info.version, TlsVersion::k13);
    EXPECT_TRUE(info.cipher.starts_with("TLS_")) << info.cipher;
    EXPECT_EQ(info.alpn, "http/1.1") << "the server's preference counts";
    EXPECT_EQ(info.peer_subject, "CN=localhost");
    EXPECT_EQ(info.peer_alternative_names, "DNS:localhost, IP Address:127.0.0.1");
    EXPECT_GT(info.handshake, Duration::zero());
    EXPECT_EQ(server.tls()->server_name, "localhost");
    ASSERT_TRUE(client.write_all("question", Deadline::after(kSoon)).ok());
    EXPECT_EQ(read_exactly(server, 8), "question");
    ASSERT_TRUE(server.write_all("answer", Deadline::after(kSoon)).ok());
    EXPECT_EQ(read_exactly(client, 6), "answer");
    EXPECT_GT(client.bytes_written(), 300u) << "the handshake's bytes count";
  });
}

TEST(Tls, LargeWritesOutlastAFullKernel) {
  in_scheduler([] {
    TestAuthority authority;
    auto [client, server] = connected_pair();
    auto outcome = shake(client, server, *test_tls_client(authority), *test_tls_server(authority),
                         "127.0.0.1");
    ASSERT_TRUE(outcome.client.ok() && outcome.server.ok());
    std::string big(8 << 20, 0);
    for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761u >> 13);
    auto writer = start([&, &server = server] {
      std::string head = "head";
      std::string tail = "tail";
      const iovec parts[] = {
          {head.data(), head.size()}, {big.data(), big.size()}, {tail.data(), tail.size()}};
      EXPECT_TRUE(server.write_all(parts, Deadline::after(kSoon)).ok());
      // What a full kernel leaves of a gathered buffer goes on in the next write.
      std::string_view rest = big;
      while (!rest.empty()) {
        size_t taken = server.try_write(rest).value();
        rest.remove_prefix(taken);
        if (taken == 0) {
          EXPECT_TRUE(server.write_all(rest, Deadline::after(kSoon)).ok());
          rest = {};
        }
      }
      server.shutdown_write();
    });
    std::string got = read_exactly(client, 2 * big.size() + 8);
    EXPECT_TRUE(got == "head" + big + "tail" + big);
    char byte;
    EXPECT_EQ(client.read_some({&byte, 1}, Deadline::after(kSoon)).value(), 0u);
    EXPECT_TRUE(writer.join(Deadline::after(kSoon)).ok());
  });
}

TEST(Tls, AnEndWithoutCloseNotifyIsACut) {
  in_scheduler([] {
    TestAuthority authority;
    auto [client, server] = connected_pair();
    auto outcome = shake(client, server, *test_tls_client(authority), *test_tls_server(authority),
                         "localhost");
    ASSERT_TRUE(outcome.client.ok() && outcome.server.ok());
    ::shutdown(server.fd(), SHUT_WR);
    char byte;
    auto read = client.read_some({&byte, 1}, Deadline::after(kSoon));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().reason(), "UNEXPECTED_EOF");
  });
}

TEST(Tls, RefusesWhatItCannotTrust) {
  in_scheduler([] {
    TestAuthority authority;
    TestAuthority stranger;
    TlsServerOptions expired;
    expired.certificates = {
        authority.issue("old", "DNS:localhost", TestAuthority::Kind::kEcdsa, -3600)};
    auto good = test_tls_server(authority);
    auto old = TlsServer::create(expired).value();
    struct Case {
      const TestAuthority& trusted;
      TlsServer& server;
      const char* name;
      const char* reason;
      const char* text;
    } cases[] = {
        {stranger, *good, "localhost", "TLS_UNKNOWN_AUTHORITY",
         "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
        {authority, *good, "other.example", "TLS_HOST_MISMATCH",
         "tls: failed to verify certificate: x509: certificate is valid for localhost, not "
         "other.example"},
        {authority, *good, "127.0.0.2", "TLS_HOST_MISMATCH",
         "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not "
         "127.0.0.2"},
        // Of several reasons the one that Go tells.
        {stranger, *good, "other.example", "TLS_HOST_MISMATCH", ""},
        {stranger, *old, "other.example", "TLS_EXPIRED", ""},
    };
    for (const Case& each : cases) {
      auto [client, server] = connected_pair();
      auto outcome = shake(client, server, *test_tls_client(each.trusted), each.server, each.name);
      EXPECT_EQ(reason(outcome.client), each.reason);
      if (!outcome.client && *each.text) {
        EXPECT_EQ(outcome.client.error().message(), each.text);
      }
      EXPECT_EQ(reason(outcome.server), "TLS_ALERT");
    }
  });
}

TEST(Tls, NoNameIsNotEveryName) {
  in_scheduler([] {
    TestAuthority authority;
    TlsClientOptions careless;
    careless.verify = TlsClientOptions::Verify::kInsecureSkip;
    for (std::string_view name :
         {std::string_view(), std::string_view("[]"), std::string_view("localhost\0.a", 12),
          std::string_view("127.0.0.1\0", 10), std::string_view(".")}) {
      auto [client, server] = connected_pair();
      auto outcome =
          shake(client, server, *test_tls_client(authority), *test_tls_server(authority), name);
      EXPECT_EQ(reason(outcome.client), "TLS_HOST_MISMATCH") << name;
      auto [other, other_server] = connected_pair();
      outcome = shake(other, other_server, *TlsClient::create(careless).value(),
                      *test_tls_server(authority), name);
      EXPECT_TRUE(outcome.client.ok()) << name;
    }
  });
}

TEST(Tls, InsecureSkipTakesAnyCertificate) {
  in_scheduler([] {
    TlsClientOptions options;
    options.verify = TlsClientOptions::Verify::kInsecureSkip;
    auto [client, server] = connected_pair();
    auto outcome = shake(client, server, *TlsClient::create(options).value(),
                         *test_tls_server(TestAuthority()), "whoever.example");
    EXPECT_TRUE(outcome.client.ok()) << outcome.client.error().text();
  });
}

TEST(Tls, VersionsAndProtocolsThatDoNotMeetAreRefused) {
  in_scheduler([] {
    TestAuthority authority;
    TlsServerOptions only13;
    only13.certificates = {authority.issue("localhost", "DNS:localhost")};
    only13.limits.min = TlsVersion::k13;
    TlsClientOptions only12;
    only12.verify = TlsClientOptions::Verify::kInsecureSkip;
    only12.limits.max = TlsVersion::k12;
    {
      auto [client, server] = connected_pair();
      auto outcome = shake(client, server, *TlsClient::create(only12).value(),
                           *TlsServer::create(only13).value(), "localhost");
      ASSERT_FALSE(outcome.client.ok());
      EXPECT_EQ(outcome.client.error().message(),
                "remote error: tls: protocol version not supported");
      EXPECT_EQ(reason(outcome.server), "TLS_NO_SHARED");
    }
    {
      auto [client, server] = connected_pair();
      auto outcome = shake(client, server, *test_tls_client(authority, {"h3"}),
                           *test_tls_server(authority, {"h2"}), "localhost");
      ASSERT_FALSE(outcome.client.ok());
      EXPECT_EQ(outcome.client.error().message(), "remote error: tls: no application protocol");
    }
  });
}

TEST(Tls, SpeaksTheCiphersItIsTold) {
  in_scheduler([] {
    TestAuthority authority;
    TlsClientOptions options;
    options.verify = TlsClientOptions::Verify::kInsecureSkip;
    options.limits.max = TlsVersion::k12;
    options.limits.ciphers = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305";  // Go's spelling
    auto [client, server] = connected_pair();
    auto outcome = shake(client, server, *TlsClient::create(options).value(),
                         *test_tls_server(authority), "localhost");
    ASSERT_TRUE(outcome.client.ok()) << outcome.client.error().text();
    EXPECT_EQ(client.tls()->cipher, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    options.limits.ciphers = "TLS_NO_SUCH_SUITE";
    EXPECT_EQ(TlsClient::create(options).error().message(),
              "unknown cipher suite 'TLS_NO_SUCH_SUITE'");
  });
}

TEST(Tls, ChoosesTheCertificateByNameAndByKind) {
  in_scheduler([] {
    TestAuthority authority;
    TlsServerOptions options;
    options.certificates = {
        authority.issue("first", "DNS:a.example"),
        authority.issue("wild", "DNS:*.b.example"),
        authority.issue("exact", "DNS:x.b.example"),
        authority.issue("first-rsa", "DNS:a.example", TestAuthority::Kind::kRsa),
    };
    auto served = TlsServer::create(options).value();
    auto subject = [&](std::string_view name, std::string ciphers) {
      TlsClientOptions skip;
      skip.verify = TlsClientOptions::Verify::kInsecureSkip;
      if (!ciphers.empty()) skip.limits.max = TlsVersion::k12;
      skip.limits.ciphers = std::move(ciphers);
      auto [client, server] = connected_pair();
      auto outcome = shake(client, server, *TlsClient::create(skip).value(), *served, name);
      return outcome.client ? client.tls()->peer_subject : outcome.client.error().text();
    };
    EXPECT_EQ(subject("a.example", ""), "CN=first");
    EXPECT_EQ(subject("A.Example.", ""), "CN=first");
    EXPECT_EQ(subject("y.b.example", ""), "CN=wild");
    EXPECT_EQ(subject("x.b.example", ""), "CN=exact");
    EXPECT_EQ(subject("y.y.b.example", ""), "CN=first") << "a star is one label";
    EXPECT_EQ(subject("127.0.0.1", ""), "CN=first") << "the default";
    EXPECT_EQ(subject("a.example", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "CN=first-rsa");
  });
}

TEST(Tls, MutualAuthenticationAsksForACertificate) {
  in_scheduler([] {
    TestAuthority authority;
    TestAuthority clients("the clients' authority");
    TestAuthority others("another authority");
    TestFile ca(clients.pem());
    TlsServerOptions options;
    options.certificates = {authority.issue("localhost", "DNS:localhost")};
    options.client_certificate = TlsServerOptions::ClientCertificate::kRequire;
    EXPECT_EQ(TlsServer::create(options).error().reason(), "TLS_CA");
    options.client_ca_file = ca.path();
    auto strict = TlsServer::create(options).value();
    options.client_certificate = TlsServerOptions::ClientCertificate::kVerifyIfGiven;
    auto lenient = TlsServer::create(options).value();
    TlsClientOptions with;
    with.verify = TlsClientOptions::Verify::kInsecureSkip;
    with.certificates = {others.issue("mallory", ""), clients.issue("alice", "")};
    TlsClientOptions wrong = with;
    wrong.certificates.pop_back();
    TlsClientOptions without = with;
    without.certificates.clear();
    struct Case {
      TlsServer& server;
      TlsClientOptions& client;
      const char* reason;
      const char* subject;
    } cases[] = {{*strict, with, "", "CN=alice"},
                 {*strict, wrong, "TLS_UNKNOWN_AUTHORITY", ""},
                 {*strict, without, "TLS_BAD_CERTIFICATE", ""},
                 {*lenient, without, "", ""},
                 {*lenient, with, "", "CN=alice"},
                 {*lenient, wrong, "TLS_UNKNOWN_AUTHORITY", ""}};
    for (const Case& each : cases) {
      auto [client, server] = connected_pair();
      auto outcome =
          shake(client, server, *TlsClient::create(each.client).value(), each.server, "localhost");
      EXPECT_EQ(reason(outcome.server), each.reason);
      if (outcome.server) {
        EXPECT_EQ(server.tls()->peer_subject, each.subject);
      }
    }
  });
}

/// A connection that resumes leaves a ticket for the next.
bool resumes(const TlsClient& client_context, const TlsServer& server_context,
             const TlsSession& session) {
  auto [client, server] = connected_pair();
  auto outcome = shake(client, server, client_context, server_context, "localhost", &session);
  EXPECT_TRUE(outcome.client.ok() && outcome.server.ok());
  // TLS 1.3's tickets come after the handshake: an idle connection takes them without being stale.
  EXPECT_TRUE(client.wait_readable(Deadline::after(kSoon)).ok());
  EXPECT_FALSE(client.stale());
  return client.tls()->resumed && server.tls()->resumed;
}

TEST(Tls, SessionsResumeAlsoAfterAReload) {
  in_scheduler([] {
    TestAuthority authority;
    auto client = test_tls_client(authority);
    auto server = test_tls_server(authority);
    TlsSession session;
    EXPECT_FALSE(resumes(*client, *server, session));
    EXPECT_TRUE(resumes(*client, *server, session));
    ASSERT_TRUE(server->reload().ok());
    EXPECT_TRUE(resumes(*client, *server, session));
    EXPECT_FALSE(resumes(*client, *test_tls_server(authority), session)) << "another's keys";
  });
}

TEST(Tls, SessionsEndWithTheAuthorityThatVerifiedThem) {
  using ClientCertificate = TlsServerOptions::ClientCertificate;
  in_scheduler([] {
    TestAuthority authority;
    TestAuthority before("the authority before");
    TestAuthority after("the authority after");
    for (const auto wanted : {ClientCertificate::kRequire, ClientCertificate::kVerifyIfGiven}) {
      for (const TlsVersion version : {TlsVersion::k12, TlsVersion::k13}) {
        TestFile ca(before.pem());
        TlsServerOptions options;
        options.certificates = {authority.issue("localhost", "DNS:localhost")};
        options.client_certificate = wanted;
        options.client_ca_file = ca.path();
        options.limits.max = version;
        auto served = TlsServer::create(options).value();
        TlsClientOptions alice;
        alice.verify = TlsClientOptions::Verify::kInsecureSkip;
        alice.certificates = {before.issue("alice", "")};
        auto asking = TlsClient::create(alice).value();
        TlsSession session;
        /// "resumed CN=alice", or why not.
        const auto connect = [&] {
          auto [client, server] = connected_pair();
          auto outcome = shake(client, server, *asking, *served, "localhost", &session);
          if (!outcome.server) return reason(outcome.server);
          EXPECT_TRUE(server.write_all("x", Deadline::after(kSoon)).ok());
          EXPECT_EQ(read_exactly(client, 1), "x");  // And the ticket before it.
          return (server.tls()->resumed ? "resumed " : "new ") + server.tls()->peer_subject;
        };
        EXPECT_EQ(connect(), "new CN=alice");
        EXPECT_EQ(connect(), "resumed CN=alice");
        ASSERT_TRUE(served->reload().ok());
        EXPECT_EQ(connect(), "resumed CN=alice") << "nothing changed";
        ca.write(after.pem());
        ASSERT_TRUE(served->reload().ok());
        EXPECT_EQ(connect(), "TLS_UNKNOWN_AUTHORITY");
        ca.write(before.pem());
        ASSERT_TRUE(served->reload().ok());
        EXPECT_NE(connect(), "TLS_UNKNOWN_AUTHORITY");
      }
    }
  });
}

TEST(Tls, TicketsLastOneLifeOfTheirKey) {
  in_scheduler([] {
    TestAuthority authority;
    auto client = test_tls_client(authority);
    TlsServerOptions options;
    options.certificates = {authority.issue("localhost", "DNS:localhost")};
    options.ticket_key_life = std::chrono::nanoseconds(1);  // A new key for each ticket.
    auto server = TlsServer::create(options).value();
    TlsSession session;
    EXPECT_FALSE(resumes(*client, *server, session));
    EXPECT_TRUE(resumes(*client, *server, session)) << "the last two keys still open tickets";
    options.tickets = TlsServerOptions::Tickets::kOff;
    auto off = TlsServer::create(options).value();
    auto [a, b] = connected_pair();
    TlsSession none;
    ASSERT_TRUE(shake(a, b, *client, *off, "localhost", &none).client.ok());
    ASSERT_TRUE(b.write_all("x", Deadline::after(kSoon)).ok());
    EXPECT_EQ(read_exactly(a, 1), "x");
    auto [c, d] = connected_pair();
    ASSERT_TRUE(shake(c, d, *client, *off, "localhost", &none).client.ok());
    EXPECT_FALSE(c.tls()->resumed);
  });
}

TEST(Tls, AReloadChangesTheCertificateAndKeepsConnections) {
  in_scheduler([] {
    TestAuthority authority;
    TlsCertificate first = authority.issue("first", "DNS:localhost");
    TlsCertificate second = authority.issue("second", "DNS:localhost");
    TestFile certificate(first.certificate_pem);
    TestFile key(first.key_pem);
    TlsServerOptions options;
    TlsCertificate files;
    files.certificate_file = certificate.path();
    files.key_file = key.path();
    options.certificates = {files};
    auto served = TlsServer::create(options).value();
    auto client = test_tls_client(authority);
    auto [a, b] = connected_pair();
    ASSERT_TRUE(shake(a, b, *client, *served, "localhost").client.ok());
    EXPECT_EQ(a.tls()->peer_subject, "CN=first");
    certificate.write(second.certificate_pem);
    auto mismatched = served->reload();
    ASSERT_FALSE(mismatched.ok());
    EXPECT_NE(mismatched.error().message().find("not the key of"), std::string::npos);
    auto [c, d] = connected_pair();
    ASSERT_TRUE(shake(c, d, *client, *served, "localhost").client.ok()) << "the old one stays";
    key.write(second.key_pem);
    ASSERT_TRUE(served->reload().ok());
    auto [e, f] = connected_pair();
    ASSERT_TRUE(shake(e, f, *client, *served, "localhost").client.ok());
    EXPECT_EQ(e.tls()->peer_subject, "CN=second");
    ASSERT_TRUE(b.write_all("still", Deadline::after(kSoon)).ok());
    EXPECT_EQ(read_exactly(a, 5), "still");
  });
}

TEST(Tls, LogsSecretsWhereAsked) {
  in_scheduler([] {
    TestAuthority authority;
    TestFile log("");
    TlsClientOptions options;
    options.verify = TlsClientOptions::Verify::kInsecureSkip;
    options.key_log_file = log.path();
    auto [client, server] = connected_pair();
    ASSERT_TRUE(shake(client, server, *TlsClient::create(options).value(),
                      *test_tls_server(authority), "localhost")
                    .client.ok());
    EXPECT_NE(log.read().find("CLIENT_TRAFFIC_SECRET_0 "), std::string::npos);
    options.key_log_file = "/no/such/folder/log";
    EXPECT_EQ(TlsClient::create(options).error().reason(), "KEY_LOG");
  });
}

TEST(Tls, APeerWithoutTlsIsNamed) {
  in_scheduler([] {
    TestAuthority authority;
    auto [client, server] = connected_pair();
    ASSERT_TRUE(client.write_all("GET / HTTP/1.1\r\n\r\n", Deadline::after(kSoon)).ok());
    EXPECT_EQ(reason(server.start_tls(*test_tls_server(authority), Deadline::after(kSoon))),
              "TLS_NOT_TLS");
    auto [a, b] = connected_pair();
    ASSERT_TRUE(b.write_all("HTTP/1.1 400 Bad Request\r\n\r\n", Deadline::after(kSoon)).ok());
    auto outcome = a.start_tls(*test_tls_client(authority), "x", Deadline::after(kSoon));
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().message(), "tls: first record does not look like a TLS handshake");
  });
}

TEST(Tls, AHandshakeThatNobodyAnswersEndsAtItsDeadline) {
  in_scheduler([] {
    TestAuthority authority;
    auto [client, server] = connected_pair();
    auto outcome = client.start_tls(*test_tls_client(authority), "localhost",
                                    Deadline::after(std::chrono::milliseconds(20)));
    EXPECT_EQ(reason(outcome), "TLS_HANDSHAKE_TIMEOUT");
    auto [a, b] = connected_pair();
    b.close();
    EXPECT_EQ(reason(a.start_tls(*test_tls_client(authority), "localhost", Deadline::after(kSoon))),
              "UNEXPECTED_EOF");
  });
}

std::string encrypted(const std::string& key_pem, const char* password) {
  std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), BIO_free);
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password,
                                static_cast<int>(std::strlen(password)), nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

TEST(TlsServer, NamesWhatIsWrongWithItsFiles) {
  TestAuthority authority;
  TlsCertificate good = authority.issue("a", "DNS:a");
  TestFile text("no PEM at all");
  TlsServerOptions options;
  EXPECT_EQ(TlsServer::create(options).error().reason(), "TLS_CERTIFICATE");
  TlsCertificate files;
  files.certificate_file = "/no/such/file.pem";
  options.certificates = {files};
  EXPECT_EQ(TlsServer::create(options).error().code(), Code::kNotFound);
  options.certificates[0].certificate_file = text.path();
  auto error = TlsServer::create(options).error();
  EXPECT_NE(error.message().find(text.path() + ": no certificate in PEM"), std::string::npos)
      << error.message();
  options.certificates = {good};
  options.certificates[0].key_pem = authority.issue("b", "DNS:b").key_pem;
  EXPECT_EQ(TlsServer::create(options).error().message(),
            "the key: not the key of the certificate");
  options.certificates = {good};
  options.certificates[0].certificate_pem = authority.pem() + good.certificate_pem;
  EXPECT_EQ(TlsServer::create(options).error().message(),
            "the certificate: the certificate of the key is number 2; it must be the first, before "
            "those that signed it");
  options.certificates = {good};
  options.certificates[0].key_pem = encrypted(good.key_pem, "secret");
  EXPECT_EQ(TlsServer::create(options).error().message(),
            "the key: the key is encrypted, and no password is given");
  options.certificates[0].key_password = "wrong";
  EXPECT_EQ(TlsServer::create(options).error().message().find(
                "the key: the password does not open the key: "),
            0u);
  options.certificates[0].key_password = "secret";
  EXPECT_TRUE(TlsServer::create(options).ok());
  options.certificates = {good};
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  options.certificates[0].certificate_pem += authority.pem() + broken;
  error = TlsServer::create(options).error();
  EXPECT_EQ(error.message().find("the certificate: certificate 3 cannot be read: "), 0u)
      << error.message();
  options.certificates = {good, authority.issue("a", "DNS:a")};
  EXPECT_EQ(TlsServer::create(options).error().message().find("a: another certificate for"), 0u);
  options.certificates = {good};
  TestFile authorities(authority.pem() + broken);
  options.client_certificate = TlsServerOptions::ClientCertificate::kRequire;
  options.client_ca_file = authorities.path();
  error = TlsServer::create(options).error();
  EXPECT_EQ(error.message().find(authorities.path() + ": certificate 2 cannot be read: "), 0u)
      << error.message();
  options.client_certificate = TlsServerOptions::ClientCertificate::kNone;
  options.limits.min = TlsVersion::k13;
  options.limits.max = TlsVersion::k12;
  EXPECT_EQ(TlsServer::create(options).error().reason(), "TLS_VERSION");
  EXPECT_EQ(parse_tls_version("tls1.4").error().message(), "unknown TLS version 'tls1.4'");
}

TEST(TlsServer, NamesCiphersThatAreNone) {
  TestAuthority authority;
  TlsServerOptions options;
  options.certificates = {authority.issue("a", "DNS:a")};
  const auto refused = [&](const char* ciphers, const char* suites) {
    options.limits.ciphers = ciphers;
    options.limits.cipher_suites = suites;
    auto made = TlsServer::create(options);
    return made ? std::string() : made.error().message();
  };
  EXPECT_EQ(refused("ECDHE-ECDSA-AES128-GCM-SHA256:HIGH:!aNULL:!NONE:@STRENGTH", ""), "");
  EXPECT_EQ(refused("ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-ECDSA-AES999", ""),
            "unknown cipher suite 'ECDHE-ECDSA-AES999'");
  EXPECT_EQ(refused("TLS_ECDHE_NONE", ""), "unknown cipher suite 'TLS_ECDHE_NONE'");
  EXPECT_EQ(refused("", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384"), "");
  EXPECT_EQ(refused("", "TLS_AES_128_GCM_SHA256:TLS_AES_999"),
            "unknown cipher suite 'TLS_AES_999'");
  EXPECT_EQ(refused("", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            "unknown cipher suite 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'");
}

TEST(TlsServer, SaysHowLongItsCertificatesHold) {
  TestAuthority authority;
  TlsServerOptions options;
  options.certificates = {authority.issue("a", "DNS:a", TestAuthority::Kind::kEcdsa, -100),
                          authority.issue("b", "DNS:b")};
  const auto lifetimes = TlsServer::create(options).value()->lifetimes();
  ASSERT_EQ(lifetimes.size(), 2u);
  EXPECT_EQ(lifetimes[0].certificate, "a");
  EXPECT_LT(lifetimes[0].until, time(nullptr));
  EXPECT_GT(lifetimes[1].until, time(nullptr));
}

}  // namespace
}  // namespace bia::net
