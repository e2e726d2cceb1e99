#pragma once
#include <string>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace bia {

/// Samples the process' CPU time 100 times a second and returns the stacks with their counts, a
/// line each, as flamegraph.pl and speedscope read them: "main;serve;handle 42"; a line that begins
/// with "#" where there were none. One at a time for the process. Suspends. Errors:
/// kResourceExhausted while another runs; kCancelled.
Result<std::string> cpu_profile(Duration duration);

}  // namespace bia
