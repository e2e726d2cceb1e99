#pragma once
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <vector>

#include "bia/base/time.h"
#include "fiber/snapshot.h"

namespace bia::net {

/// The keys that session tickets are sealed with: one for new ones, the last ones for those that
/// are still about. One object for all threads and for all that a server loads after it.
class TlsTicketKeys {
 public:
  explicit TlsTicketKeys(Duration life);
  /// For SSL_CTX_set_tlsext_ticket_key_evp_cb; finds the object in the stream's context.
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int sealing);
  /// Of a context: where `on_ticket` finds its keys.
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

  Duration life_;
  fiber::Snapshot<Keys> keys_;
};

}  // namespace bia::net
