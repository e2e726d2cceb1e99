#pragma once
#include <cstddef>
#include <cstdint>

#include "bia/base/time.h"

namespace bia::http {

/// `burst` at once, and `per_second` from then on.
struct Http2Rate {
  uint32_t burst = 0;
  uint32_t per_second = 0;
};

/// What one HTTP/2 connection's peer may do that makes a server work, or hold memory, for next to
/// nothing; one above a limit is ended. Config keys server.http.http2.* and server.grpc.http2.*.
struct Http2Limits {
  /// Streams that the peer resets before they ended, makes us reset by a fault, or opens above
  /// `streams_max`. Callers whose deadlines pass reset theirs.
  Http2Rate resets{2000, 500};
  Http2Rate settings{100, 10};  ///< a frame, or 32 entries of one that has more
  /// PINGs with neither HEADERS nor DATA from the peer between them: gRPC's clients measure the
  /// bandwidth with one for each burst of data.
  Http2Rate pings{1000, 10};
  Http2Rate empty_data{100, 10};
  /// CONTINUATION frames of one header block, which has a limit of bytes as well.
  uint32_t continuations = 32;
  /// Bytes that wait for a peer that does not read: bodies wait in their owners, these are frames
  /// that the peer makes us send (SETTINGS and PING answers, resets, heads).
  size_t queued_bytes = 1 << 20;
  /// That bodies wait for windows, or the socket, while the peer takes not a byte. Zero: for ever.
  /// Config keys server.http.stall_timeout, server.grpc.stall_timeout.
  Duration stall = std::chrono::seconds(120);
};

}  // namespace bia::http
