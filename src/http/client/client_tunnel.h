#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/http/proxy.h"
#include "bia/net/socket.h"

namespace bia::http {

/// What an error of `open_tunnel` has the proxy's answer in, as its metadata.
inline constexpr std::string_view kProxyAnswer = "proxy_answer";

/// Asks a proxy for a tunnel (RFC 9110 section 9.3.6, or `open_socks`), on a connection that
/// nothing was sent on. What the server said already is returned: in cleartext it may speak first.
/// Suspends. Errors: PROXY_REFUSED with the proxy's words; those of `open_socks` and of the socket.
Result<std::string> open_tunnel(net::Socket& socket, const Proxy& proxy, std::string_view host,
                                uint16_t port, Deadline deadline);

}  // namespace bia::http
