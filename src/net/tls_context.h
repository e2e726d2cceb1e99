#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "net/tls_stream.h"

namespace bia::net {

/// A file of connections' secrets; lines of many threads do not mix. Opened on creation.
class TlsKeyLog {
 public:
  static Result<std::shared_ptr<TlsKeyLog>> open(const std::string& path);
  ~TlsKeyLog();
  void append(std::string_view line) const;

 private:
  explicit TlsKeyLog(int fd) : fd_(fd) {}
  int fd_;
};

/// A certificate with the chain below its authority, and its key.
struct TlsIdentity {
  X509Ptr certificate;
  std::vector<X509Ptr> chain;
  KeyPtr key;
  /// Lower-case names that it is for.
  std::vector<std::string> names;
};

Result<std::string> read_file(const std::string& path);
Result<TlsIdentity> load_identity(const TlsCertificate& from);
/// Adds to the authorities that `context` trusts.
Result<void> trust(SSL_CTX* context, std::string_view pem, std::string_view where);
Result<void> use_identity(SSL_CTX* context, const TlsIdentity& identity);
Result<void> apply_limits(SSL_CTX* context, const TlsLimits& limits);
/// "\x02h2\x08http/1.1". Errors: kInvalidArgument for an empty name or a long one.
Result<std::string> alpn_wire(const std::vector<std::string>& names);
/// What both sides share: modes, buffers, verification.
SslContextPtr new_context(const SSL_METHOD* method);

Error tls_config_error(std::string_view reason, std::string message);
/// Empties OpenSSL's queue.
std::string openssl_text();

}  // namespace bia::net
