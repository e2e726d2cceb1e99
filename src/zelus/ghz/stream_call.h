#pragma once
#include <string>

#include "bia/grpc/client.h"
#include "zelus/ghz/runner.h"

namespace zelus::ghz {

/// One streaming call as ghz makes it: sends its messages and half-closes; receives to the end, or
/// cancels after --stream-call-count or --stream-call-duration of a server's stream. The call's
/// data is that of its messages; with --stream-dynamic-messages templates are rendered for each.
/// Suspends. Errors: kInvalidArgument where a template made a bad message; what the call came to is
/// in the status. `debug` is null without --debug.
bia::Result<bia::grpc::Status> run_stream(bia::grpc::Channel& channel, const Options& options,
                                          const Target& target, const CallData& call,
                                          const bia::grpc::CallOptions& call_options,
                                          DebugLog* debug);

}  // namespace zelus::ghz
