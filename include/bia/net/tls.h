#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace bia::net {

/// As on the wire (RFC 8446 section 4.2.1).
enum class TlsVersion : uint16_t { k10 = 0x0301, k11 = 0x0302, k12 = 0x0303, k13 = 0x0304 };

/// "tls1.3" or "1.3". Errors: kInvalidArgument for another text.
Result<TlsVersion> parse_tls_version(std::string_view text);
/// "tls1.3".
std::string_view tls_version_name(TlsVersion version);

/// A certificate chain and its key, PEM, each as a file's path or as text; the text goes first.
struct TlsCertificate {
  std::string certificate_file;
  std::string key_file;
  std::string certificate_pem;
  std::string key_pem;
  std::string key_password;
  /// Server: an OCSP response about it, DER, stapled until its nextUpdate for clients that ask.
  /// Empty: none.
  std::string ocsp_file = {};
};

/// Of a connection after its handshake.
struct TlsInfo {
  TlsVersion version = TlsVersion::k13;
  /// IANA's name: "TLS_AES_128_GCM_SHA256". Lives for ever.
  std::string_view cipher;
  /// What ALPN chose ("h2", "http/1.1"); empty where either side did not ask.
  std::string alpn;
  /// The name that the client asked for; empty for an address.
  std::string server_name;
  bool resumed = false;
  Duration handshake{};
  /// Of the peer's certificate: "CN=alice,O=example" (RFC 2253), "DNS:a.example, IP
  /// Address:127.0.0.1"; empty where it sent none. On a server it was verified.
  std::string peer_subject;
  std::string peer_alternative_names;
  /// Client: the stapled OCSP response, DER; empty where there is none.
  std::string ocsp_response;
};

struct TlsLimits {
  TlsVersion min = TlsVersion::k12;
  TlsVersion max = TlsVersion::k13;
  /// Of TLS 1.2 and below: OpenSSL's list, or IANA's names, separated by ":" or ","; empty:
  /// OpenSSL's default.
  std::string ciphers;
  /// Of TLS 1.3, by IANA's names and in order; empty: the default.
  std::string cipher_suites;
};

struct TlsServerOptions {
  /// The first serves where no name matches what a client asks for (SNI, RFC 6066 section 3).
  /// Certificates for the same names but of different kinds (RSA, ECDSA) are chosen by what the
  /// client can verify.
  std::vector<TlsCertificate> certificates;
  TlsLimits limits;
  /// Mutual TLS: kVerifyIfGiven lets clients without a certificate in, kRequire does not.
  enum class ClientCertificate : uint8_t { kNone, kVerifyIfGiven, kRequire };
  ClientCertificate client_certificate = ClientCertificate::kNone;
  /// PEM of the authorities that may sign clients' certificates.
  std::string client_ca_file;
  /// In the server's order of preference; empty: no ALPN. A client that offers none of them is
  /// refused (RFC 7301 section 3.2).
  std::vector<std::string> alpn;
  /// Session tickets (RFC 5077, RFC 8446 section 4.6.1). Their keys are shared by all threads, last
  /// `ticket_key_life` each, and survive a reload. A resumed session counts as its first handshake:
  /// with all tickets that follow it ends one `ticket_key_life` after that, and sooner when a
  /// certificate of the client's chain expires or when a reload brings other `client_ca_file`s.
  enum class Tickets : uint8_t { kOff, kOn };
  Tickets tickets = Tickets::kOn;
  Duration ticket_key_life = std::chrono::hours(12);
  /// Appends the secrets of each connection (NSS key log), for wireshark. Empty: none.
  std::string key_log_file;
};

class TlsTicketKeys;

/// What a server's side of handshakes needs. Shared by all threads.
class TlsServer {
 public:
  /// Reads the files; may block. Errors: kInvalidArgument naming the file and what is wrong with
  /// it; kNotFound for a file that is not there.
  static Result<std::shared_ptr<TlsServer>> create(TlsServerOptions options);
  ~TlsServer();
  /// Reads the files again. Handshakes that begin after it use what is there then; connections
  /// stay. On an error the old certificates stay. Thread-safe; may block.
  Result<void> reload();
  const TlsServerOptions& options() const;
  /// How long the certificates and the OCSP responses that were loaded last hold (Unix time:
  /// notAfter, or nextUpdate, which may be none: INT64_MAX). After it clients refuse the one, and
  /// the other is not sent. Thread-safe.
  struct Lifetime {
    std::string certificate;  ///< its file, or where it was given as text its first name
    std::string ocsp_file;    ///< empty: the certificate's own
    int64_t until = INT64_MAX;
  };
  std::vector<Lifetime> lifetimes() const;

  class Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit TlsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct TlsClientOptions {
  /// kSystem: OpenSSL's default file and folder (SSL_CERT_FILE and SSL_CERT_DIR override them).
  enum class Roots : uint8_t { kSystem, kNone };
  Roots roots = Roots::kSystem;
  /// Added to them: a PEM file, PEM text.
  std::string ca_file;
  std::string ca_pem;
  enum class Verify : uint8_t { kYes, kInsecureSkip };
  Verify verify = Verify::kYes;
  /// What the server may ask for; the first whose issuer it names, or the first.
  std::vector<TlsCertificate> certificates;
  TlsLimits limits;
  std::vector<std::string> alpn;
  std::string key_log_file;
  /// Ask for a stapled OCSP response.
  enum class Ocsp : uint8_t { kDoNotAsk, kAsk };
  Ocsp ocsp = Ocsp::kDoNotAsk;
};

/// A client's side. Immutable: shared by all threads and by thousands of users.
class TlsClient {
 public:
  /// Reads the files; may block. Errors as TlsServer's.
  static Result<std::shared_ptr<const TlsClient>> create(TlsClientOptions options);
  ~TlsClient();
  const TlsClientOptions& options() const;

  class Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit TlsClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The last session of one server, for resumption: give the same one to each handshake with it.
/// Belongs to its thread.
class TlsSession {
 public:
  TlsSession();
  ~TlsSession();

  class Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace bia::net
