#include "net/tls_context.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "bia/base/assert.h"

namespace bia::net {
namespace {

BioPtr memory(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int password_of(char* into, int size, int, void* user) {
  const auto& password = *static_cast<const std::string*>(user);
  if (password.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(into, password.data(), password.size());
  return static_cast<int>(password.size());
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names.push_back(
        lower_case({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                    static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  GENERAL_NAMES_free(all);
  char common[256];
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             common, sizeof common);
  if (names.empty() && size > 0) names.push_back(lower_case({common, static_cast<size_t>(size)}));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Error tls_config_error(std::string_view reason, std::string message) {
  return Error(Code::kInvalidArgument, reason, std::move(message));
}

std::string openssl_text() {
  const unsigned long code = ERR_peek_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string out = text != nullptr ? text : "it cannot be read";
  ERR_clear_error();
  return out;
}

Result<std::shared_ptr<TlsKeyLog>> TlsKeyLog::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return tls_config_error("KEY_LOG", fmt::format("key log {}: {}", path, std::strerror(errno)));
  return std::shared_ptr<TlsKeyLog>(new TlsKeyLog(fd));
}

TlsKeyLog::~TlsKeyLog() { ::close(fd_); }

void TlsKeyLog::append(std::string_view line) const {
  std::string whole(line);
  whole += '\n';
  // In one call, so that the lines of many threads stay whole. What is lost is lost: it is for
  // debugging.
  [[maybe_unused]] ssize_t written = ::write(fd_, whole.data(), whole.size());
}

Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return Error(errno == ENOENT ? Code::kNotFound : Code::kInvalidArgument, "TLS_FILE",
                 fmt::format("{}: {}", path, std::strerror(errno)));
  }
  constexpr size_t kFileBytesMax = 16 << 20;
  std::string text;
  ssize_t count = 1;
  for (size_t filled = 0; filled < kFileBytesMax && count > 0;) {
    text.resize(filled + 4096);
    count = ::read(fd, text.data() + filled, 4096);
    filled += static_cast<size_t>(std::max<ssize_t>(count, 0));
    text.resize(filled);
  }
  const int failed = count < 0 ? errno : 0;
  ::close(fd);
  if (failed != 0)
    return tls_config_error("TLS_FILE", fmt::format("{}: {}", path, std::strerror(failed)));
  return text;
}

namespace {

/// After the last certificate that could be read: another one that cannot is not left out in
/// silence.
Result<void> at_end_of_pem(std::string_view reason, std::string_view where, size_t number) {
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) {
    ERR_clear_error();
    return {};
  }
  return tls_config_error(
      reason, fmt::format("{}: certificate {} cannot be read: {}", where, number, openssl_text()));
}

/// Why `pem` gave no key.
Error bad_key(const TlsCertificate& from, std::string_view where, std::string_view pem) {
  const std::string why = openssl_text();
  // PKCS #8 and the form before it say so alike.
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return tls_config_error(
        "TLS_KEY", from.key_password.empty()
                       ? fmt::format("{}: the key is encrypted, and no password is given", where)
                       : fmt::format("{}: the password does not open the key: {}", where, why));
  }
  auto error =
      tls_config_error("TLS_KEY", fmt::format("{}: no private key in PEM: {}", where, why));
  if (!from.key_file.empty() || !from.key_pem.empty()) return error;
  return std::move(error).with_hint("name the key's file; it is not beside the certificate");
}

/// The key must be the first certificate's.
Result<void> check_pair(const TlsIdentity& identity, std::string_view where,
                        std::string_view key_where) {
  const auto fits = [&](X509* each) {
    const bool yes = X509_check_private_key(each, identity.key.get()) == 1;
    ERR_clear_error();
    return yes;
  };
  if (fits(identity.certificate.get())) return {};
  size_t number = 2;
  for (const X509Ptr& each : identity.chain) {
    if (fits(each.get()))
      return tls_config_error(
          "TLS_KEY_MISMATCH",
          fmt::format("{}: the certificate of {} is number {}; it must be the first, before those "
                      "that signed it",
                      where, key_where, number));
    ++number;
  }
  return tls_config_error("TLS_KEY_MISMATCH",
                          fmt::format("{}: not the key of {}", key_where, where));
}

}  // namespace

Result<TlsIdentity> load_identity(const TlsCertificate& from) {
  TlsIdentity identity;
  const bool inline_pem = !from.certificate_pem.empty();
  const std::string pem =
      inline_pem ? from.certificate_pem : BIA_TRY(read_file(from.certificate_file));
  const std::string where = inline_pem ? "the certificate" : from.certificate_file;
  BioPtr in = memory(pem);
  identity.certificate.reset(PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr));
  if (!identity.certificate)
    return tls_config_error("TLS_CERTIFICATE",
                            fmt::format("{}: no certificate in PEM: {}", where, openssl_text()));
  while (X509* next = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))
    identity.chain.emplace_back(next);
  BIA_TRY(at_end_of_pem("TLS_CERTIFICATE", where, identity.chain.size() + 2));
  const bool inline_key = !from.key_pem.empty();
  const std::string key_pem = inline_key              ? from.key_pem
                              : from.key_file.empty() ? pem
                                                      : BIA_TRY(read_file(from.key_file));
  const std::string key_where = inline_key              ? "the key"
                                : from.key_file.empty() ? where
                                                        : from.key_file;
  in = memory(key_pem);
  std::string password = from.key_password;
  identity.key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, password_of, &password));
  if (!identity.key) return bad_key(from, key_where, key_pem);
  BIA_TRY(check_pair(identity, where, key_where));
  identity.names = names_of(identity.certificate.get());
  return identity;
}

