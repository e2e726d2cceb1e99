#include "fiber/overflow.h"

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <mutex>

#include "fiber/scheduler_impl.h"

namespace bia::fiber {
namespace {

constexpr size_t kSignalStackBytes = 32 * 1024;

/// What a handler may call (signal-safety(7)).
void print(const char* text) { static_cast<void>(!write(STDERR_FILENO, text, std::strlen(text))); }

void print_number(size_t number) {
  char digits[24];
  char* at = digits + sizeof digits;
  *--at = '\0';
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  print(at);
}

void on_fault(int number, siginfo_t* info, void*) {
  auto* scheduler = Scheduler::Impl::current();
  FiberImpl* fiber = scheduler ? scheduler->running() : nullptr;
  auto* address = static_cast<const char*>(info->si_addr);
  if (fiber && address < fiber->stack.base && address >= fiber->stack.base - kStackGuardBytes) {
    print("bia: stack overflow: a fiber used all ");
    print_number(fiber->stack.bytes / 1024);
    print(
        " KB of its stack; use less of it (large arrays, deep recursion) or start it with more "
        "(runtime.stack_bytes in a service's configuration, SpawnOptions::stack_bytes in code)\n");
  }
  // The instruction faults again, and the default ends the program with a core dump of the right
  // place.
  signal(number, SIG_DFL);
}

/// The handler needs a stack: the fiber has none left.
class SignalStack {
 public:
  SignalStack() {
    stack_t before{};
    if (sigaltstack(nullptr, &before) != 0 || !(before.ss_flags & SS_DISABLE)) return;
    void* memory = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_.ss_sp = memory;
    stack_.ss_size = kSignalStackBytes;
    sigaltstack(&stack_, nullptr);
  }
  ~SignalStack() {
    if (!stack_.ss_sp) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(stack_.ss_sp, kSignalStackBytes);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  stack_t stack_{};
};

}  // namespace

void report_stack_overflows() {
  static std::once_flag once;
  static bool ours = false;
  std::call_once(once, [] {
    struct sigaction before{};
    sigaction(SIGSEGV, nullptr, &before);
    if ((before.sa_flags & SA_SIGINFO) || before.sa_handler != SIG_DFL) return;
    struct sigaction action{};
    action.sa_sigaction = &on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ours = sigaction(SIGSEGV, &action, nullptr) == 0;
  });
  if (!ours) return;
  static thread_local SignalStack stack;
  static_cast<void>(stack);
}

}  // namespace bia::fiber
