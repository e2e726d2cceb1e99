#pragma once
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "bia/base/time.h"
#include "fiber/snapshot.h"

namespace bia::net {

/// The keys that session tickets are sealed with: one for new ones, the last ones for those that
/// are still about. One object for all threads and for all that a server loads after it.
///
/// A resumed session was verified once, by its first handshake, and each ticket after it repeats
/// that: all of them end together, one `life` after that handshake or when the first certificate of
/// the client's chain expires, whichever is sooner.
class TlsTicketKeys {
 public:
  /// Unix time in seconds.
  using Clock = int64_t (*)();
  explicit TlsTicketKeys(Duration life, Clock clock = system_clock);
  /// For SSL_CTX_set_tlsext_ticket_key_evp_cb; finds the object in the stream's context.
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int sealing);
  /// Of a context: where `on_ticket` finds its keys; and sets the time that its tickets are taken
  /// for.
  void attach(SSL_CTX* context);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  struct Keys {
    std::vector<Key> newest_first;
    TimePoint rotate_at;
  };
  std::shared_ptr<const Keys> current();
  std::shared_ptr<const Keys> next(const Keys* before) const;
  static int index();
  static int64_t system_clock();
  static int on_new_ticket(SSL* ssl, void* self);
  static SSL_TICKET_RETURN on_session(SSL* ssl, SSL_SESSION* session, const unsigned char*, size_t,
                                      SSL_TICKET_STATUS status, void* self);

  Duration life_;
  Clock clock_;
  fiber::Snapshot<Keys> keys_;
};

}  // namespace bia::net
