#include "report/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bia/fiber/scheduler.h"

namespace report {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

constexpr bia::Duration kPollInterval = std::chrono::milliseconds(20);

void redirect(const std::string& path, int target) {
  int fd = open(path.empty() ? "/dev/null" : path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
                0644);
  if (fd >= 0) dup2(fd, target);
}

/// In the child, between fork and exec: only system calls from here on.
[[noreturn]] void become(const Child::Options& options, char* const* arguments, int report_fd) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);  // Ctrl-C goes to bia bench, which ends its children in order.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int input = open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, STDIN_FILENO);
  redirect(options.output_path, STDOUT_FILENO);
  if (options.error_path.empty())
    dup2(STDOUT_FILENO, STDERR_FILENO);
  else
    redirect(options.error_path, STDERR_FILENO);
  if (!options.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu : options.cpus) CPU_SET(static_cast<size_t>(cpu), &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  if (options.folder.empty() || chdir(options.folder.c_str()) == 0) execvp(arguments[0], arguments);
  int problem = errno;
  if (write(report_fd, &problem, sizeof problem) < 0) _exit(126);
  _exit(127);
}

}  // namespace

Result<Child> Child::start(const Options& options) {
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0)
    return Error(Code::kResourceExhausted, "PIPE", fmt::format("pipe: {}", std::strerror(errno)));
  pid_t pid = fork();
  if (pid == 0) {
    for (const std::string& variable : options.environment)
      putenv(const_cast<char*>(variable.c_str()));
    become(options, arguments.data(), report[1]);
  }
  close(report[1]);
  int problem = 0;
  ssize_t got = pid > 0 ? read(report[0], &problem, sizeof problem)
                        : 0;  // Ends at exec: the pipe is close-on-exec.
  close(report[0]);
  if (pid < 0)
    return Error(Code::kResourceExhausted, "FORK", fmt::format("fork: {}", std::strerror(errno)));
  Child child(pid);
  if (got > 0) {
    waitpid(pid, nullptr, 0);
    child.exit_ = 127;
    return Error(Code::kNotFound, "EXEC",
                 fmt::format("{}: {}", options.arguments[0], std::strerror(problem)));
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(other.pid_), exit_(other.exit_), cpu_seconds_(other.cpu_seconds_) {
  other.pid_ = 0;
}

Child::~Child() {
  if (pid_ == 0 || poll().has_value()) return;
  send(SIGTERM);
  bia::TimePoint end = bia::now() + kStopWait;
  while (!poll().has_value() && bia::now() < end) {
    if (!bia::fiber::in_fiber() || !bia::fiber::sleep_for(kPollInterval).ok()) usleep(20'000);
  }
  if (!exit_.has_value()) {
    send(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

std::optional<int> Child::poll() {
  if (exit_.has_value() || pid_ == 0) return exit_;
  int status = 0;
  rusage usage{};
  if (wait4(pid_, &status, WNOHANG, &usage) != pid_) return std::nullopt;
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  cpu_seconds_ = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_;
}

int Child::wait() {
  while (!poll().has_value()) {
    if (!bia::fiber::sleep_for(kPollInterval).ok()) send(SIGTERM), usleep(20'000);
  }
  return *exit_;
}

void Child::send(int signal) {
  if (pid_ != 0 && !exit_.has_value()) kill(pid_, signal);
}

}  // namespace report