Result<void> trust(SSL_CTX* context, std::string_view pem, std::string_view where) {
  BioPtr in = memory(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  size_t count = 0;
  while (X509* each = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, each);
    X509_free(each);
    ++count;
  }
  if (count > 0) return at_end_of_pem("TLS_CA", where, count + 1);
  return tls_config_error("TLS_CA",
                          fmt::format("{}: no certificate in PEM: {}", where, openssl_text()));
}

Result<void> use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const X509Ptr& each : identity.chain) sk_X509_push(chain, each.get());
  const int used = SSL_CTX_use_cert_and_key(context, identity.certificate.get(), identity.key.get(),
                                            chain, /*override=*/1);
  sk_X509_free(chain);
  if (used == 1) return {};
  return tls_config_error("TLS_CERTIFICATE",
                          fmt::format("the certificate cannot be used: {}", openssl_text()));
}

namespace {

/// The next name of a list; empty where there is none.
std::string_view next_cipher(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(":, "), list.size()));
  const std::string_view name = list.substr(0, list.find_first_of(":, "));
  list.remove_prefix(name.size());
  return name;
}

Error unknown_cipher(std::string_view name) {
  return tls_config_error("TLS_CIPHERS", fmt::format("unknown cipher suite '{}'", name));
}

/// OpenSSL leaves out what it does not know as long as it knows another one.
Result<void> check_cipher(std::string_view name) {
  // What takes away may name what is not there.
  if (std::string_view("!-@").find(name[0]) != std::string_view::npos) return {};
  if (name[0] == '+') name.remove_prefix(1);
  const SslContextPtr alone(SSL_CTX_new(TLS_method()));
  if (SSL_CTX_set_cipher_list(alone.get(), std::string(name).c_str()) == 1) return {};
  ERR_clear_error();
  return unknown_cipher(name);
}

/// In order, by ":" between.
Result<std::string> openssl_suites(SSL_CTX* context, std::string_view list) {
  std::string out;
  for (std::string name; !(name = next_cipher(list)).empty();) {
    // OpenSSL takes TLS 1.2's names too, and then speaks none of them.
    const bool older = name.find("_WITH_") != std::string::npos;
    if (older || SSL_CTX_set_ciphersuites(context, name.c_str()) != 1) {
      ERR_clear_error();
      return unknown_cipher(name).with_hint("those of TLS 1.2 go into the list of ciphers");
    }
    if (!out.empty()) out += ':';
    out += name;
  }
  return out;
}

