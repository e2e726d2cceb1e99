#include "bia/registry/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace bia {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, DoublesUpToItsLimitWithJitter) {
  for (int run = 0; run < 100; ++run) {
    Backoff backoff(seconds(1));
    for (const int whole : {200, 400, 800, 1000, 1000, 1000}) {
      const Duration pause = backoff.next();
      EXPECT_GE(pause, milliseconds(whole / 2));
      EXPECT_LE(pause, milliseconds(whole));
    }
    EXPECT_EQ(backoff.failures(), 6);
  }
  std::set<Duration> pauses;
  for (int run = 0; run < 100; ++run) pauses.insert(Backoff(seconds(1)).next());
  EXPECT_GT(pauses.size(), 50u);
}

TEST(Backoff, BeginsAgainAfterASuccess) {
  Backoff backoff(seconds(10));
  for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.next(), seconds(10));
  backoff.watched(seconds(10));
  EXPECT_GE(backoff.next(), seconds(5)) << "a watch that ends at once is none";
  backoff.watched(seconds(11));
  EXPECT_LE(backoff.next(), milliseconds(200));
  backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_LE(backoff.next(), milliseconds(200));
}

}  // namespace
}  // namespace bia
