#pragma once
#include <memory>

#include "bia/base/result.h"
#include "bia/net/tls.h"
#include "zelus/ghz/options.h"

namespace zelus::ghz {

/// What --cacert, --cert, --key and --skipTLS say; null with --insecure, where their files are read
/// all the same, as ghz does. Errors: kInvalidArgument with ghz's texts.
bia::Result<std::shared_ptr<const bia::net::TlsClient>> make_tls(const Options& options);

}  // namespace zelus::ghz
