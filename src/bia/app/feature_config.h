#pragma once
#include <optional>

#include "bia/bia/config.h"
#include "bia/bia/registry.h"
#include "bia/bia/tracing.h"
#include "bia/middleware/cors.h"

namespace bia {

/// Sections of the configuration that turn something on; none where they are not there. Errors:
/// kInvalidArgument with the place.
Result<std::optional<CorsOptions>> read_cors(const Config& config);
Result<std::optional<TracingOptions>> read_tracing(const Config& config);
Result<std::optional<EtcdOptions>> read_registry(const Config& config);

}  // namespace bia
