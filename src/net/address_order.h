#pragma once
#include <optional>
#include <vector>

#include "bia/net/socket.h"

namespace bia::net {

/// The address that the system would send to `endpoint` from; none where it has no route. Sends
/// nothing.
std::optional<Endpoint> source_for(const Endpoint& endpoint);

using SourceFor = std::optional<Endpoint> (*)(const Endpoint&);

/// The order in which to try a name's addresses: as Go and glibc sort them (RFC 6724 section 6:
/// those with a route first, then by scope, label and precedence, so that IPv6 goes first where
/// this machine's addresses are as good for it; stable), and of those with a route the families in
/// turn, beginning with the first one's (RFC 8305 section 4).
std::vector<Endpoint> in_order(const std::vector<Endpoint>& endpoints,
                               SourceFor source = source_for);

}  // namespace bia::net
