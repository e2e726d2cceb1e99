#pragma once
#include <string>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// How a program is replaced by a newer one of itself without a request lost: SIGUSR2 makes it
/// start its own command line again, with its listening sockets (LISTEN_FDS); once that one says
/// that it serves, this one drains and ends.

/// Blocks SIGUSR2 for the calling thread and those it starts: call it before any does.
void block_successor_signal();
/// Suspends until SIGUSR2. Errors: kCancelled; kResourceExhausted.
Result<void> wait_successor_signal();

/// A listening socket and its name ("http").
using NamedSockets = std::vector<std::pair<std::string, int>>;
/// Starts the successor, from the path that this program was started by, and returns its process
/// number once it serves; `variables` ("NAME=value") are added to its environment. Suspends, for 60
/// s at most. Errors, after which it is killed: kUnavailable where it cannot be started or ends
/// before, kDeadlineExceeded where it does not say, kCancelled.
Result<int> start_successor(const NamedSockets& sockets,
                            const std::vector<std::string>& variables = {});
/// Tells the program that started this one as its successor that this one serves. False where there
/// is no such.
bool tell_predecessor();

}  // namespace bia
