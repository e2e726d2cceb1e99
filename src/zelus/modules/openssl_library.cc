#include "zelus/modules/openssl_library.h"

#include <openssl/provider.h>

namespace zelus::modules {

OSSL_LIB_CTX* openssl_library() {
  static OSSL_LIB_CTX* const made = [] {
    OSSL_LIB_CTX* ctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_load(ctx, "default");
    OSSL_PROVIDER_load(ctx, "legacy");
    return ctx;
  }();
  return made;
}

}  // namespace zelus::modules
