#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_context.h"
#include "net/tls_streams.h"

namespace bia::net {

/// Shared with the handshakes that use it.
struct TlsClientContext {
  SslContextPtr context;
  std::vector<TlsIdentity> identities;
  std::shared_ptr<TlsKeyLog> key_log;
};

class TlsClient::Impl {
 public:
  TlsClientOptions options;
  std::shared_ptr<const TlsClientContext> shared;
};

namespace {

const TlsClientContext* context_of(const SSL* ssl) {
  return static_cast<const TlsClientContext*>(TlsStream::of(ssl).contexts.get());
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  TlsStream& stream = TlsStream::of(ssl);
  if (!stream.session) return 0;
  stream.session->session.reset(session);
  return 1;  // Ours now.
}

void on_key_log(const SSL* ssl, const char* line) {
  if (const TlsClientContext* context = context_of(ssl)) context->key_log->append(line);
}

/// The server asks for a certificate: the first whose issuer it names, else the first.
int on_certificate_request(SSL* ssl, void*) {
  const TlsClientContext* context = context_of(ssl);
  if (context == nullptr || context->identities.empty()) return 1;
  const TlsIdentity* chosen = &context->identities.front();
  const STACK_OF(X509_NAME)* wanted = SSL_get0_peer_CA_list(ssl);
  for (const TlsIdentity& identity : context->identities) {
    const X509_NAME* issuer = X509_get_issuer_name(identity.certificate.get());
    bool named = false;
    for (int i = 0; i < sk_X509_NAME_num(wanted) && !named; ++i)
      named = X509_NAME_cmp(sk_X509_NAME_value(wanted, i), issuer) == 0;
    if (!named) continue;
    chosen = &identity;
    break;
  }
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const X509Ptr& each : chosen->chain) sk_X509_push(chain, each.get());
  const int used =
      SSL_use_cert_and_key(ssl, chosen->certificate.get(), chosen->key.get(), chain, 1);
  sk_X509_free(chain);
  return used;
}

Result<void> trust_roots(SSL_CTX* context, const TlsClientOptions& options) {
  if (options.verify == TlsClientOptions::Verify::kInsecureSkip) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    // Not verified in vain either.
    SSL_CTX_set_cert_verify_callback(context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    return {};
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.roots == TlsClientOptions::Roots::kSystem) SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();  // A system without roots trusts nobody; each handshake says so.
  if (!options.ca_file.empty())
    BIA_TRY(trust(context, BIA_TRY(read_file(options.ca_file)), options.ca_file));
  if (!options.ca_pem.empty()) BIA_TRY(trust(context, options.ca_pem, "the authorities' PEM"));
  return {};
}

bool is_address(const std::string& name) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

/// False where the certificate would be verified for no name at all, or for others than this one:
/// OpenSSL takes an empty name as none, and a dot first as any subdomain.
bool expect_name(X509_VERIFY_PARAM* verify, const std::string& name) {
  if (name.empty() || name.starts_with('.') || name.find('\0') != std::string::npos) return false;
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str()) == 1;
  // The certificate's subject is no name any more (RFC 6125 section 6.4.4, RFC 9110
  // section 4.3.4).
  X509_VERIFY_PARAM_set_hostflags(
      verify, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(verify, name.data(), name.size()) == 1;
}

}  // namespace

TlsClient::TlsClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsClient::~TlsClient() = default;

const TlsClientOptions& TlsClient::options() const { return impl_->options; }

Result<std::shared_ptr<const TlsClient>> TlsClient::create(TlsClientOptions options) {
  auto shared = std::make_shared<TlsClientContext>();
  shared->context = new_context(TLS_client_method());
  SSL_CTX* context = shared->context.get();
  BIA_TRY(apply_limits(context, options.limits));
  BIA_TRY(trust_roots(context, options));
  for (const TlsCertificate& each : options.certificates)
    shared->identities.push_back(BIA_TRY(load_identity(each)));
  if (!shared->identities.empty()) SSL_CTX_set_cert_cb(context, on_certificate_request, nullptr);
  const std::string alpn = BIA_TRY(alpn_wire(options.alpn));
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_session);
  if (options.ocsp == TlsClientOptions::Ocsp::kAsk)
    SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  if (!options.key_log_file.empty()) {
    shared->key_log = BIA_TRY(TlsKeyLog::open(options.key_log_file));
    SSL_CTX_set_keylog_callback(context, on_key_log);
  }
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->shared = std::move(shared);
  return std::shared_ptr<const TlsClient>(new TlsClient(std::move(impl)));
}

TlsSession::TlsSession() : impl_(std::make_shared<Impl>()) {}
TlsSession::~TlsSession() = default;

Result<std::unique_ptr<TlsStream>> new_client_stream(const TlsClient& client, int fd,
                                                     std::string_view server_name,
                                                     const TlsSession* session,
                                                     std::unique_ptr<TlsStream> carrier) {
  const auto& shared = client.impl().shared;
  SslPtr ssl(SSL_new(shared->context.get()));
  auto stream = std::make_unique<TlsStream>(fd, std::move(ssl), std::move(carrier));
  stream->contexts = shared;
  stream->peer_name = server_name;
  if (stream->peer_name.starts_with('[') && stream->peer_name.ends_with(']'))
    stream->peer_name = stream->peer_name.substr(1, stream->peer_name.size() - 2);
  SSL_set_connect_state(stream->ssl());
  const std::string& name = stream->peer_name;
  const bool expected = expect_name(SSL_get0_param(stream->ssl()), name);
  if (!expected && client.options().verify == TlsClientOptions::Verify::kYes) {
    return Error(Code::kUnavailable, "TLS_HOST_MISMATCH",
                 fmt::format("tls: \"{}\" is no name that a certificate can be for",
                             std::string_view(name).substr(0, name.find('\0'))));
  }
  if (!is_address(name)) {
    // A trailing dot is the resolver's, not the name's (RFC 6066 section 3).
    std::string asked = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    if (!asked.empty()) SSL_set_tlsext_host_name(stream->ssl(), asked.c_str());
  }
  if (session != nullptr) {
    stream->session = session->impl();
    if (stream->session->session) SSL_set_session(stream->ssl(), stream->session->session.get());
  }
  return stream;
}

}  // namespace bia::net
