#include "bia/fiber/scheduler.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bia/fiber/mailbox.h"
#include "bia/fiber/threads.h"
#include "fiber/test_support.h"

namespace bia::fiber {
namespace {

using std::chrono::milliseconds;

TEST(Scheduler, StopEndsParkedFibersAndThenReturns) {
  auto scheduler = Scheduler::create().value();
  int unwound = 0;
  for (int i = 0; i < 3; ++i) {
    scheduler
        ->spawn([&] {
          struct OnExit {
            int& count;
            ~OnExit() { ++count; }
          } on_exit{unwound};
          EXPECT_EQ(sleep_for(std::chrono::hours(1)).error().code(), Code::kCancelled);
        })
        .value();
  }
  std::thread other([&] { scheduler->stop(); });
  scheduler->run();
  other.join();
  EXPECT_EQ(unwound, 3);
  EXPECT_EQ(scheduler->fiber_count(), 0u);
}

TEST(Scheduler, FibersStartedWhileItStopsAreCancelledToo) {
  auto scheduler = Scheduler::create().value();
  Code code = Code::kOk;
  scheduler
      ->spawn([&] {
        Scheduler::current().stop();
        EXPECT_FALSE(sleep_for(std::chrono::hours(1)).ok());
        start([&] { code = sleep_for(std::chrono::hours(1)).error().code(); });
      })
      .value();
  scheduler->run();
  EXPECT_EQ(code, Code::kCancelled);
}

TEST(Scheduler, RunsAgainAfterAStop) {
  auto scheduler = Scheduler::create().value();
  scheduler->stop();
  scheduler->run();
  bool ran = false;
  scheduler->spawn([&] { ran = sleep_for(milliseconds(1)).ok(); }).value();
  scheduler->run(Scheduler::Until::kNoFibers);
  EXPECT_TRUE(ran);
  EXPECT_EQ(Scheduler::current_or_null(), nullptr);
}

struct Flush : Scheduler::Deferred {
  explicit Flush(std::string& text, char mark) : log(text), name(mark) {}
  void run_deferred() noexcept override {
    log += name;
    if (again-- > 0) Scheduler::current().defer(*this);
  }
  std::string& log;
  char name;
  int again = 0;
};

TEST(Scheduler, DeferredRunsOnceAtTheEndOfTheTurn) {
  in_scheduler([] {
    std::string log;
    Flush flush(log, 'f');
    start([&] {
      Scheduler::current().defer(flush);
      log += 'a';
    });
    start([&] {
      Scheduler::current().defer(flush);
      log += 'b';
    });
    yield();
    EXPECT_EQ(log, "abf");
  });
}

TEST(Scheduler, DeferredMayDeferItselfAndMayBeDestroyedWhileQueued) {
  in_scheduler([] {
    std::string log;
    Flush first(log, '1');
    first.again = 2;
    auto second = std::make_unique<Flush>(log, '2');
    Flush third(log, '3');
    for (Flush* flush : {&first, second.get(), &third}) Scheduler::current().defer(*flush);
    second.reset();
    for (int i = 0; i < 4; ++i) yield();
    EXPECT_EQ(log, "1311");
  });
}

TEST(Scheduler, FibersThatWakeEachOtherForeverLetTimersStrike) {
  in_scheduler([] {
    Parker a;
    Parker b;
    bool stop = false;
    Fiber first = start([&] {
      while (!stop && a.park()) b.unpark();
    });
    Fiber second = start([&] {
      while (!stop && b.park()) a.unpark();
    });
    a.unpark();
    EXPECT_TRUE(sleep_for(milliseconds(2)));
    stop = true;
    a.unpark();
    b.unpark();
    EXPECT_TRUE(first.join());
    EXPECT_TRUE(second.join());
  });
}

TEST(Post, StormFromManyThreadsArrivesWhole) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  auto scheduler = Scheduler::create().value();
  int64_t sum = 0;  // Written on the scheduler's thread alone.
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kPosts; ++i) scheduler->post([&sum, i] { sum += i; });
    });
  }
  int64_t expected = int64_t{kThreads} * kPosts * (kPosts - 1) / 2;
  scheduler
      ->spawn([&] {
        while (sum < expected) ASSERT_TRUE(sleep_for(std::chrono::microseconds(200)));
      })
      .value();
  scheduler->run(Scheduler::Until::kNoFibers);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sum, expected);
}

TEST(Post, WakesALoopThatWaits) {
  auto scheduler = Scheduler::create().value();
  Parker parker;
  scheduler->spawn([&] { EXPECT_TRUE(parker.park()); }).value();
  std::thread other([&] { scheduler->post([&] { parker.unpark(); }); });
  scheduler->run(Scheduler::Until::kNoFibers);
  other.join();
}

