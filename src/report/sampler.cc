#include "report/sampler.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace report {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// "Name:   123 kB" -> 123.
uint64_t field(const std::string& text, std::string_view name) {
  size_t at = text.find(std::string(name) + ":");
  while (at != std::string::npos && at != 0 && text[at - 1] != '\n')
    at = text.find(std::string(name) + ":", at + 1);
  return at == std::string::npos ? 0
                                 : std::strtoull(text.c_str() + at + name.size() + 1, nullptr, 10);
}

template <typename Visit>
void each_entry(const std::string& folder, Visit visit) {
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return;
  while (dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') visit(std::string(entry->d_name));
  }
  closedir(dir);
}

/// Ticks of 10 ms, of threads that have ended too.
double stat_cpu_seconds(const std::string& folder) {
  std::string stat = read_all(folder + "/stat");
  size_t end = stat.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<ProcessSample> sample_process(pid_t pid) {
  std::string folder = fmt::format("/proc/{}", pid);
  std::string status = read_all(folder + "/status");
  if (status.empty() || status.find("State:\tZ") != std::string::npos) return std::nullopt;
  ProcessSample sample;
  sample.rss_bytes = field(status, "VmRSS") * 1024;
  sample.anonymous_bytes = field(status, "RssAnon") * 1024;
  sample.virtual_bytes = field(status, "VmSize") * 1024;
  sample.threads = field(status, "Threads");
  double scheduled = 0;
  each_entry(folder + "/task", [&](const std::string& thread) {
    std::string task = folder + "/task/" + thread;
    scheduled += std::strtod(read_all(task + "/schedstat").c_str(), nullptr) / 1e9;
    std::string thread_status = read_all(task + "/status");
    sample.context_switches += field(thread_status, "voluntary_ctxt_switches") +
                               field(thread_status, "nonvoluntary_ctxt_switches");
  });
  // A thread that ended takes its schedstat with it: the ticks of the process are the lower bound.
  sample.cpu_seconds = std::max(scheduled, stat_cpu_seconds(folder));
  each_entry(folder + "/fd", [&](const std::string&) { ++sample.open_files; });
  std::string io = read_all(folder + "/io");
  sample.read_bytes = field(io, "rchar");
  sample.written_bytes = field(io, "wchar");
  return sample;
}

pid_t process_listening_on(uint16_t port) {
  constexpr std::string_view kListen = "0A";
  std::string inode;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream rows(table);
    std::string line;
    std::getline(rows, line);
    while (inode.empty() && std::getline(rows, line)) {
      std::istringstream fields(line);
      std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, number;
      fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
          timeout >> number;
      size_t colon = local.rfind(':');
      if (state == kListen && colon != std::string::npos &&
          std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port)
        inode = number;
    }
  }
  if (inode.empty()) return 0;
  std::string wanted = "socket:[" + inode + "]";
  pid_t found = 0;
  each_entry("/proc", [&](const std::string& name) {
    if (found != 0 || name.find_first_not_of("0123456789") != std::string::npos) return;
    std::string files = "/proc/" + name + "/fd";
    each_entry(files, [&](const std::string& fd) {
      char target[64];
      ssize_t length = readlink((files + "/" + fd).c_str(), target, sizeof target);
      if (length > 0 && std::string_view(target, static_cast<size_t>(length)) == wanted)
        found = static_cast<pid_t>(std::stol(name));
    });
  });
  return found;
}

}  // namespace report
