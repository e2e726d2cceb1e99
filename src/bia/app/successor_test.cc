#include "bia/app/successor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"

namespace bia {
namespace {

using namespace std::chrono_literals;

constexpr const char* kChildVariable = "BIA_SUCCESSOR_TEST";

/// A successor is this very program: it must not get as far as the tests.
const bool kIsChild = [] {
  const char* ready = std::getenv("BIA_READY_FD");
  const char* what = std::getenv(kChildVariable);
  if (ready == nullptr || what == nullptr) return false;
  alarm(60);
  if (std::string_view(what) == "closes") close(std::atoi(ready));
  if (std::string_view(what) == "serves") {
    tell_predecessor();
    _exit(0);
  }
  for (;;) pause();
}();

void with_child(const char* what, const std::function<void()>& body) {
  setenv(kChildVariable, what, 1);
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) { body(); });
  unsetenv(kChildVariable);
}

bool has_children() { return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

TEST(Successor, IsKilledAndReapedWhereTheWaitIsCancelled) {
  with_child("hangs", [] {
    Result<int> started = 0;
    auto waiting = *fiber::Scheduler::current().spawn([&] { started = start_successor({}); });
    while (!has_children()) fiber::yield();
    waiting.cancel();
    waiting.join().value();
    EXPECT_EQ(started.error().code(), Code::kCancelled);
    EXPECT_FALSE(has_children());
  });
}

TEST(Successor, IsKilledAndReapedWhereItClosesItsPipe) {
  with_child("closes", [] {
    EXPECT_EQ(start_successor({}).error().code(), Code::kUnavailable);
    EXPECT_FALSE(has_children());
  });
}

TEST(Successor, IsLeftToServe) {
  with_child("serves", [] {
    const int pid = start_successor({}).value();
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
    EXPECT_FALSE(kIsChild);
  });
}

}  // namespace
}  // namespace bia
