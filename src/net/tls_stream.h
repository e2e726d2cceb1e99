#pragma once
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bia/base/time.h"
#include "bia/net/tls.h"

namespace bia::net {

/// Frees what OpenSSL made.
template <auto free_function>
struct OpensslDelete {
  template <typename T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
using SslPtr = std::unique_ptr<SSL, OpensslDelete<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslDelete<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpensslDelete<SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDelete<X509_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDelete<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;

class TlsSession::Impl {
 public:
  SessionPtr session;
};

/// One connection's TLS. Lives beside its Socket at an address of its own, as OpenSSL's callbacks
/// point to it.
class TlsStream {
 public:
  /// `carrier`, where there is one, is the established TLS that carries this one, as to a proxy
  /// that is reached by TLS itself.
  TlsStream(int fd, SslPtr ssl, std::unique_ptr<TlsStream> carrier = nullptr);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  SSL* ssl() const { return ssl_.get(); }
  /// Bytes of a record came that is not whole yet.
  bool holds_part_of_record() const;
  static TlsStream& of(const SSL* ssl) { return *static_cast<TlsStream*>(SSL_get_app_data(ssl)); }
  TlsStream* carrier() const { return carrier_.get(); }
  /// The one that uses the descriptor.
  TlsStream& wire() { return carrier_ ? carrier_->wire() : *this; }
  /// Something that came is kept here, of which the descriptor tells no more.
  bool has_pending() const {
    return SSL_has_pending(ssl_.get()) == 1 || (carrier_ && carrier_->has_pending());
  }

  // What the descriptor did during the last calls; the Socket takes it over.
  int fd;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  bool drained = false;  ///< a read brought less than asked for, or nothing
  bool blocked = false;  ///< the kernel took no more
  bool ended = false;
  /// Its end is of our making (`Socket::shutdown_read`), and no fault of the peer's.
  bool read_shut = false;
  int error_number = 0;

  bool established = false;
  bool failed = false;         ///< OpenSSL must not be asked for a close_notify
  bool write_pending = false;  ///< a record is cut in two: the next write goes on with it
  Duration handshake{};
  /// Owns what OpenSSL's callbacks use during the handshake; given up after it.
  std::shared_ptr<const void> contexts;
  std::shared_ptr<TlsSession::Impl> session;
  /// What the peer's certificate must be for; empty on a server.
  std::string peer_name;
  /// Why it was refused: an X509_V_ERR and the sentence.
  int verify_error = 0;
  std::string verify_text;

 private:
  std::unique_ptr<TlsStream> carrier_;
  SslPtr ssl_;
};

/// `SSL_get_verify_result` and its callback keep the last problem; Go, whose texts k6 prints, tells
/// the expired before the wrong host before the unknown authority. For
/// SSL_CTX_set_cert_verify_callback.
int verify_peer(X509_STORE_CTX* store, void*);
/// "DNS:a.example, IP Address:127.0.0.1"; empty where it has none.
std::string alternative_names(X509* certificate);

/// What went wrong in the last call on `stream`; empties OpenSSL's queue. `result` is
/// SSL_get_error's.
Error tls_error(TlsStream& stream, std::string_view what, int result);

}  // namespace bia::net
