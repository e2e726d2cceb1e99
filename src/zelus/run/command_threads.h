#pragma once
#include <functional>

#include "bia/fiber/threads.h"
#include "zelus/options/flag_set.h"

namespace zelus::run {

using bia::Result;

/// Thread 0, the caller's, runs `body` in a fiber; one thread a CPU beside it runs users until
/// `body` has ended.
Result<void> on_threads(const std::function<void(bia::fiber::ThreadGroup&)>& body);

/// Exactly one script. Errors: cobra's text.
Result<void> check_arguments(const options::FlagSet& flags, std::string_view hint);

}  // namespace zelus::run
