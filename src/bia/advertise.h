#pragma once
#include <string>
#include <string_view>

namespace bia {

/// Where other hosts reach a listener of `address`: its own host where it names one; for
/// "0.0.0.0:80" and "[::]:80" the address that this host uses to reach others (of the default
/// route; the first interface that is up where there is none; the loopback at last).
std::string advertised_address(std::string_view address);

}  // namespace bia
