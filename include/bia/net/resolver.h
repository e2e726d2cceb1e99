#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/net/socket.h"

namespace bia::net {

/// Decides where a client's connections go and where they come from. Belongs to the thread of the
/// clients that use it, and outlives them.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// The addresses to try, in this order. Suspends, never beyond `deadline`. Errors: those of
  /// `net::resolve`, and the resolver's own.
  virtual Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port,
                                                Deadline deadline) = 0;
  /// The address that connections come from (its port is 0); nullptr leaves it to the system.
  virtual const Endpoint* source() const { return nullptr; }
};

/// `dial`, or where there is a resolver its addresses and `connect_any`.
Result<Connected> dial(Resolver* resolver, std::string_view host, uint16_t port, Deadline deadline,
                       Duration& looking_up);

}  // namespace bia::net
