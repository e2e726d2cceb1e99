// What a fiber, a switch, a wait with a deadline and a post cost, in ns. usage: bench_fiber_micro
#include <cstdio>
#include <functional>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"

namespace {

using bia::fiber::Scheduler;

/// The best of many short rounds, so that other work on the machine is not counted.
void measure(const char* what, int count, const std::function<void(int)>& work) {
  double best = 1e9;
  for (int round = 0; round < 300; ++round) {
    bia::TimePoint from = bia::now();
    work(count);
    double each = static_cast<double>((bia::now() - from).count()) / count;
    if (each < best) best = each;
  }
  std::printf("%-58s %8.1f ns\n", what, best);
}

void spawn_and_end(int count) {
  for (int i = 0; i < count; i += 100) {
    for (int j = 0; j < 100; ++j) Scheduler::current().spawn([] {}).value();
    bia::fiber::yield();
  }
}

void ping_pong(int count, bia::Deadline deadline) {
  bia::fiber::Parker a;
  bia::fiber::Parker b;
  auto other = Scheduler::current()
                   .spawn([&] {
                     for (int i = 0; i < count / 2; ++i) {
                       b.park(deadline).ignore("it is woken");
                       a.unpark();
                     }
                   })
                   .value();
  for (int i = 0; i < count / 2; ++i) {
    b.unpark();
    a.park(deadline).ignore("it is woken");
  }
  other.join().ignore("it ends");
}

}  // namespace

int main() {
  auto scheduler = Scheduler::create().value();
  scheduler
      ->spawn([] {
        measure("create, run and end a fiber", 5'000, spawn_and_end);
        measure("switch to another fiber (park and wake)", 5'000,
                [](int n) { ping_pong(n, bia::Deadline::never()); });
        measure("the same, each wait with a deadline", 5'000,
                [](int n) { ping_pong(n, bia::Deadline::after(std::chrono::seconds(30))); });
        measure("yield (one turn of the loop)", 5'000, [](int n) {
          for (int i = 0; i < n; ++i) bia::fiber::yield();
        });
        measure("post to the own thread", 5'000, [](int n) {
          for (int i = 0; i < n; ++i) Scheduler::current().post([] {});
          bia::fiber::yield();
        });
        measure("a wait that its deadline ends (error included)", 1'000, [](int n) {
          bia::fiber::Parker never;
          for (int i = 0; i < n; ++i) never.park(bia::Deadline(bia::TimePoint{})).ignore("always");
        });
      })
      .value();
  scheduler->run(Scheduler::Until::kNoFibers);
}
