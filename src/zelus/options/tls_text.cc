#include "zelus/options/tls_text.h"

namespace zelus::options {

std::string go_key_pair_text(const bia::Error& error) {
  if (error.reason() == "TLS_CERTIFICATE")
    return "tls: failed to find any PEM data in certificate input";
  if (error.reason() == "TLS_KEY") return "tls: failed to find any PEM data in key input";
  if (error.reason() == "TLS_KEY_MISMATCH") return "tls: private key does not match public key";
  return error.message();
}

}  // namespace zelus::options
