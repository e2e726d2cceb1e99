#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace report {

/// What /proc says of one process at one moment (proc(5)). Counters are since the process began.
struct ProcessSample {
  double cpu_seconds = 0;  ///< User and system, of all threads alive (schedstat: nanoseconds) or of
                           ///< the process (stat: ticks).
  uint64_t rss_bytes = 0;
  uint64_t anonymous_bytes = 0;  ///< RssAnon
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_files = 0;
  uint64_t context_switches = 0;  ///< Voluntary and not.
  uint64_t read_bytes =
      0;  ///< rchar: what read calls returned, sockets included where the kernel counts them.
  uint64_t written_bytes = 0;  ///< wchar
};

/// Nullopt once the process has ended or may not be looked at.
std::optional<ProcessSample> sample_process(pid_t pid);

/// The process that listens on a TCP port of this machine; 0 where it cannot be told.
pid_t process_listening_on(uint16_t port);

}  // namespace report
