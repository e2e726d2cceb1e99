#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bia/fiber/overrun.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "fiber/test_support.h"

namespace bia::fiber {
namespace {

using std::chrono::milliseconds;

TEST(Fiber, SleepersWakeInOrderOfTheirTimes) {
  std::string order;
  in_scheduler([&] {
    std::vector<Fiber> fibers;
    for (int ms : {6, 2, 4}) {
      fibers.push_back(start([&order, ms] {
        ASSERT_TRUE(sleep_for(milliseconds(ms)));
        order += std::to_string(ms);
      }));
    }
    for (auto& fiber : fibers) ASSERT_TRUE(fiber.join());
  });
  EXPECT_EQ(order, "246");
}

TEST(Fiber, ManySleepersWakeInOrderOfTheirTimes) {
  in_scheduler([&] {
    TimePoint base = now() + milliseconds(5);
    TimePoint last{};
    int woken = 0;
    for (int i = 0; i < 500; ++i) {
      TimePoint at = base + std::chrono::microseconds((i * 7919) % 1000);
      start([&, at] {
        ASSERT_TRUE(sleep_until(at));
        EXPECT_GE(at, last);
        last = at;
        ++woken;
      });
    }
    ASSERT_TRUE(sleep_for(milliseconds(10)));
    while (woken < 500) yield();
  });
}

TEST(Fiber, SleepsWithLessThanAMillisecondOfError) {
  in_scheduler([] {
    Duration best = Duration::max();
    for (int i = 0; i < 20; ++i) {
      TimePoint at = now() + std::chrono::microseconds(300);
      ASSERT_TRUE(sleep_until(at));
      ASSERT_GE(now(), at);
      best = std::min(best, Duration(now() - at));
    }
    EXPECT_LT(best, milliseconds(1));
  });
}

TEST(Fiber, YieldLetsWhatIsReadyRunFirst) {
  std::string order;
  in_scheduler([&] {
    start([&] { order += "a"; });
    start([&] { order += "b"; });
    yield();
    order += "c";
  });
  EXPECT_EQ(order, "abc");
}

TEST(Fiber, JoinReturnsAtOnceForAnEndedFiber) {
  in_scheduler([] {
    Fiber fiber = start([] {});
    yield();
    EXPECT_TRUE(fiber.done());
    EXPECT_TRUE(fiber.join());
  });
}

TEST(Fiber, JoinGivesUpAtItsDeadline) {
  in_scheduler([] {
    Parker never;
    Fiber fiber = start([&] { EXPECT_EQ(never.park().error().code(), Code::kCancelled); });
    EXPECT_EQ(fiber.join(Deadline::after(milliseconds(1))).error().code(), Code::kDeadlineExceeded);
    fiber.cancel();
    EXPECT_TRUE(fiber.join());
  });
}

TEST(Fiber, HandleMayOutliveItsScheduler) {
  Fiber fiber;
  in_scheduler([&] { fiber = start([] {}); });
  EXPECT_TRUE(fiber.done());
  EXPECT_TRUE(fiber.join());
  fiber.cancel();
}

TEST(Fiber, CancelEndsEachKindOfWaitNowAndLater) {
  in_scheduler([] {
    Parker parker;
    WaitQueue queue;
    Mutex mutex;
    ASSERT_TRUE(mutex.try_lock());
    Semaphore semaphore(0);
    Channel<int> channel(1);
    Channel<int> full(1);
    ASSERT_TRUE(full.send(1));
    Fiber other = start([&] { EXPECT_FALSE(parker.park()); });
    std::vector<std::function<Result<void>()>> waits = {
        [] { return sleep_for(std::chrono::hours(1)); },
        [] { return sleep_for(Duration::zero()); },
        [&] { return queue.wait(); },
        [&] { return mutex.lock(); },
        [&] { return semaphore.acquire(); },
        [&] { return full.send(2); },
        [&] { return other.join(); },
        [&]() -> Result<void> {
          BIA_TRY(channel.receive());
          return {};
        },
    };
    for (auto& wait : waits) {
      Fiber fiber = start([&] {
        EXPECT_EQ(wait().error().code(), Code::kCancelled);
        EXPECT_TRUE(cancelled());
        EXPECT_EQ(wait().error().code(), Code::kCancelled) << "later waits too";
      });
      yield();
      fiber.cancel();
      ASSERT_TRUE(fiber.join());
    }
    EXPECT_TRUE(queue.empty());
    other.cancel();
    ASSERT_TRUE(other.join());
  });
}

TEST(Deadline, EarlierOfNestedOnesCounts) {
  in_scheduler([] {
    TimePoint start_at = now();
    ScopedDeadline outer(Deadline(start_at + milliseconds(3)));
    {
      ScopedDeadline inner(Deadline(start_at + std::chrono::hours(1)));
      EXPECT_EQ(sleep_for(std::chrono::minutes(1)).error().code(), Code::kDeadlineExceeded);
      EXPECT_GE(now(), start_at + milliseconds(3));
      EXPECT_LT(now(), start_at + std::chrono::seconds(20));
    }
    EXPECT_EQ(current_deadline().at(), start_at + milliseconds(3));
  });
}

TEST(Deadline, OfAScopeEndsWithTheScope) {
  in_scheduler([] {
    {
      ScopedDeadline scope(Deadline::after(Duration::zero()));
      EXPECT_EQ(sleep_for(milliseconds(1)).error().code(), Code::kDeadlineExceeded);
    }
    EXPECT_TRUE(current_deadline().is_never());
    EXPECT_TRUE(sleep_for(milliseconds(1)));
  });
}

TEST(Deadline, AnOutdatedTimerWakesNobodyEarly) {
  in_scheduler([] {
    Parker parker;
    parker.unpark();
    ASSERT_TRUE(parker.park(Deadline::after(milliseconds(1))));
    Fiber waker = start([&] { parker.unpark(); });
    ASSERT_TRUE(parker.park(Deadline::after(milliseconds(2))));  // Leaves its timer behind.
    TimePoint at = now() + milliseconds(6);
    ASSERT_TRUE(sleep_until(at));
    EXPECT_GE(now(), at);
  });
}

struct Struck final : Overrun {
  Struck(Deadline deadline, int& count_in) : Overrun(deadline), count(count_in) {}
  ~Struck() override = default;
  void on_overrun() noexcept override {
    EXPECT_FALSE(in_fiber());
    ++count;
  }
  int& count;
};

TEST(Overrun, StrikesOnceForAFiberThatIgnoresItsWaits) {
  in_scheduler([] {
    int count = 0;
    {
      Struck struck(Deadline::after(milliseconds(2)), count);
      while (count == 0) sleep_for(std::chrono::seconds(1)).ignore("that is the point");
      for (int i = 0; i < 5; ++i) yield();
    }
    EXPECT_EQ(count, 1);
  });
}

TEST(Overrun, StrikesForAFiberThatOnlyYields) {
  in_scheduler([] {
    int count = 0;
    Struck struck(Deadline::after(milliseconds(2)), count);
    while (count == 0) yield();
  });
}

TEST(Overrun, StrikesWhileWorkIsOffloaded) {
  in_scheduler([] {
    int count = 0;
    std::atomic<bool> end = false;
    // What a sleeper before left in the heap must not hide the deadline.
    Fiber other = start([&] {
      while (count == 0) sleep_for(milliseconds(1)).ignore("not cancelled");
      end = true;
    });
    ASSERT_TRUE(sleep_for(milliseconds(1)));
    Struck struck(Deadline::after(milliseconds(3)), count);
    offload([&] {
      while (!end) std::this_thread::yield();
    });
    EXPECT_EQ(count, 1);
  });
}

TEST(Overrun, LeavesAFiberAloneThatEndsAtItsDeadline) {
  in_scheduler([] {
    int count = 0;
    {
      Struck struck(Deadline::after(milliseconds(2)), count);
      EXPECT_EQ(sleep_for(std::chrono::seconds(9)).error().code(), Code::kDeadlineExceeded);
    }
    for (int i = 0; i < 5; ++i) yield();
    EXPECT_EQ(count, 0);
  });
}

TEST(Parker, KeepsAWakeThatCameBefore) {
  in_scheduler([] {
    Parker parker;
    parker.unpark();
    parker.unpark();
    EXPECT_TRUE(parker.park());
    EXPECT_EQ(parker.park(Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
  });
}

void throw_deep(int depth, const std::string& text) {
  std::string local(static_cast<size_t>(depth) + 20, 'x');  // Something to unwind.
  if (depth == 0) throw std::runtime_error(text);
  throw_deep(depth - 1, text);
}

TEST(Exceptions, CrossFramesOfAFiber) {
  in_scheduler([] {
    std::string caught;
    Fiber fiber = start([&] {
      try {
        throw_deep(20, "deep");
      } catch (const std::runtime_error& error) {
        caught = error.what();
      }
    });
    ASSERT_TRUE(fiber.join());
    EXPECT_EQ(caught, "deep");
  });
}

TEST(Exceptions, AFiberSuspendedInACatchBlockRethrowsItsOwn) {
  in_scheduler([] {
    std::string log;
    auto body = [&](const std::string& name, int yields) {
      try {
        try {
          throw_deep(3, name);
        } catch (const std::runtime_error&) {
          for (int i = 0; i < yields; ++i) yield();
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          throw;
        }
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), name);
        log += name;
      }
    };
    Fiber a = start([&] { body("a", 3); });
    Fiber b = start([&] { body("b", 1); });
    Fiber c = start([&] { body("c", 2); });
    ASSERT_TRUE(a.join());
    ASSERT_TRUE(b.join());
    ASSERT_TRUE(c.join());
    EXPECT_EQ(log, "bca");
    EXPECT_EQ(std::current_exception(), nullptr);
  });
}

TEST(ExceptionsDeathTest, OneThatEscapesTheBodyEndsTheProgramWithItsText) {
  EXPECT_DEATH(in_scheduler([] {
                 start([] { throw std::runtime_error("lost"); });
                 yield();
               }),
               "escaped the body of a fiber: std::runtime_error: lost");
}

}  // namespace
}  // namespace bia::fiber
