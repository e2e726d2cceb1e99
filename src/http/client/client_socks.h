#pragma once
#include <cstdint>
#include <string_view>

#include "bia/http/proxy.h"
#include "bia/net/socket.h"

namespace bia::http {

/// Asks a SOCKS 5 proxy for a connection (RFC 1928, RFC 1929), on one that nothing was sent on; the
/// proxy looks names up. Reads no byte beyond its answer. Suspends. Errors: SOCKS_REFUSED in Go's
/// words; those of the socket.
Result<void> open_socks(net::Socket& socket, const Proxy& proxy, std::string_view host,
                        uint16_t port, Deadline deadline);

}  // namespace bia::http
