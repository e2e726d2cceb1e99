#include "http/http2/send_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace bia::http {
namespace {

TEST(SendQueue, GivesInOrderWhatItWasGiven) {
  SendQueue queue;
  queue.append("0123");
  queue.append("456789");
  char into[4];
  std::string got;
  while (queue.waiting() > 0) {
    got.append(into, queue.take(into));
    queue.drop_taken();
  }
  EXPECT_EQ(got, "0123456789");
  EXPECT_EQ(queue.take(into), 0u);
}

TEST(SendQueue, HoldsWhatWaitsAndNotAllThatWentThroughIt) {
  SendQueue queue;
  std::string chunk(32 * 1024, 'c');
  char into[16 * 1024];
  for (int i = 0; i < 1000; ++i) {
    queue.append(chunk);
    while (queue.full()) {
      queue.take(into);
      queue.drop_taken();
    }
    ASSERT_GT(queue.waiting(), 0u);
  }
  EXPECT_LT(queue.text().capacity(), 8 * SendQueue::kWaitingMax);
  queue.rest(1024);
  EXPECT_LT(queue.text().capacity(), 1024u);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(SendQueue, MovesTheRestOnlyWhereItIsTheSmallerPart) {
  SendQueue queue;
  constexpr size_t kAll = 40 * SendQueue::kWaitingMax;
  queue.append(std::string(kAll, 'a'));
  std::vector<char> into(kAll / 4);
  for (const size_t left : {kAll, kAll / 2, kAll / 4}) {
    queue.take(into);
    queue.drop_taken();
    EXPECT_EQ(queue.text().size(), left);
  }
}

TEST(SendQueue, CanBeTakenOnceMore) {
  SendQueue queue;
  queue.append("again");
  char into[3];
  queue.take(into);
  EXPECT_EQ(queue.taken(), 3u);
  queue.rewind();
  EXPECT_EQ(queue.waiting(), 5u);
}

}  // namespace
}  // namespace bia::http
