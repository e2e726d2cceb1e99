#include "bia/app/sample_sink.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

TEST(SampleSink, ACancelledFiberWaitsForHandlersToo) {
  auto scheduler = fiber::Scheduler::create().value();
  scheduler
      ->spawn([] {
        SampleSink<int> sink;
        int memory = 0;
        EXPECT_EQ(sink.enter(), nullptr);
        sink.leave();
        sink.lend(&memory);
        EXPECT_EQ(sink.enter(), &memory);
        bool taken = false;
        auto taker = fiber::Scheduler::current().spawn([&] {
          EXPECT_FALSE(fiber::sleep_for(std::chrono::hours(1)).ok());
          sink.take_back();
          taken = true;
        });
        taker->cancel();
        for (int turn = 0; turn < 10; ++turn) fiber::yield();
        EXPECT_FALSE(taken) << "a handler is at work";
        EXPECT_EQ(sink.enter(), nullptr) << "one that comes now has nothing";
        sink.leave();
        sink.leave();
        taker->join().value();
        EXPECT_TRUE(taken);
      })
      .value();
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
}

}  // namespace
}  // namespace bia
