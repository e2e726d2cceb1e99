#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "bia/bia/service_client.h"

namespace bia {

/// The chain round a stream. It runs in a fiber of its own, which opens the stream and then waits
/// for its end, so that a middleware sees the whole call between `next()` and its return.
class StreamScope {
 public:
  struct Plan {
    ServicePool& pool;
    const Chain& chain;
    /// Counts the fibers that use `pool` and `chain`.
    std::atomic<int64_t>& fibers;
    std::string operation;
    OutgoingCall call;
    grpc::CallOptions::Ready ready;
    MessageRules rules;
    const Context* parent;
  };
  /// Suspends until the chain has opened the stream, or refused it. Throws what a middleware
  /// throws, as `end` does.
  static Result<OpenedStream> open(Plan plan);
  ~StreamScope();
  /// Tells the chain how the stream ended; what the chain makes of it. Suspends.
  Result<void> end(Result<void> outcome);

  struct State;
  explicit StreamScope(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

}  // namespace bia