/// IANA's names become OpenSSL's; TLS 1.3's are not for this list.
Result<std::string> openssl_ciphers(SSL_CTX* context, std::string_view list) {
  SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  std::string out;
  for (std::string_view name; !(name = next_cipher(list)).empty();) {
    if (name.starts_with("TLS_")) {
      // Go's name of what IANA calls …_POLY1305_SHA256.
      const std::string wanted =
          name.ends_with("_CHACHA20_POLY1305") ? std::string(name) + "_SHA256" : std::string(name);
      STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
      const SSL_CIPHER* found = nullptr;
      for (int i = 0; i < sk_SSL_CIPHER_num(all) && found == nullptr; ++i) {
        const SSL_CIPHER* each = sk_SSL_CIPHER_value(all, i);
        if (wanted == SSL_CIPHER_standard_name(each)) found = each;
      }
      if (found == nullptr) return unknown_cipher(name);
      if (std::string_view(SSL_CIPHER_get_version(found)) == "TLSv1.3") continue;
      name = SSL_CIPHER_get_name(found);
    } else {
      BIA_TRY(check_cipher(name));
    }
    if (!out.empty()) out += ':';
    out += name;
  }
  return out;
}

}  // namespace

Result<void> apply_limits(SSL_CTX* context, const TlsLimits& limits) {
  if (limits.min > limits.max)
    return tls_config_error(
        "TLS_VERSION", fmt::format("the lowest version {} is above the highest {}",
                                   tls_version_name(limits.min), tls_version_name(limits.max)));
  SSL_CTX_set_min_proto_version(context, static_cast<int>(limits.min));
  SSL_CTX_set_max_proto_version(context, static_cast<int>(limits.max));
  std::string list = BIA_TRY(openssl_ciphers(context, limits.ciphers));
  const bool known = !list.empty();
  if (!known) list = "DEFAULT";
  // OpenSSL 3 signs nothing with TLS 1.1's digests above level 0.
  if (limits.min < TlsVersion::k12) list += ":@SECLEVEL=0";
  if (SSL_CTX_set_cipher_list(context, list.c_str()) != 1)
    return tls_config_error("TLS_CIPHERS", fmt::format("ciphers \"{}\": {}", list, openssl_text()));
  if (!limits.cipher_suites.empty()) {
    const std::string suites = BIA_TRY(openssl_suites(context, limits.cipher_suites));
    if (SSL_CTX_set_ciphersuites(context, suites.c_str()) != 1)
      return tls_config_error("TLS_CIPHERS",
                              fmt::format("cipher suites \"{}\": {}", suites, openssl_text()));
  }
  ERR_clear_error();
  return {};
}

Result<std::string> alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255)
      return tls_config_error("TLS_ALPN", fmt::format("\"{}\" is no protocol's name", name));
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

SslContextPtr new_context(const SSL_METHOD* method) {
  SslContextPtr context(SSL_CTX_new(method));
  BIA_ASSERT(context != nullptr && "OpenSSL is out of memory");
  // An idle connection holds no buffers; a read takes the record's head and body in one call.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_cert_verify_callback(context.get(), verify_peer, nullptr);
  return context;
}

Result<TlsVersion> parse_tls_version(std::string_view text) {
  std::string_view number = text;
  if (number.starts_with("tls")) number.remove_prefix(3);
  if (number == "1.0") return TlsVersion::k10;
  if (number == "1.1") return TlsVersion::k11;
  if (number == "1.2") return TlsVersion::k12;
  if (number == "1.3") return TlsVersion::k13;
  return tls_config_error("TLS_VERSION", fmt::format("unknown TLS version '{}'", text));
}

std::string_view tls_version_name(TlsVersion version) {
  switch (version) {
    case TlsVersion::k10:
      return "tls1.0";
    case TlsVersion::k11:
      return "tls1.1";
    case TlsVersion::k12:
      return "tls1.2";
    case TlsVersion::k13:
      return "tls1.3";
  }
  return "unknown";
}

}  // namespace bia::net
