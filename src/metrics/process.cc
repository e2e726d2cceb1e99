#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <limits>
#include <optional>

#include "bia/metrics/registry.h"

namespace bia::metrics {
namespace {

// Of /proc/self/stat, numbered as in proc(5).
constexpr int kThreadsField = 20;
constexpr int kStartTimeField = 22;
constexpr int kVirtualBytesField = 23;
constexpr int kResidentPagesField = 24;

std::string read_small_file(const char* path) {
  std::string bytes(4096, '\0');
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd < 0 ? -1 : read(fd, bytes.data(), bytes.size());
  if (fd >= 0) close(fd);
  bytes.resize(size > 0 ? size_t(size) : 0);
  return bytes;
}

std::optional<double> number_at(std::string_view text, size_t position) {
  uint64_t value = 0;
  if (position >= text.size()) return std::nullopt;
  const auto [end, error] =
      std::from_chars(text.data() + position, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return double(value);
}

std::optional<double> stat_field(std::string_view stat, int field) {
  // The second field, the program's name in parentheses, may hold spaces and parentheses itself.
  size_t position = stat.rfind(')');
  if (position == std::string_view::npos) return std::nullopt;
  for (int at = 2; at < field; ++at) {
    position = stat.find(' ', position + 1);
    if (position == std::string_view::npos) return std::nullopt;
  }
  return number_at(stat, position + 1);
}

std::optional<double> open_files() {
  DIR* folder = opendir("/proc/self/fd");
  if (!folder) return std::nullopt;
  int count = -3;  // ".", ".." and the folder's own descriptor
  while (readdir(folder)) ++count;
  closedir(folder);
  return count;
}

std::optional<double> boot_time() {
  timespec real{};
  timespec boot{};
  if (clock_gettime(CLOCK_REALTIME, &real) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
    return std::nullopt;
  return double(real.tv_sec - boot.tv_sec) + double(real.tv_nsec - boot.tv_nsec) / 1e9;
}

double limit_of(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? double(std::numeric_limits<uint64_t>::max())
                                         : double(limit.rlim_cur);
}

void write(TextWriter& out, std::string_view name, std::string_view help, std::string_view type,
           std::optional<double> value) {
  if (!value) return;
  out.family(name, help, type);
  out.sample(name, {}, *value);
}

}  // namespace

void write_process_metrics(TextWriter& out) {
  const std::string stat = read_small_file("/proc/self/stat");
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  write(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
        "counter", double(cpu.tv_sec) + double(cpu.tv_nsec) / 1e9);
  write(out, "process_open_fds", "Number of open file descriptors.", "gauge", open_files());
  write(out, "process_max_fds", "Maximum number of open file descriptors.", "gauge",
        limit_of(RLIMIT_NOFILE));
  write(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", "gauge",
        stat_field(stat, kVirtualBytesField));
  write(out, "process_virtual_memory_max_bytes",
        "Maximum amount of virtual memory available in bytes.", "gauge", limit_of(RLIMIT_AS));
  if (const auto pages = stat_field(stat, kResidentPagesField)) {
    write(out, "process_resident_memory_bytes", "Resident memory size in bytes.", "gauge",
          *pages * double(sysconf(_SC_PAGESIZE)));
  }
  const auto started = stat_field(stat, kStartTimeField);
  const auto boot = boot_time();
  if (started && boot) {
    write(out, "process_start_time_seconds",
          "Start time of the process since unix epoch in seconds.", "gauge",
          *boot + *started / double(sysconf(_SC_CLK_TCK)));
  }
  write(out, "process_threads", "Number of threads.", "gauge", stat_field(stat, kThreadsField));
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    out.family("process_context_switches_total", "Context switches since the process started.",
               "counter");
    out.sample("process_context_switches_total", {{"type", "voluntary"}}, double(usage.ru_nvcsw));
    out.sample("process_context_switches_total", {{"type", "involuntary"}},
               double(usage.ru_nivcsw));
  }
}

}  // namespace bia::metrics
