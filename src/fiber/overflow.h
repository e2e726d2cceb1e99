#pragma once

namespace bia::fiber {

/// For the calling thread: a fiber that runs off its stack ends the program with a message that
/// says so, not with a bare "Segmentation fault". Leaves a handler that the program or a sanitizer
/// has installed alone.
void report_stack_overflows();

}  // namespace bia::fiber
