#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/service.h"

namespace bia {

/// The OpenAPI 3.1 document of services, as protoc-gen-bia described them.
std::string openapi_text(const std::vector<const ServiceInfo*>& services, std::string_view title,
                         std::string_view version);
/// An HTML page that shows /openapi.json; loads nothing from elsewhere.
std::string_view docs_page();

}  // namespace bia
