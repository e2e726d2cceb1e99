#include <fmt/format.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "net/tls_stream.h"

namespace bia::net {
namespace {

struct Names {
  std::string dns;
  std::string addresses;
};

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  const unsigned char* at = ASN1_STRING_get0_data(bytes);
  const int size = ASN1_STRING_length(bytes);
  if (size == 4) return fmt::format("{}.{}.{}.{}", at[0], at[1], at[2], at[3]);
  std::string text;
  for (int i = 0; i + 1 < size; i += 2)
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", at[i] << 8 | at[i + 1]);
  return text;
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

Names names_of(X509* certificate) {
  Names names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) {
      append(names.dns, {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))});
    } else if (name->type == GEN_IPADD) {
      append(names.addresses, address_text(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string time_text(const ASN1_TIME* time) {
  tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown time";
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// Go's sentences (crypto/x509), which k6's users know.

std::string expired_text(X509* certificate, bool early) {
  const std::time_t now = std::time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  const std::string at(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
  return fmt::format(
      "x509: certificate has expired or is not yet valid: current time {} is {} {}", at,
      early ? "before" : "after",
      time_text(early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate)));
}

std::string host_text(X509* certificate, const std::string& wanted, bool is_address) {
  const Names names = names_of(certificate);
  const std::string& valid = is_address ? names.addresses : names.dns;
  if (!valid.empty())
    return fmt::format("x509: certificate is valid for {}, not {}", valid, wanted);
  if (is_address) {
    return fmt::format(
        "x509: cannot validate certificate for {} because it doesn't contain any IP SANs", wanted);
  }
  return fmt::format("x509: certificate is not valid for any names, but wanted to match {}",
                     wanted);
}

/// The lower comes first; Go's order.
int rank(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return 0;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return 1;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // An authority of the same name.
      return 2;
    default:
      return 3;
  }
}

TlsStream& stream_of(X509_STORE_CTX* store) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return TlsStream::of(ssl);
}

std::string text_of(int error, X509* certificate, const TlsStream& stream) {
  switch (rank(error)) {
    case 0:
      return expired_text(certificate, error == X509_V_ERR_CERT_NOT_YET_VALID);
    case 1:
      return host_text(certificate, stream.peer_name, error == X509_V_ERR_IP_ADDRESS_MISMATCH);
    case 2:
      return "x509: certificate signed by unknown authority";
    default:
      return fmt::format("x509: {}", X509_verify_cert_error_string(error));
  }
}

/// Goes on after each problem, so that the weightiest is reported and not the first.
int note_problem(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  TlsStream& stream = stream_of(store);
  const int error = X509_STORE_CTX_get_error(store);
  if (stream.verify_error == 0 || rank(error) < rank(stream.verify_error)) {
    stream.verify_error = error;
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (rank(error) == 1 || certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
    stream.verify_text = text_of(error, certificate, stream);
  }
  return 1;
}

}  // namespace

int verify_peer(X509_STORE_CTX* store, void*) {
  TlsStream& stream = stream_of(store);
  stream.verify_error = 0;
  X509_STORE_CTX_set_verify_cb(store, note_problem);
  const int verified = X509_verify_cert(store);
  if (stream.verify_error == 0 && verified <= 0) {
    stream.verify_error = X509_STORE_CTX_get_error(store);
    if (stream.verify_error == X509_V_OK) stream.verify_error = X509_V_ERR_UNSPECIFIED;
    stream.verify_text = text_of(X509_V_ERR_UNSPECIFIED, nullptr, stream);
  }
  X509_STORE_CTX_set_error(store, stream.verify_error);
  return stream.verify_error == 0 ? 1 : 0;
}

std::string alternative_names(X509* certificate) {
  std::string text;
  const Names names = names_of(certificate);
  if (!names.dns.empty()) text = "DNS:" + names.dns;
  for (size_t at = 0; (at = text.find(", ", at)) != std::string::npos; at += 6)
    text.replace(at, 2, ", DNS:");
  if (names.addresses.empty()) return text;
  std::string addresses = "IP Address:" + names.addresses;
  for (size_t at = 0; (at = addresses.find(", ", at)) != std::string::npos; at += 13)
    addresses.replace(at, 2, ", IP Address:");
  append(text, addresses);
  return text;
}

}  // namespace bia::net
