#pragma once
#include "bia/bia/discovery.h"

namespace bia {

/// Checks `options.target` and writes it as the pool reads it: "discovery:///NAME",
/// "dns:///HOST:PORT" or "direct:///HOST:PORT,…". A URL ("https://HOST") becomes a direct node, its
/// scheme TLS or none. Errors: kInvalidArgument; kInternal where TLS cannot be had.
Result<void> settle_target(PoolOptions& options);

}  // namespace bia
