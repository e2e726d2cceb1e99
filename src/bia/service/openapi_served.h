#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/server_binding.h"
#include "bia/bia/service.h"

namespace bia {

/// The OpenAPI 3.1 document of services as these options serve them: their paths, the
/// codecs, names and enums of replies, the envelope of replies and errors, the status of errors.
/// Errors: kInvalidArgument for an envelope that is none.
Result<std::string> openapi_of_served(const std::vector<const ServiceInfo*>& services,
                                      const ServerBindingOptions& options, std::string_view title,
                                      std::string_view version);

}  // namespace bia
