#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>

#include "net/io_error.h"
#include "net/tls_stream.h"

namespace bia::net {
namespace {

/// Go's names (crypto/tls), which k6 prints.
std::string_view alert_name(int alert) {
  switch (alert) {
    case 10:
      return "unexpected message";
    case 20:
      return "bad record MAC";
    case 22:
      return "record overflow";
    case 40:
      return "handshake failure";
    case 42:
      return "bad certificate";
    case 43:
      return "unsupported certificate";
    case 44:
      return "revoked certificate";
    case 45:
      return "expired certificate";
    case 46:
      return "unknown certificate";
    case 47:
      return "illegal parameter";
    case 48:
      return "unknown certificate authority";
    case 49:
      return "access denied";
    case 50:
      return "error decoding message";
    case 51:
      return "error decrypting message";
    case 70:
      return "protocol version not supported";
    case 71:
      return "insufficient security level";
    case 80:
      return "internal error";
    case 86:
      return "inappropriate fallback";
    case 90:
      return "user canceled";
    case 109:
      return "missing extension";
    case 110:
      return "unsupported extension";
    case 112:
      return "unrecognized name";
    case 116:
      return "certificate required";
    case 120:
      return "no application protocol";
    default:
      return {};
  }
}

Error unavailable(std::string_view reason, std::string message) {
  return Error(Code::kUnavailable, reason, std::move(message));
}

Error alert_error(int alert) {
  const std::string_view name = alert_name(alert);
  return unavailable("TLS_ALERT", name.empty() ? fmt::format("remote error: tls: alert({})", alert)
                                               : fmt::format("remote error: tls: {}", name))
      .with_metadata("alert", std::to_string(alert));
}

Error verify_error(const TlsStream& stream) {
  std::string_view reason = "TLS_BAD_CERTIFICATE";
  switch (stream.verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      reason = "TLS_EXPIRED";
      break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      reason = "TLS_HOST_MISMATCH";
      break;
    default:
      if (stream.verify_text.ends_with("unknown authority")) reason = "TLS_UNKNOWN_AUTHORITY";
  }
  return unavailable(reason, "tls: failed to verify certificate: " + stream.verify_text);
}

Error library_error(const TlsStream& stream, unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  const char* said = ERR_reason_error_string(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (reason > SSL_AD_REASON_OFFSET) return alert_error(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
      case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return verify_error(stream);
      case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return unavailable("UNEXPECTED_EOF", stream.established ? "unexpected EOF" : "EOF");
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST:
      case SSL_R_HTTPS_PROXY_REQUEST:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
      case SSL_R_WRONG_SSL_VERSION:
      case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
        return unavailable("TLS_NOT_TLS", "tls: first record does not look like a TLS handshake");
      case SSL_R_NO_SHARED_CIPHER:
        return unavailable("TLS_NO_SHARED", "tls: the peer shares no cipher suite with us");
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_VERSION_TOO_LOW:
      case SSL_R_VERSION_TOO_HIGH:
        return unavailable("TLS_NO_SHARED", "tls: the peer shares no version with us");
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return unavailable("TLS_NO_SHARED", "tls: the peer shares no application protocol with us");
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return unavailable("TLS_BAD_CERTIFICATE", "tls: the client sent no certificate");
      default:
        break;
    }
  }
  return unavailable("TLS_FAILED", fmt::format("tls: {}", said != nullptr ? said : "it failed"));
}

}  // namespace

Error tls_error(TlsStream& stream, std::string_view what, int result) {
  stream.failed = true;
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  // A chain that does not verify leaves other things in the queue as well.
  if (stream.verify_error != 0 && !stream.established) return verify_error(stream);
  if (result == SSL_ERROR_SYSCALL && stream.error_number != 0)
    return io_error(what, stream.error_number);
  if (code != 0) return library_error(stream, code);
  if (stream.error_number != 0) return io_error(what, stream.error_number);
  return unavailable("UNEXPECTED_EOF", stream.established ? "unexpected EOF" : "EOF");
}

}  // namespace bia::net
