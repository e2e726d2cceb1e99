#pragma once
#include <vector>

#include "bia/bia/app.h"
#include "bia/bia/server_binding.h"
#include "bia/bia/service.h"
#include "bia/http/router.h"

namespace bia {

/// GET /openapi.json: the OpenAPI 3.1 document of services, as these options serve them. GET
/// /docs: an HTML page that shows it and loads nothing from elsewhere.
Result<void> add_docs(http::Router& router, const std::vector<const ServiceInfo*>& services,
                      const ServerBindingOptions& options, const AppInfo& info);

}  // namespace bia
