#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/grpc/client.h"
#include "grpc/client_connection.h"
#include "grpc/target.h"

namespace bia::grpc {

/// The end of what a call says whose deadline passed before there was a connection, in grpc-go 1.82
/// (k6's); 1.56 (ghz's) says nothing of it.
inline constexpr std::string_view kWhileConnecting =
    " while waiting for connections to become ready";

/// A channel's connection, and how it comes about: one dial at a time, in a fiber that is nobody's
/// call, and a pause after one that failed (gRPC's connection-backoff.md). Calls wait for the dial
/// by their own deadlines, and it goes on where they give up.
class Connector {
 public:
  /// `options` outlive it; what they leave to the target is filled in.
  Connector(std::string target, ChannelOptions& options);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  /// Null, or lost since, where `connect` has not just returned.
  const std::shared_ptr<ClientConnection>& connection() const { return connection_; }
  bool usable() const { return connection_ && connection_->usable(); }

  /// Returns once `connection` is usable. kFail: or with the error of the dial that it waited for
  /// or that the pause is after. kWait: only other errors than kUnavailable end it. `owner` keeps
  /// this alive while a dial is under way. Suspends. Errors: those of `Target::dial`;
  /// kDeadlineExceeded and kCancelled in grpc-go's words; kCancelled after `close`.
  using Ready = CallOptions::Ready;
  Result<void> connect(const std::shared_ptr<void>& owner, Deadline deadline, Ready ready);
  /// The next `connect` dials at once.
  void skip_pause() { retry_at_ = {}; }

  /// Ends the connection, and the dial with those who wait for it. `connect` dials anew. Does not
  /// suspend.
  void close();
  /// `close` for good, and what is the caller's is not used any more. Suspends where a dial is
  /// under way, if it is called in a fiber.
  void shut();

  const std::shared_ptr<const net::TlsInfo>& tls() const { return target_.tls(); }
  uint64_t bytes_sent() const {
    return sent_before_ + (connection_ ? connection_->bytes_written() : 0);
  }
  uint64_t bytes_received() const {
    return received_before_ + (connection_ ? connection_->bytes_read() : 0);
  }

 private:
  /// kAbandoned: `close` has cancelled it, and it has not ended yet.
  enum class Dial { kNone, kRuns, kAbandoned };

  Result<void> begin_dial(const std::shared_ptr<void>& owner);
  void dial();
  void take(Result<std::shared_ptr<ClientConnection>> dialled);
  void pause_after(const Error& error);
  Result<void> wait_for_retry(Deadline deadline);
  Error gave_up(const Error& why, Ready ready) const;
  void drop_connection();

  ChannelOptions& options_;
  Target target_;
  std::shared_ptr<ClientConnection> connection_;
  uint64_t sent_before_ = 0, received_before_ = 0;
  Dial state_ = Dial::kNone;
  bool shut_ = false;
  uint64_t dials_ended_ = 0;
  std::optional<Error> failure_;  ///< of the last dial
  Duration backoff_{};  ///< the last pause, without its jitter; zero: none since a success
  TimePoint retry_at_{};
  fiber::WaitQueue waiters_;
  fiber::Fiber dialler_;
};

}  // namespace bia::grpc
