#pragma once
#include <string>
#include <string_view>

namespace bia {

/// "10.0.0.1" and "2001:db8::1", the addresses that this host uses to reach others (of the default
/// route; of the first interface that is up where there is none). Empty where it has none.
struct HostAddresses {
  std::string four;
  std::string six;
};
HostAddresses host_addresses();

/// Where other hosts reach a listener of `address`: its own host where it names one; for
/// "0.0.0.0:80" and "[::]:80" one of `own`, IPv4 first, the loopback at last. Empty for
/// "unix:/path", which they do not reach.
std::string advertised_address(std::string_view address, const HostAddresses& own);

}  // namespace bia