TEST(Mailbox, IsBoundedAndKeepsEachSendersOrder) {
  auto threads = ThreadGroup::create(3).value();
  constexpr int kMessages = 3000;
  Mailbox<std::pair<size_t, int>> box(threads->scheduler(0), 64);
  threads->run([&](size_t index) {
    if (index > 0) {
      for (int i = 0; i < kMessages; ++i) {
        while (!box.send({index, i})) yield();
      }
      return;
    }
    std::vector<int> next(3, 0);
    for (int received = 0; received < 2 * kMessages;) {
      auto messages = box.receive();
      ASSERT_TRUE(messages.ok());
      ASSERT_LE(messages->size(), 64u);
      for (auto& [sender, number] : *messages) {
        EXPECT_EQ(number, next[sender]++);
        ++received;
      }
    }
  });
}

TEST(Mailbox, RefusesOneAboveItsBoundAndLeavesTheMessage) {
  in_scheduler([] {
    Mailbox<std::unique_ptr<int>> box(Scheduler::current(), 1);
    EXPECT_TRUE(box.send(std::make_unique<int>(1)));
    auto second = std::make_unique<int>(2);
    EXPECT_FALSE(box.send(std::move(second)));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*box.receive().value().at(0), 1);
    EXPECT_EQ(box.receive(Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
  });
}

TEST(Offload, RunsElsewhereWhileOtherFibersRun) {
  in_scheduler([] {
    std::thread::id here = std::this_thread::get_id();
    std::atomic<bool> release = false;
    Fiber other = start([&] {
      yield();
      release = true;
    });
    std::thread::id there;
    offload([&] {
      there = std::this_thread::get_id();
      while (!release) std::this_thread::yield();
    });
    EXPECT_NE(there, here);
    EXPECT_NE(there, std::thread::id());
  });
}

TEST(Offload, MoreJobsThanThreadsAllEnd) {
  in_scheduler([] {
    std::atomic<size_t> done = 0;
    std::vector<Fiber> fibers;
    for (size_t i = 0; i < 5 * kOffloadThreadsMax; ++i) {
      fibers.push_back(start([&] { offload([&] { ++done; }); }));
    }
    for (auto& fiber : fibers) ASSERT_TRUE(fiber.join());
    EXPECT_EQ(done, 5 * kOffloadThreadsMax);
  });
}

TEST(Offload, CancelDoesNotLeaveTheWorkBehind) {
  in_scheduler([] {
    std::atomic<bool> release = false;
    bool finished = false;
    Fiber fiber = start([&] {
      offload([&] {
        while (!release) std::this_thread::yield();
      });
      finished = true;
      EXPECT_TRUE(cancelled());
    });
    yield();
    fiber.cancel();
    yield();
    EXPECT_FALSE(finished);
    release = true;
    ASSERT_TRUE(fiber.join());
    EXPECT_TRUE(finished);
  });
}

TEST(Offload, OfAbandonableWorkIsLeftAtTheDeadlineEvenBeyondTheScheduler) {
  auto release = std::make_shared<std::atomic<bool>>(false);
  auto ran = std::make_shared<std::atomic<bool>>(false);
  in_scheduler([&] {
    EXPECT_TRUE(offload_abandonable([ran] { *ran = true; }, Deadline::never()));
    EXPECT_TRUE(*ran);
    auto left = offload_abandonable(
        [release, ran] {
          while (!*release) std::this_thread::yield();
          *ran = false;
        },
        Deadline::after(milliseconds(1)));
    EXPECT_EQ(left.error().code(), Code::kDeadlineExceeded);
  });
  *release = true;
  while (*ran) std::this_thread::yield();
}

TEST(ThreadGroup, RunsABodyOnEachThread) {
  auto threads = ThreadGroup::create(3).value();
  EXPECT_EQ(threads->size(), 3u);
  std::vector<Scheduler*> seen(3, nullptr);
  std::thread::id first;
  threads->run([&](size_t index) {
    seen[index] = &Scheduler::current();
    if (index == 0) first = std::this_thread::get_id();
    EXPECT_TRUE(sleep_for(milliseconds(1)));
  });
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i], &threads->scheduler(i));
  EXPECT_EQ(first, std::this_thread::get_id());
  EXPECT_GE(ThreadGroup::create(0).value()->size(), 1u);
}

