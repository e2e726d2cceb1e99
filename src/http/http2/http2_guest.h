#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/http2/http2_connection.h"

namespace bia::http {

/// Serves some of the requests of one HTTP/2 connection of an HTTP server, in the place of the
/// server's handler: gRPC on the HTTP port. Lives as long as the connection.
class Http2Guest : public Http2Events {
 public:
  virtual ~Http2Guest() = default;
  /// The connection has ended: cancels what runs and returns once it has. Suspends.
  virtual void end() = 0;
};

/// Shared by all threads.
class Http2GuestService {
 public:
  /// Whether the guest serves requests of that content-type.
  virtual bool takes(std::string_view content_type) const = 0;
  /// Of one connection, at once.
  virtual uint32_t streams_max() const = 0;
  /// For the first such request of a connection. On the connection's thread.
  virtual std::unique_ptr<Http2Guest> attach(Http2Connection& connection,
                                             const std::string& peer) = 0;

 protected:
  ~Http2GuestService() = default;
};

}  // namespace bia::http
