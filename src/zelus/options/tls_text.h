#pragma once
#include <string>

#include "bia/base/error.h"

namespace zelus::options {

/// What Go says of a certificate and key (crypto/tls, X509KeyPair) that `net::TlsClient::create`
/// refused with this error.
std::string go_key_pair_text(const bia::Error& error);

}  // namespace zelus::options
