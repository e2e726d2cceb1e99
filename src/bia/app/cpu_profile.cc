#include "bia/app/cpu_profile.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <vector>

#include "bia/app/elf_symbols.h"
#include "bia/app/sample_sink.h"
#include "bia/fiber/scheduler.h"

namespace bia {
namespace {

constexpr int kFramesMax = 48;
constexpr int kSkipped = 2;  // the handler and the kernel's return from it
constexpr size_t kSamplesMax = 16 * 1024;
constexpr int kSampleMicroseconds = 10'000;

struct Sample {
  std::array<void*, kFramesMax> frames;
  int count;
};

// A signal handler reaches nothing but globals.
std::atomic<bool> g_busy{false};
std::atomic<size_t> g_used{0};
SampleSink<Sample> g_samples;

void take_sample(int) {
  const int saved = errno;
  if (Sample* samples = g_samples.enter()) {
    const size_t index = g_used.fetch_add(1, std::memory_order_relaxed);
    if (index < kSamplesMax)
      samples[index].count = backtrace(samples[index].frames.data(), kFramesMax);
  }
  g_samples.leave();
  errno = saved;
}

std::string name_of(void* address, const ElfSymbols& program) {
  const char* mangled = program.find(address);
  Dl_info info{};
  if (*mangled == '\0') {  // a shared library's
    if (!dladdr(address, &info) || !info.dli_sname) return fmt::format("{}", address);
    mangled = info.dli_sname;
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), free);
  std::string name = plain ? plain.get() : mangled;
  for (char& c : name) {
    if (c == ';' || c == '\n') c = ':';
  }
  return name;
}

std::string collapsed(const std::vector<Sample>& samples, size_t used) {
  const ElfSymbols program = ElfSymbols::of_program();
  std::map<std::string, size_t> stacks;
  std::map<void*, std::string> names;
  for (size_t i = 0; i < used; ++i) {
    std::string stack;
    for (int frame = samples[i].count - 1; frame >= kSkipped; --frame) {
      void* address = samples[i].frames[size_t(frame)];
      auto [entry, fresh] = names.try_emplace(address);
      if (fresh) entry->second = name_of(address, program);
      stack.append(stack.empty() ? "" : ";").append(entry->second);
    }
    if (!stack.empty()) ++stacks[stack];
  }
  std::string text;
  for (const auto& [stack, count] : stacks) text += fmt::format("{} {}\n", stack, count);
  return text;
}

Duration cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// In place of no stacks: what reads a profile would take the file for a broken one.
std::string nothing_sampled(Duration duration, Duration used) {
  using std::chrono::milliseconds;
  return fmt::format(
      "# no samples: in {} the process used {} of CPU time, and one is taken every {}; "
      "load the service meanwhile, or ask for more seconds\n",
      format_go_duration(duration),
      format_go_duration(std::chrono::duration_cast<milliseconds>(used)),
      format_go_duration(std::chrono::microseconds(kSampleMicroseconds)));
}

}  // namespace

Result<std::string> cpu_profile(Duration duration) {
  if (g_busy.exchange(true))
    return Error(Code::kResourceExhausted, "PROFILING", "another profile is being taken");
  // Loads libgcc's unwinder now: in the handler it would call malloc.
  void* first[1];
  backtrace(first, 1);
  std::vector<Sample> samples(kSamplesMax);
  g_used.store(0);
  g_samples.lend(samples.data());
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = take_sample;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, &before);
  const Duration used_before = cpu_time();
  const itimerval every{{0, kSampleMicroseconds}, {0, kSampleMicroseconds}};
  setitimer(ITIMER_PROF, &every, nullptr);
  auto slept = fiber::sleep_for(duration);
  const itimerval never{};
  setitimer(ITIMER_PROF, &never, nullptr);
  g_samples.take_back();
  const Duration used_time = cpu_time() - used_before;
  std::string text;
  const size_t used = std::min(g_used.load(), kSamplesMax);
  if (slept) fiber::offload([&] { text = collapsed(samples, used); });
  action.sa_handler = SIG_IGN;  // a last signal on its way must not end the process
  sigaction(SIGPROF, &action, nullptr);
  g_busy.store(false);
  if (!slept) return std::move(slept).error();
  return text.empty() ? nothing_sampled(duration, used_time) : text;
}

}  // namespace bia
