#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <utility>

#include "fiber/snapshot.h"
#include "net/tls_context.h"
#include "net/tls_ocsp.h"
#include "net/tls_streams.h"
#include "net/tls_tickets.h"

namespace bia::net {

/// What was loaded at once. A handshake owns it until it is done.
struct TlsServerContexts {
  struct Entry {
    SslContextPtr context;
    std::vector<std::string> names;
    std::vector<std::pair<const X509*, OcspStaple>> staples;
  };
  std::vector<Entry> entries;
  std::vector<TlsServer::Lifetime> lifetimes;  ///< of all entries
  std::string alpn;
  std::shared_ptr<TlsTicketKeys> tickets;
  std::shared_ptr<TlsKeyLog> key_log;
};

namespace {

const TlsServerContexts& contexts_of(const SSL* ssl) {
  return *static_cast<const TlsServerContexts*>(TlsStream::of(ssl).contexts.get());
}

/// RFC 6125 section 6.4.3: a leftmost "*" stands for one label.
bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern == name) return true;
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

int on_server_name(SSL* ssl, int*, void*) {
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  std::string name(asked);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (name.ends_with('.')) name.pop_back();
  // An exact name goes before a pattern.
  const TlsServerContexts::Entry* found = nullptr;
  for (const auto& entry : contexts_of(ssl).entries) {
    for (const std::string& each : entry.names) {
      if (each == name) {
        SSL_set_SSL_CTX(ssl, entry.context.get());
        return SSL_TLSEXT_ERR_OK;
      }
      if (found == nullptr && name_matches(each, name)) found = &entry;
    }
  }
  if (found != nullptr) SSL_set_SSL_CTX(ssl, found->context.get());
  return SSL_TLSEXT_ERR_OK;
}

int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
            unsigned in_size, void*) {
  const std::string& ours = contexts_of(ssl).alpn;
  const std::string_view theirs(reinterpret_cast<const char*>(in), in_size);
  for (size_t at = 0; at < ours.size(); at += 1 + static_cast<uint8_t>(ours[at])) {
    const std::string_view wanted(ours.data() + at + 1, static_cast<uint8_t>(ours[at]));
    for (size_t i = 0; i < theirs.size(); i += 1 + static_cast<uint8_t>(theirs[i])) {
      if (theirs.substr(i + 1, static_cast<uint8_t>(theirs[i])) != wanted) continue;
      *out = reinterpret_cast<const unsigned char*>(wanted.data());
      *out_size = static_cast<unsigned char>(wanted.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int on_ocsp(SSL* ssl, void*) {
  const X509* chosen = SSL_get_certificate(ssl);
  for (const auto& entry : contexts_of(ssl).entries) {
    for (const auto& [certificate, staple] : entry.staples) {
      if (certificate != chosen) continue;
      if (staple.until <= time(nullptr)) return SSL_TLSEXT_ERR_NOACK;
      void* copy = OPENSSL_memdup(staple.der.data(), staple.der.size());
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple.der.size()));
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

void on_key_log(const SSL* ssl, const char* line) {
  // Secrets are made during the handshake alone, while the stream holds the contexts.
  if (TlsStream::of(ssl).contexts != nullptr) contexts_of(ssl).key_log->append(line);
}

int verify_mode(TlsServerOptions::ClientCertificate wanted) {
  switch (wanted) {
    case TlsServerOptions::ClientCertificate::kNone:
      return SSL_VERIFY_NONE;
    case TlsServerOptions::ClientCertificate::kVerifyIfGiven:
      return SSL_VERIFY_PEER;
    case TlsServerOptions::ClientCertificate::kRequire:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_NONE;
}

/// A session is resumed without its client's certificate being looked at again: only where what it
/// was verified by is still the same.
void bind_sessions(SSL_CTX* context, int verify_mode, std::string_view authorities) {
  std::string verified_by(1, static_cast<char>(verify_mode));
  verified_by += authorities;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(verified_by.data()), verified_by.size(), digest);
  static_assert(sizeof digest <= SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context, digest, sizeof digest);
}

Result<void> ask_for_certificates(SSL_CTX* context, const TlsServerOptions& options) {
  const int mode = verify_mode(options.client_certificate);
  SSL_CTX_set_verify(context, mode, nullptr);
  bind_sessions(context, mode, "");
  if (options.client_certificate == TlsServerOptions::ClientCertificate::kNone) return {};
  if (options.client_ca_file.empty()) {
    return tls_config_error("TLS_CA",
                            "client certificates are asked for, and no authority is given")
        .with_hint("name a PEM file of the authorities that sign them");
  }
  const std::string authorities = BIA_TRY(read_file(options.client_ca_file));
  BIA_TRY(trust(context, authorities, options.client_ca_file));
  bind_sessions(context, mode, authorities);
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.client_ca_file.c_str()));
  return {};
}

Result<SslContextPtr> make_context(const TlsServerOptions& options,
                                   const TlsServerContexts& contexts) {
  SslContextPtr context = new_context(TLS_server_method());
  BIA_TRY(apply_limits(context.get(), options.limits));
  BIA_TRY(ask_for_certificates(context.get(), options));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
  SSL_CTX_set_tlsext_status_cb(context.get(), on_ocsp);
  if (!contexts.alpn.empty()) SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, nullptr);
  if (contexts.key_log) SSL_CTX_set_keylog_callback(context.get(), on_key_log);
  if (contexts.tickets) {
    contexts.tickets->attach(context.get());
    SSL_CTX_set_num_tickets(context.get(), 1);
  } else {
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context.get(), 0);
  }
  return context;
}

int64_t end_of(const X509* certificate) {
  tm parts{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 ? timegm(&parts) : INT64_MAX;
}

std::string name_of(const TlsCertificate& from, const TlsIdentity& identity) {
  if (!from.certificate_file.empty() || identity.names.empty()) return from.certificate_file;
  return identity.names.front();
}

Result<std::shared_ptr<const TlsServerContexts>> load(const TlsServerOptions& options,
                                                      std::shared_ptr<TlsTicketKeys> tickets,
                                                      std::shared_ptr<TlsKeyLog> key_log) {
  auto contexts = std::make_shared<TlsServerContexts>();
  contexts->tickets = std::move(tickets);
  contexts->key_log = std::move(key_log);
  contexts->alpn = BIA_TRY(alpn_wire(options.alpn));
  // By names and, among those for the same ones, by kinds of key: OpenSSL chooses within a context.
  std::map<std::vector<std::string>, std::pair<size_t, std::vector<int>>> places;
  for (const TlsCertificate& each : options.certificates) {
    TlsIdentity identity = BIA_TRY(load_identity(each));
    const int kind = EVP_PKEY_get_base_id(identity.key.get());
    auto place = places.find(identity.names);
    const bool joins = place != places.end() &&
                       std::find(place->second.second.begin(), place->second.second.end(), kind) ==
                           place->second.second.end();
    if (!joins && place != places.end()) {
      return tls_config_error(
          "TLS_CERTIFICATE",
          fmt::format("{}: another certificate for the same names has a key of the same kind, so "
                      "that this one would never be sent",
                      name_of(each, identity)));
    }
    if (!joins) {
      place = places
                  .insert_or_assign(identity.names,
                                    std::pair(contexts->entries.size(), std::vector<int>()))
                  .first;
      auto context = BIA_TRY(make_context(options, *contexts));
      contexts->entries.push_back({std::move(context), identity.names, {}});
    }
    place->second.second.push_back(kind);
    auto& entry = contexts->entries[place->second.first];
    BIA_TRY(use_identity(entry.context.get(), identity));
    std::string name = name_of(each, identity);
    contexts->lifetimes.push_back({name, "", end_of(identity.certificate.get())});
    if (each.ocsp_file.empty()) continue;
    // The context keeps the certificate alive.
    const X509* certificate = identity.certificate.get();
    entry.staples.emplace_back(certificate, BIA_TRY(load_ocsp(each.ocsp_file, certificate)));
    contexts->lifetimes.push_back(
        {std::move(name), each.ocsp_file, entry.staples.back().second.until});
  }
  return std::shared_ptr<const TlsServerContexts>(std::move(contexts));
}

}  // namespace

class TlsServer::Impl {
 public:
  TlsServerOptions options;
  std::shared_ptr<TlsTicketKeys> tickets;
  std::shared_ptr<TlsKeyLog> key_log;
  fiber::Snapshot<TlsServerContexts> contexts;
};

TlsServer::TlsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsServer::~TlsServer() = default;

const TlsServerOptions& TlsServer::options() const { return impl_->options; }

Result<std::shared_ptr<TlsServer>> TlsServer::create(TlsServerOptions options) {
  if (options.certificates.empty())
    return tls_config_error("TLS_CERTIFICATE", "a TLS server needs a certificate and its key");
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  if (impl->options.tickets == TlsServerOptions::Tickets::kOn)
    impl->tickets = std::make_shared<TlsTicketKeys>(impl->options.ticket_key_life);
  if (!impl->options.key_log_file.empty())
    impl->key_log = BIA_TRY(TlsKeyLog::open(impl->options.key_log_file));
  impl->contexts.store(BIA_TRY(load(impl->options, impl->tickets, impl->key_log)));
  return std::shared_ptr<TlsServer>(new TlsServer(std::move(impl)));
}

Result<void> TlsServer::reload() {
  impl_->contexts.store(BIA_TRY(load(impl_->options, impl_->tickets, impl_->key_log)));
  return {};
}

std::vector<TlsServer::Lifetime> TlsServer::lifetimes() const {
  return impl_->contexts.load()->lifetimes;
}

std::unique_ptr<TlsStream> new_server_stream(const TlsServer& server, int fd) {
  auto contexts = server.impl().contexts.load();
  SslPtr ssl(SSL_new(contexts->entries.front().context.get()));
  auto stream = std::make_unique<TlsStream>(fd, std::move(ssl));
  SSL_set_accept_state(stream->ssl());
  stream->contexts = std::move(contexts);
  return stream;
}

}  // namespace bia::net
