#pragma once
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/jwt.h"

namespace bia {

struct JwtKeys::Key {
  JwtAlgorithm algorithm = JwtAlgorithm::kHs256;
  std::string id;
  std::string secret;
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pkey{nullptr, EVP_PKEY_free};

  bool verify(std::string_view signed_text, std::string_view signature) const;
  Result<std::string> sign(std::string_view text) const;
};

/// RFC 4648 section 5, without padding. False for anything else.
bool base64url_decode(std::string_view text, std::string& bytes);
std::string base64url_encode(std::string_view bytes);

}  // namespace bia
