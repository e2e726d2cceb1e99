#include "bia/app/successor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/child_setup.h"
#include "bia/fiber/scheduler.h"
#include "bia/net/inherit.h"

extern char** environ;

namespace bia {
namespace {

constexpr const char* kReadyVariable = "BIA_READY_FD";
constexpr int kFirstDescriptor = 3;
constexpr Duration kReadyMax = std::chrono::seconds(60);

sigset_t successor_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  return set;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

Error failed(std::string_view what, int number) {
  return Error(Code::kUnavailable, "SUCCESSOR", fmt::format("{}: {}", what, std::strerror(number)));
}

std::vector<std::string> own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::string> command;
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\0', at), all.size());
    command.emplace_back(all, at, end - at);
    at = end + 1;
  }
  return command;
}

std::vector<std::string> environment_with(const NamedSockets& sockets,
                                          const std::vector<std::string>& variables) {
  std::vector<std::string> out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view one = *each;
    if (!one.starts_with("LISTEN_") && !one.starts_with(kReadyVariable)) out.emplace_back(one);
  }
  out.insert(out.end(), variables.begin(), variables.end());
  std::string names;
  for (const auto& [name, fd] : sockets) names += (names.empty() ? "" : ":") + name;
  out.push_back(fmt::format("LISTEN_FDS={}", sockets.size()));
  out.push_back("LISTEN_FDNAMES=" + names);
  out.push_back(
      fmt::format("{}={}", kReadyVariable, kFirstDescriptor + static_cast<int>(sockets.size())));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// The child's descriptors 3, 4, … are copies of these, in order.
Result<int> spawn(const std::vector<Descriptor>& descriptors, const NamedSockets& sockets,
                  const std::vector<std::string>& variables) {
  std::vector<std::string> command = own_command();
  std::vector<std::string> environment = environment_with(sockets, variables);
  if (command.empty()) return failed("reading /proc/self/cmdline", errno);
  ChildSetup setup;
  for (size_t i = 0; i < descriptors.size(); ++i)
    posix_spawn_file_actions_adddup2(&setup.actions, descriptors[i].get(),
                                     kFirstDescriptor + static_cast<int>(i));
  pid_t pid = -1;
  const int number = posix_spawnp(&pid, command[0].c_str(), &setup.actions, &setup.attributes,
                                  pointers(command).data(), pointers(environment).data());
  if (number != 0) return failed(command[0], number);
  return static_cast<int>(pid);
}

Result<void> wait_ready(const Descriptor& reader, int pid) {
  fiber::FdWatch watch = BIA_TRY(fiber::FdWatch::create(reader.get()));
  const Deadline deadline = Deadline::after(kReadyMax);
  for (;;) {
    char byte = 0;
    const ssize_t count = read(reader.get(), &byte, 1);
    if (count == 1) return {};
    if (count == 0)
      return Error(Code::kUnavailable, "SUCCESSOR",
                   fmt::format("process {} ended before it served; its log says why", pid));
    watch.clear_readable();
    BIA_TRY(watch.wait_readable(deadline));
  }
}

}  // namespace

void block_successor_signal() {
  sigset_t set = successor_signal();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<void> wait_successor_signal() {
  sigset_t set = successor_signal();
  Descriptor fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (fd.get() < 0) return failed("signalfd", errno);
  fiber::FdWatch watch = BIA_TRY(fiber::FdWatch::create(fd.get()));
  for (;;) {
    signalfd_siginfo info{};
    if (read(fd.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) return {};
    watch.clear_readable();
    BIA_TRY(watch.wait_readable(Deadline::never()));
  }
}

Result<int> start_successor(const NamedSockets& sockets,
                            const std::vector<std::string>& variables) {
  if (sockets.size() > size_t{net::InheritedSockets::kSocketsMax}) {
    return Error(Code::kResourceExhausted, "SUCCESSOR",
                 fmt::format("{} listening sockets are more than the {} that a program takes over",
                             sockets.size(), net::InheritedSockets::kSocketsMax));
  }
  // Above what the child's own numbers are put on: the sockets, and the pipe behind them.
  const int high = kFirstDescriptor + static_cast<int>(sockets.size()) + 1;
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return failed("pipe", errno);
  Descriptor reader(pipe_ends[0]);
  Descriptor writer(pipe_ends[1]);
  std::vector<Descriptor> descriptors;
  const auto add = [&](int fd) {
    descriptors.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, high));
    return descriptors.back().get() >= 0;
  };
  for (const auto& [name, fd] : sockets) {
    if (!add(fd)) return failed("copying a listening socket", errno);
  }
  if (!add(writer.get())) return failed("copying a pipe", errno);
  const int pid = BIA_TRY(spawn(descriptors, sockets, variables));
  descriptors.clear();
  writer.close();
  Result<void> ready = wait_ready(reader, pid);
  if (!ready.ok()) {
    // This program serves on: a successor that came later would take connections beside it.
    kill(pid, SIGKILL);
    fiber::offload([pid] {
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    });
    return std::move(ready).error();
  }
  return pid;
}

bool tell_predecessor() {
  const char* text = std::getenv(kReadyVariable);
  if (text == nullptr) return false;
  const int fd = std::atoi(text);
  unsetenv(kReadyVariable);
  if (fd < kFirstDescriptor) return false;
  [[maybe_unused]] const ssize_t written = write(fd, "1", 1);
  ::close(fd);
  return true;
}

}  // namespace bia
