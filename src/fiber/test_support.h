#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "bia/fiber/scheduler.h"

namespace bia::fiber {

/// Runs `body` as a fiber of a scheduler of its own until no fiber is left.
inline void in_scheduler(std::function<void()> body) {
  auto scheduler = Scheduler::create();
  ASSERT_TRUE(scheduler.ok());
  auto fiber = (*scheduler)->spawn(std::move(body));
  ASSERT_TRUE(fiber.ok());
  (*scheduler)->run(Scheduler::Until::kNoFibers);
}

inline Fiber start(std::function<void()> body) {
  return Scheduler::current().spawn(std::move(body)).value();
}

}  // namespace bia::fiber
