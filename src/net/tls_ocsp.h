#pragma once
#include <openssl/ssl.h>

#include <cstdint>
#include <string>

#include "bia/base/result.h"

namespace bia::net {

/// What the certificate's authority says of it (RFC 6960), to be sent along in handshakes (RFC 6066
/// section 8).
struct OcspStaple {
  std::string der;
  int64_t until = INT64_MAX;  ///< Unix time: nextUpdate; later it is not sent
};

/// Reads a DER file. Its signature is the client's to check. Errors: kInvalidArgument for what is
/// no successful response about `certificate`; kNotFound.
Result<OcspStaple> load_ocsp(const std::string& path, const X509* certificate);

}  // namespace bia::net
