#include "bia/fiber/interruptible.h"

#include <gtest/gtest.h>

#include "bia/fiber/scheduler.h"
#include "fiber/test_support.h"

namespace bia::fiber {
namespace {

TEST(InterruptibleScope, EndsTheWaitOfAnotherFiber) {
  auto scheduler = std::move(*Scheduler::create());
  InterruptibleScope* scope = nullptr;
  bool ended = false, later = false;
  auto waiter = scheduler->spawn([&] {
    {
      InterruptibleScope waits(Deadline::never());
      scope = &waits;
      auto slept = sleep_for(std::chrono::hours(1));
      ASSERT_FALSE(slept.ok());
      EXPECT_EQ(slept.error().code(), Code::kDeadlineExceeded);
      EXPECT_EQ(sleep_for(std::chrono::hours(1)).error().code(), Code::kDeadlineExceeded)
          << "the next wait of the scope ends as well";
      ended = true;
    }
    later = sleep_for(std::chrono::milliseconds(1)).ok();
  });
  auto other = scheduler->spawn([&] { scope->interrupt(); });
  ASSERT_TRUE(waiter.ok() && other.ok());
  scheduler->run(Scheduler::Until::kNoFibers);
  EXPECT_TRUE(ended);
  EXPECT_TRUE(later) << "after the scope, waits are as before";
}

TEST(InterruptibleScope, ItsDeadlineCountsWhereItIsTheEarlier) {
  auto scheduler = std::move(*Scheduler::create());
  auto fiber = scheduler->spawn([] {
    InterruptibleScope outer(Deadline::after(std::chrono::milliseconds(1)));
    InterruptibleScope inner(Deadline::after(std::chrono::hours(1)));
    EXPECT_EQ(sleep_for(std::chrono::hours(2)).error().code(), Code::kDeadlineExceeded);
  });
  ASSERT_TRUE(fiber.ok());
  scheduler->run(Scheduler::Until::kNoFibers);
}

}  // namespace
}  // namespace bia::fiber
