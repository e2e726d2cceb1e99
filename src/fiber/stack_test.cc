#include "fiber/stack.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "fiber/scheduler_impl.h"
#include "fiber/test_support.h"

namespace bia::fiber {
namespace {

TEST(StackPool, RoundsUpToPagesAndReuses) {
  StackPool pool;
  Stack stack = pool.acquire(10'000).value();
  EXPECT_EQ(stack.bytes, 12'288u);
  std::memset(stack.base, 1, stack.bytes);
  char* base = stack.base;
  pool.release(stack);
  EXPECT_EQ(pool.free_count(12'288), 1u);
  EXPECT_EQ(pool.acquire(12'288).value().base, base);
}

TEST(StackPool, GivesBackWhatALargeStackUsed) {
  StackPool pool;
  Stack stack = pool.acquire(kStackBytesUser).value();
  stack.base[0] = 'x';
  stack.base[stack.bytes - 1] = 'y';
  pool.release(stack);
  Stack again = pool.acquire(kStackBytesUser).value();
  ASSERT_EQ(again.base, stack.base);
  EXPECT_EQ(again.base[0], 0) << "the deep part was returned to the kernel";
  EXPECT_EQ(again.base[again.bytes - 1], 'y') << "the first pages stay";
  pool.release(again);
}

TEST(StackPool, KeepsABoundedNumber) {
  StackPool pool;
  std::vector<Stack> stacks;
  for (int i = 0; i < 600; ++i) stacks.push_back(pool.acquire(16'384).value());
  for (Stack& stack : stacks) pool.release(stack);
  EXPECT_EQ(pool.free_count(16'384), 512u);
}

TEST(StackPool, OutOfMappingsNamesTheSetting) {
  StackPool pool;
  pool.fail_with(ENOMEM);
  auto stack = pool.acquire(kStackBytesDefault);
  ASSERT_FALSE(stack.ok());
  EXPECT_EQ(stack.error().code(), Code::kResourceExhausted);
  EXPECT_NE(stack.error().message().find("vm.max_map_count"), std::string::npos);
  EXPECT_NE(stack.error().message().find("Cannot allocate memory"), std::string::npos);
  EXPECT_NE(stack.error().hint().find("sysctl -w vm.max_map_count"), std::string::npos);
}

TEST(StackPool, SpawnReportsThatStacksRanOutAndTheOthersRunOn) {
  in_scheduler([] {
    Scheduler& scheduler = Scheduler::current();
    scheduler.impl().stacks().fail_with(ENOMEM);
    auto refused = scheduler.spawn([] {}, {.stack_bytes = 65'536});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kResourceExhausted);
    scheduler.impl().stacks().fail_with(0);
    EXPECT_EQ(scheduler.fiber_count(), 1u);
    Fiber fiber = start([] {});
    EXPECT_TRUE(fiber.join());
  });
}

TEST(StackPool, GivesTheSchedulersSizeWhereNoneIsAskedFor) {
  auto scheduler = Scheduler::create({.stack_bytes = kStackBytesMin}).value();
  auto fiber = scheduler->spawn([] {});
  ASSERT_TRUE(fiber.ok());
  scheduler->run(Scheduler::Until::kNoFibers);
  EXPECT_EQ(scheduler->impl().stacks().free_count(kStackBytesMin), 1u);
  EXPECT_EQ(scheduler->impl().stacks().free_count(kStackBytesDefault), 0u);
}

TEST(StackPool, HoldsMoreStacksThanAProcessWouldNeed) {
  in_scheduler([] {
#ifdef BIA_FIBER_TSAN
    constexpr size_t kFibers = 100;  // Each costs ThreadSanitizer a megabyte.
#else
    constexpr size_t kFibers = 10'000;
#endif
    WaitQueue gate;
    std::vector<Fiber> fibers;
    for (size_t i = 0; i < kFibers; ++i) {
      auto fiber = Scheduler::current().spawn([&] { EXPECT_TRUE(gate.wait()); },
                                              {.stack_bytes = kStackBytesUser});
      ASSERT_TRUE(fiber.ok()) << fiber.error().text();
      fibers.push_back(std::move(*fiber));
    }
    yield();
    EXPECT_EQ(Scheduler::current().fiber_count(), kFibers + 1);
    while (!gate.empty()) gate.wake_all();
  });
}

int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  // Not a tail call, and never ends before the stack does.
  return depth > 1'000'000 ? frame[0] : recurse(depth + 1) + frame[0];
}

/// Of the 20 pages below `at`'s: how many are in memory.
size_t pages_below(const void* at) {
  constexpr size_t kPage = 4096;
  constexpr size_t kPages = 20;
  const auto top = reinterpret_cast<uintptr_t>(at) / kPage * kPage;
  std::vector<unsigned char> present(kPages);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(top - kPages * kPage), kPages * kPage, present.data()),
            0);
  size_t count = 0;
  for (unsigned char each : present) count += each & 1;
  return count;
}

[[gnu::noinline]] int touch(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? frame[0] : touch(depth - 1) + frame[0];
}

TEST(Fiber, TrimGivesBackWhatASuspendedOneDoesNotUse) {
  in_scheduler([] {
    WaitQueue gate;
    void* place = nullptr;
    Fiber fiber = start([&] {
      std::string kept = "kept";
      place = __builtin_frame_address(0);
      EXPECT_EQ(touch(15), 15 * 16 / 2);
      EXPECT_TRUE(gate.wait());
      EXPECT_EQ(kept, "kept");
      EXPECT_EQ(touch(15), 15 * 16 / 2);
    });
    fiber.trim();  // Has not run yet: nothing to give back.
    yield();
#ifndef BIA_FIBER_ASAN  // Which may keep frames elsewhere.
    EXPECT_GE(pages_below(place), 14u);
#endif
    fiber.trim();
    EXPECT_LE(pages_below(place), 2u);
    gate.wake_all();
    EXPECT_TRUE(fiber.join());
    fiber.trim();  // Its stack is another's.
  });
}

TEST(StackDeathTest, OverflowHitsTheGuardPage) {
#if defined(BIA_FIBER_ASAN) || defined(BIA_FIBER_TSAN)
  const char* message = "";  // The sanitizer's own.
#else
  const char* message = "stack overflow: a fiber used all 128 KB of its stack";
#endif
  EXPECT_DEATH(in_scheduler([] { start([] { recurse(0); }); }), message);
}

}  // namespace
}  // namespace bia::fiber