TEST(FdWatch, TellsOfDataThenOfTheEnd) {
  in_scheduler([] {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    FdWatch watch = FdWatch::create(ends[0]).value();
    watch.clear_readable();
    EXPECT_EQ(watch.wait_readable(Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    EXPECT_TRUE(watch.wait_readable(Deadline::never()));
    watch.clear_readable();
    EXPECT_FALSE(watch.readable());
    close(ends[1]);
    EXPECT_TRUE(watch.wait_readable(Deadline::never()));
    watch.clear_readable();
    EXPECT_TRUE(watch.readable()) << "an end is never cleared: no other edge comes";
    watch.reset();
    EXPECT_EQ(watch.wait_readable(Deadline::never()).error().code(), Code::kCancelled);
    close(ends[0]);
  });
}

TEST(FdWatch, ResetWakesItsWaitersEvenOneThatIsReadyAlready) {
  in_scheduler([] {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    auto watch = std::make_unique<FdWatch>(FdWatch::create(ends[0]).value());
    watch->clear_readable();
    Fiber reader = start([&] {
      EXPECT_EQ(watch->wait_readable(Deadline::never()).error().code(), Code::kCancelled);
    });
    yield();
    reader.cancel();
    FdWatch gone = std::move(*watch);
    gone.reset();
    ASSERT_TRUE(reader.join());
    close(ends[0]);
    close(ends[1]);
  });
}

TEST(FdWatch, ReceivesForItsReaderBeforeFibersRunAgain) {
  in_scheduler([] {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    FdWatch watch = FdWatch::create(ends[0]).value();
    char bytes[8] = {};
    EXPECT_EQ(watch.receive(bytes, Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    std::string order;
    Fiber reader = start([&] {
      auto received = watch.receive(bytes, Deadline::never());
      ASSERT_TRUE(received.ok());
      EXPECT_EQ(received->count, 3);
      EXPECT_GE(received->at, received->readable_at);
      order += "reader";
    });
    yield();
    EXPECT_EQ(write(ends[1], "abc", 3), 3);
    Fiber other = start([&] {
      yield();  // Into the turn in which the reader is resumed, but before it.
      order += std::string_view(bytes, 3) == "abc" ? "received " : "not yet ";
    });
    reader.join().ignore("test");
    other.join().ignore("test");
    EXPECT_TRUE(order == "received reader" || order == "readerreceived ") << order;
    EXPECT_EQ(write(ends[1], "12345678", 8), 8);
    EXPECT_EQ(watch.receive(bytes, Deadline::never())->count, 8);
    close(ends[1]);
    EXPECT_EQ(watch.receive(bytes, Deadline::never())->count, 0);
    EXPECT_EQ(watch.receive(bytes, Deadline::never())->count, 0) << "the end stays";
    watch.reset();
    close(ends[0]);
  });
}

TEST(FdWatch, AWokenReaderKeepsItsHandsOffTheBuffer) {
  in_scheduler([] {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    FdWatch watch = FdWatch::create(ends[0]).value();
    char bytes[8] = {};
    Fiber reader = start([&] {
      EXPECT_EQ(watch.receive(bytes, Deadline::never()).error().code(), Code::kAborted);
      EXPECT_EQ(bytes[0], 0);
      auto received = watch.receive(bytes, Deadline::never());
      ASSERT_TRUE(received.ok());
      EXPECT_EQ(received->count, 1);
      EXPECT_EQ(watch.receive(bytes, Deadline::never()).error().code(), Code::kCancelled);
    });
    yield();
    watch.wake_reader();
    EXPECT_EQ(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 3; ++i) yield();
    EXPECT_EQ(bytes[0], 'x');
    reader.cancel();
    reader.join().ignore("test");
    watch.wake_reader();  // Nobody waits: nothing happens.
    watch.reset();
    close(ends[0]);
    close(ends[1]);
  });
}

TEST(FdWatch, MayOutliveItsScheduler) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  FdWatch watch;
  in_scheduler([&] { watch = FdWatch::create(ends[0]).value(); });
  watch.reset();
  close(ends[0]);
  close(ends[1]);
}

TEST(FdWatch, RefusesADescriptorThatIsNone) {
  in_scheduler([] { EXPECT_EQ(FdWatch::create(9999).error().code(), Code::kResourceExhausted); });
}

TEST(Signals, WaitReturnsTheSignalThatCame) {
  block_signals();
  in_scheduler([] {
    EXPECT_EQ(wait_signal(Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    Fiber waiter = start([] { EXPECT_EQ(wait_signal().value(), SIGTERM); });
    yield();
    kill(getpid(), SIGTERM);
    EXPECT_TRUE(waiter.join());
  });
}

}  // namespace
}  // namespace bia::fiber
