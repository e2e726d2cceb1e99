#include "build.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "project.h"

extern char** environ;

namespace bia::cli {
namespace {

namespace fs = std::filesystem;

bool in_path(const std::string& program) {
  const char* path = getenv("PATH");
  std::string_view rest = path ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (access(fmt::format("{}/{}", rest.substr(0, colon), program).c_str(), X_OK) == 0)
      return true;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return false;
}

/// Where this bia's find_package() files are: installed beside the program, or in the build folder
/// that it lies in. Empty: CMake searches.
std::string package_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path prefix = program.parent_path().parent_path();
  std::vector<fs::path> candidates = {prefix, prefix / "lib/cmake/bia"};
  for (fs::directory_iterator entry(prefix / "lib", error), end; !error && entry != end;
       entry.increment(error)) {
    candidates.push_back(entry->path() / "cmake/bia");  // lib/x86_64-linux-gnu/cmake/bia
  }
  for (const fs::path& folder : candidates) {
    std::error_code ignored;
    if (fs::exists(folder / "biaConfig.cmake", ignored)) return folder.string();
  }
  return {};
}

Result<std::string> program_name(const fs::path& folder, const std::string& wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder / "cmd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  if (names.empty())
    return Error(Code::kNotFound, "NO_PROGRAM",
                 fmt::format("{} has no program: there is no folder in cmd/", folder.string()));
  if (wanted.empty() && names.size() == 1) return names[0];
  if (wanted.empty())
    return Error(Code::kInvalidArgument, "WHICH",
                 fmt::format("there are several programs in cmd/: {}", list))
        .with_hint("choose with --cmd NAME");
  if (std::find(names.begin(), names.end(), wanted) == names.end()) {
    return Error(Code::kNotFound, "NO_PROGRAM",
                 fmt::format("there is no cmd/{}; there are: {}", wanted, list));
  }
  return wanted;
}

Result<void> run_step(const std::vector<std::string>& words, std::string_view step) {
  const int code = BIA_TRY(run_process(words));
  if (code == 0) return {};
  return Error(Code::kFailedPrecondition, "BUILD",
               fmt::format("{} failed with exit code {}; its messages are above", step, code));
}

Result<void> configure(const fs::path& source, const fs::path& build) {
  std::error_code error;
  if (fs::exists(build / "build.ninja", error) || fs::exists(build / "Makefile", error)) return {};
  std::vector<std::string> words = {"cmake", "-S",           source.string(),
                                    "-B",    build.string(), "-DCMAKE_BUILD_TYPE=Release"};
  if (in_path("ninja")) words.insert(words.end(), {"-G", "Ninja"});
  if (in_path("ccache")) words.push_back("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache");
  if (const std::string package = package_folder(); !package.empty())
    words.push_back("-Dbia_DIR=" + package);
  return run_step(words, "cmake");
}

/// Leaves it to be waited for.
bool ends_within(pid_t pid, Duration limit) {
  const Deadline deadline = Deadline::after(limit);
  siginfo_t info{};
  while (waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == 0) {
    if (deadline.expired()) return false;
    usleep(5000);
  }
  return true;
}

/// Results on stdout are the service's; what the program says goes to stderr. In a group of its own
/// it has the terminal, for git may ask for a password. Returns errno.
int spawn(std::vector<char*>& argv, bool own_group, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (own_group) {
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (isatty(STDIN_FILENO)) posix_spawn_file_actions_addtcsetpgrp_np(&actions, STDIN_FILENO);
  }
  const int failed = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

}  // namespace

Result<int> run_process(const std::vector<std::string>& words, Duration limit) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const bool limited = limit != Duration::max();
  pid_t pid = 0;
  if (const int failed = spawn(argv, limited, pid))
    return Error(Code::kNotFound, "PROGRAM",
                 fmt::format("cannot run {}: {}", words[0], strerror(failed)))
        .with_hint(fmt::format("install {}", words[0]));
  const bool timed_out = limited && !ends_within(pid, limit);
  if (timed_out) {
    // Git leaves a helper behind that waits for the network.
    kill(-pid, SIGTERM);
    static_cast<void>(ends_within(pid, std::chrono::seconds(2)));
    kill(-pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (limited && isatty(STDIN_FILENO)) {
    const auto before = signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpgrp());
    signal(SIGTTOU, before);
  }
  if (timed_out)
    return Error(Code::kDeadlineExceeded, "TIMEOUT",
                 fmt::format("{} did not end within {}", words[0], format_go_duration(limit)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<BuiltService> build_service(const std::string& folder, const std::string& name, Io& io) {
  std::error_code error;
  const fs::path source = fs::canonical(folder, error);
  if (error)
    return Error(Code::kNotFound, "NO_FOLDER", fmt::format("{}: {}", folder, error.message()));
  if (!fs::exists(source / "CMakeLists.txt", error)) {
    return Error(Code::kNotFound, "NO_PROJECT",
                 fmt::format("{} is no project: it has no CMakeLists.txt", folder))
        .with_hint("bia new NAME makes one");
  }
  BuiltService built;
  built.folder = source.string();
  built.name = BIA_TRY(program_name(source, name));
  const fs::path root = project_root(source);
  if (root.empty()) {
    return Error(Code::kNotFound, "NO_PROJECT",
                 fmt::format("neither {} nor a folder above has a CMakeLists.txt with project()",
                             (source / "CMakeLists.txt").string()));
  }
  const fs::path build = root / "build";
  fmt::print(io.err, "building {} in {}\n", built.name, build.string());
  io.err.flush();
  BIA_TRY(configure(root, build));
  BIA_TRY(run_step({"cmake", "--build", build.string(), "--target", built.name}, "the build"));
  built.program = (build / "bin" / built.name).string();
  if (!fs::exists(built.program, error)) {
    return Error(Code::kNotFound, "NO_PROGRAM", fmt::format("the build made no {}", built.program))
        .with_hint("CMAKE_RUNTIME_OUTPUT_DIRECTORY should be build/bin");
  }
  return built;
}

}  // namespace bia::cli
