#include "bia/net/tls.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::net {
namespace {

/// The staple that a client is given, "" where none.
std::string stapled(const TlsServer& served, const TestAuthority& authority,
                    TlsClientOptions::Ocsp asks, const std::string& ciphers = "") {
  TlsClientOptions options;
  options.roots = TlsClientOptions::Roots::kNone;
  options.ca_pem = authority.pem();
  options.ocsp = asks;
  if (!ciphers.empty()) {
    options.limits.max = TlsVersion::k12;
    options.limits.ciphers = ciphers;
  }
  auto context = TlsClient::create(options).value();
  auto [client, server] = connected_pair();
  auto other = start([&] { server.start_tls(served, Deadline::after(kSoon)).value(); });
  client.start_tls(*context, "localhost", Deadline::after(kSoon)).value();
  EXPECT_TRUE(other.join(Deadline::after(kSoon)).ok());
  return client.tls()->ocsp_response;
}

TEST(TlsOcsp, StaplesWhatStandsBesideTheCertificateThatIsUsed) {
  in_scheduler([] {
    const TestAuthority authority;
    TlsServerOptions options;
    options.certificates = {
        authority.issue("localhost", "DNS:localhost"),
        authority.issue("localhost", "DNS:localhost", TestAuthority::Kind::kRsa)};
    const std::string of_ecdsa = authority.ocsp(options.certificates[0], 3600);
    const std::string of_rsa = authority.ocsp(options.certificates[1], 3600);
    const TestFile first(of_ecdsa);
    const TestFile second(of_rsa);
    options.certificates[0].ocsp_file = first.path();
    options.certificates[1].ocsp_file = second.path();
    auto served = TlsServer::create(options).value();
    using Ocsp = TlsClientOptions::Ocsp;
    EXPECT_EQ(stapled(*served, authority, Ocsp::kAsk), of_ecdsa);
    EXPECT_EQ(stapled(*served, authority, Ocsp::kAsk, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
              of_ecdsa);
    EXPECT_EQ(stapled(*served, authority, Ocsp::kAsk, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
              of_rsa);
    EXPECT_EQ(stapled(*served, authority, Ocsp::kDoNotAsk), "");
    const auto lifetimes = served->lifetimes();
    ASSERT_EQ(lifetimes.size(), 4u);
    EXPECT_EQ(lifetimes[0].ocsp_file, "");
    EXPECT_EQ(lifetimes[1].certificate, "localhost");
    EXPECT_EQ(lifetimes[1].ocsp_file, first.path());
    EXPECT_NEAR(static_cast<double>(lifetimes[1].until), static_cast<double>(time(nullptr) + 3600),
                60.0);
    // What has run out says nothing any more.
    first.write(authority.ocsp(options.certificates[0], -3600));
    ASSERT_TRUE(served->reload().ok());
    EXPECT_EQ(stapled(*served, authority, Ocsp::kAsk), "");
    EXPECT_LT(served->lifetimes()[1].until, time(nullptr));
    const std::string renewed = authority.ocsp(options.certificates[0], 7200);
    first.write(renewed);
    ASSERT_TRUE(served->reload().ok());
    EXPECT_EQ(stapled(*served, authority, Ocsp::kAsk), renewed);
  });
}

TEST(TlsOcsp, NamesWhatIsWrongWithTheFile) {
  const TestAuthority authority;
  TlsServerOptions options;
  options.certificates = {authority.issue("a", "DNS:a")};
  const auto error_for = [&](const std::string& bytes) {
    const TestFile file(bytes);
    options.certificates[0].ocsp_file = file.path();
    std::string message = TlsServer::create(options).error().message();
    return message.substr(std::min(message.size(), file.path().size()));
  };
  EXPECT_EQ(error_for(""), ": is no OCSP response in DER");
  EXPECT_EQ(error_for("no DER"), ": is no OCSP response in DER");
  EXPECT_EQ(error_for(std::string("\x30\x03\x0a\x01\x03", 5)),
            ": the OCSP response says \"trylater\"");
  EXPECT_EQ(error_for(authority.ocsp(authority.issue("b", "DNS:b"), 3600)),
            ": the OCSP response is not about the certificate that it stands beside");
  options.certificates[0].ocsp_file = "/no/such/file.der";
  EXPECT_EQ(TlsServer::create(options).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace bia::net
