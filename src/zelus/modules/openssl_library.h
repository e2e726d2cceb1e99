#pragma once
#include <openssl/crypto.h>

namespace zelus::modules {

/// OpenSSL with its legacy provider, which has MD4. Made once, never freed: threads use it to the
/// end.
OSSL_LIB_CTX* openssl_library();

}  // namespace zelus::modules
