#include "bia/fiber/sync.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fiber/test_support.h"

namespace bia::fiber {
namespace {

using std::chrono::milliseconds;

TEST(WaitQueue, WakesInOrderOfArrival) {
  in_scheduler([] {
    WaitQueue queue;
    std::string order;
    for (char name : {'a', 'b', 'c'}) {
      start([&, name] {
        ASSERT_TRUE(queue.wait());
        order += name;
      });
    }
    yield();
    EXPECT_TRUE(queue.wake_one());
    yield();
    EXPECT_EQ(order, "a");
    queue.wake_all();
    yield();
    EXPECT_EQ(order, "abc");
    EXPECT_FALSE(queue.wake_one());
  });
}

TEST(WaitQueue, AWakeForOneThatJustGaveUpGoesToTheNext) {
  in_scheduler([] {
    WaitQueue queue;
    bool first_woken = true;
    bool second_woken = false;
    Fiber first = start([&] { first_woken = queue.wait().ok(); });
    Fiber second = start([&] { second_woken = queue.wait().ok(); });
    yield();
    // The first is cancelled but has not run since: it still stands in the queue.
    first.cancel();
    EXPECT_TRUE(queue.wake_one());
    ASSERT_TRUE(first.join());
    ASSERT_TRUE(second.join());
    EXPECT_FALSE(first_woken);
    EXPECT_TRUE(second_woken);
    EXPECT_TRUE(queue.empty());
  });
}

TEST(WaitQueue, OneInTheMiddleThatGivesUpLeavesTheOthersInPlace) {
  in_scheduler([] {
    WaitQueue queue;
    int woken = 0;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 3; ++i) {
      fibers.push_back(start([&, i] {
        auto waited = queue.wait(i == 1 ? Deadline::after(milliseconds(1)) : Deadline::never());
        EXPECT_EQ(waited.ok(), i != 1);
        woken += waited.ok();
      }));
    }
    ASSERT_TRUE(fibers[1].join());
    queue.wake_all();
    ASSERT_TRUE(fibers[0].join());
    ASSERT_TRUE(fibers[2].join());
    EXPECT_EQ(woken, 2);
  });
}

TEST(Mutex, IsHandedOverInOrder) {
  in_scheduler([] {
    Mutex mutex;
    std::string order;
    ASSERT_TRUE(mutex.lock());
    std::vector<Fiber> fibers;
    for (char name : {'a', 'b'}) {
      fibers.push_back(start([&, name] {
        ASSERT_TRUE(mutex.lock());
        yield();
        order += name;
        mutex.unlock();
      }));
    }
    yield();
    mutex.unlock();
    EXPECT_FALSE(mutex.try_lock()) << "it belongs to the first in line already";
    for (auto& fiber : fibers) ASSERT_TRUE(fiber.join());
    EXPECT_EQ(order, "ab");
    EXPECT_TRUE(mutex.try_lock());
  });
}

TEST(Mutex, LockGivesUpAtItsDeadline) {
  in_scheduler([] {
    Mutex mutex;
    ASSERT_TRUE(mutex.try_lock());
    EXPECT_EQ(mutex.lock(Deadline::after(milliseconds(1))).error().code(), Code::kDeadlineExceeded);
    mutex.unlock();
    EXPECT_TRUE(mutex.lock());
  });
}

TEST(Semaphore, LetsItsCountIn) {
  in_scheduler([] {
    Semaphore semaphore(2);
    int inside = 0;
    int most = 0;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 6; ++i) {
      fibers.push_back(start([&] {
        ASSERT_TRUE(semaphore.acquire());
        most = std::max(most, ++inside);
        yield();
        --inside;
        semaphore.release();
      }));
    }
    for (auto& fiber : fibers) ASSERT_TRUE(fiber.join());
    EXPECT_EQ(most, 2);
    EXPECT_EQ(semaphore.available(), 2u);
  });
}

TEST(Semaphore, ReleaseOfManyWakesManyAndKeepsTheRest) {
  in_scheduler([] {
    Semaphore semaphore(0);
    Fiber a = start([&] { EXPECT_TRUE(semaphore.acquire()); });
    Fiber b = start([&] { EXPECT_TRUE(semaphore.acquire()); });
    yield();
    semaphore.release(5);
    ASSERT_TRUE(a.join());
    ASSERT_TRUE(b.join());
    EXPECT_EQ(semaphore.available(), 3u);
  });
}

TEST(Channel, SendSuspendsWhileFullAndKeepsOrder) {
  in_scheduler([] {
    Channel<int> channel(2);
    Fiber sender = start([&] {
      for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(channel.send(i));
        EXPECT_LE(channel.size(), 2u);
      }
      channel.close();
    });
    for (int i = 0; i < 10; ++i) EXPECT_EQ(channel.receive().value(), i);
    EXPECT_EQ(channel.receive().value(), std::nullopt);
    ASSERT_TRUE(sender.join());
  });
}

TEST(Channel, CloseWakesReceiversAndSenders) {
  in_scheduler([] {
    Channel<int> empty(1);
    Channel<int> full(1);
    ASSERT_TRUE(full.send(7));
    Fiber receiver = start([&] { EXPECT_EQ(empty.receive().value(), std::nullopt); });
    Fiber sender =
        start([&] { EXPECT_EQ(full.send(8).error().code(), Code::kFailedPrecondition); });
    yield();
    empty.close();
    full.close();
    ASSERT_TRUE(receiver.join());
    ASSERT_TRUE(sender.join());
    EXPECT_EQ(full.receive().value(), 7) << "what was sent is still received";
    EXPECT_EQ(full.receive().value(), std::nullopt);
  });
}

TEST(Channel, ReceiveGivesUpAtItsDeadlineAndLosesNothing) {
  in_scheduler([] {
    Channel<int> channel(1);
    EXPECT_EQ(channel.receive(Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    ASSERT_TRUE(channel.send(1));
    EXPECT_EQ(channel.send(2, Deadline::after(milliseconds(1))).error().code(),
              Code::kDeadlineExceeded);
    EXPECT_EQ(channel.receive().value(), 1);
  });
}

}  // namespace
}  // namespace bia::fiber
