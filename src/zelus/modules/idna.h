#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// A host's name as it is looked up (RFC 5891): "bücher.example" is "xn--bcher-kva.example". What
/// is ASCII, or no UTF-8, stays.
std::string ascii_host(std::string_view host);

}  // namespace zelus::modules
