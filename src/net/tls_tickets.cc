#include "net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "bia/base/assert.h"

namespace bia::net {
namespace {

/// A ticket lives at most one life, so that its key is at most two old when it comes back.
constexpr size_t kKeysMax = 3;

/// The last second of it.
int64_t last_second(const X509* certificate) {
  tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return 0;
  return timegm(&parts) - 1;
}

/// Whole seconds, as OpenSSL counts them; at least one.
int64_t seconds(Duration life) {
  return std::max<int64_t>(std::chrono::duration_cast<std::chrono::seconds>(life).count(), 1);
}

}  // namespace

TlsTicketKeys::TlsTicketKeys(Duration life, Clock clock)
    : life_(life), clock_(clock), keys_(next(nullptr)) {}

int64_t TlsTicketKeys::system_clock() { return time(nullptr); }

int TlsTicketKeys::index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

void TlsTicketKeys::attach(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_session_ticket_cb(context, on_new_ticket, on_session, this);
  SSL_CTX_set_timeout(context, static_cast<long>(seconds(life_)));
}

/// Writes the session's last second into it. A resumed one brings that of its first handshake.
int TlsTicketKeys::on_new_ticket(SSL* ssl, void* of) {
  const auto* self = static_cast<const TlsTicketKeys*>(of);
  SSL_SESSION* session = SSL_get_session(ssl);
  void* known = nullptr;
  size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &known, &size) == 1 && size > 0) return 1;
  int64_t until = self->clock_() + seconds(self->life_);
  if (const X509* peer = SSL_get0_peer_certificate(ssl)) until = std::min(until, last_second(peer));
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i)
    until = std::min(until, last_second(sk_X509_value(chain, i)));
  return SSL_SESSION_set1_ticket_appdata(session, &until, sizeof until);
}

SSL_TICKET_RETURN TlsTicketKeys::on_session(SSL*, SSL_SESSION* session, const unsigned char*,
                                            size_t, SSL_TICKET_STATUS status, void* of) {
  // None, or one that no key of ours opens: a full handshake, which gives a new one.
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  void* bytes = nullptr;
  size_t size = 0;
  int64_t until = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &size) == 1 && size == sizeof until)
    std::memcpy(&until, bytes, sizeof until);
  if (static_cast<const TlsTicketKeys*>(of)->clock_() > until)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

std::shared_ptr<const TlsTicketKeys::Keys> TlsTicketKeys::next(const Keys* before) const {
  auto keys = std::make_shared<Keys>();
  Key key;
  const bool random =
      RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
      RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1 &&
      RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1;
  BIA_ASSERT(random && "OpenSSL has no random bytes");
  keys->newest_first.push_back(key);
  if (before != nullptr) {
    const size_t kept = std::min(before->newest_first.size(), kKeysMax - 1);
    keys->newest_first.insert(keys->newest_first.end(), before->newest_first.begin(),
                              before->newest_first.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  keys->rotate_at = now() + life_;
  return keys;
}

std::shared_ptr<const TlsTicketKeys::Keys> TlsTicketKeys::current() {
  auto keys = keys_.load();
  if (now() < keys->rotate_at) return keys;
  return keys_.replace(keys, next(keys.get()));
}

int TlsTicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv,
                             EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  auto* self = static_cast<TlsTicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index()));
  const auto keys = self->current();
  const Key* key = &keys->newest_first.front();
  if (sealing != 0) {
    std::memcpy(name, key->name.data(), key->name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  } else {
    key = nullptr;
    for (const Key& each : keys->newest_first) {
      if (std::memcmp(name, each.name.data(), each.name.size()) == 0) key = &each;
    }
    if (key == nullptr) return 0;  // A full handshake.
  }
  char digest[] = "sha256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(
          OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac.data()), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, sealing) != 1)
    return -1;
  if (sealing != 0) return 1;
  // 2: take it, and give a new one: TLS 1.3's are for one use (RFC 8446 section C.4), and an old
  // key is on its way out.
  const bool renew = SSL_version(ssl) >= TLS1_3_VERSION || key != &keys->newest_first.front();
  return renew ? 2 : 1;
}

}  // namespace bia::net
