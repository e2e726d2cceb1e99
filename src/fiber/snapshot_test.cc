#include "fiber/snapshot.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace bia::fiber {
namespace {

TEST(Snapshot, KeepsWhatWasLoaded) {
  Snapshot<int> snapshot;
  EXPECT_EQ(snapshot.load(), nullptr);
  snapshot.store(std::make_shared<const int>(1));
  const auto first = snapshot.load();
  snapshot.store(std::make_shared<const int>(2));
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(*snapshot.load(), 2);
}

TEST(Snapshot, IsReplacedByTheFirstWhoKnowsIt) {
  const auto one = std::make_shared<const int>(1);
  const auto two = std::make_shared<const int>(2);
  Snapshot<int> snapshot(one);
  EXPECT_EQ(snapshot.replace(one, two), two);
  EXPECT_EQ(snapshot.replace(one, std::make_shared<const int>(3)), two);
  EXPECT_EQ(snapshot.load(), two);
}

TEST(Snapshot, ThreadsSeeItWhole) {
  Snapshot<std::vector<int>> snapshot(std::make_shared<const std::vector<int>>(100, 0));
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int last = 0; last < 200;) {
        const auto seen = snapshot.load();
        EXPECT_EQ(*seen, std::vector<int>(100, seen->front()));
        last = seen->front();
      }
    });
  }
  for (int i = 1; i <= 200; ++i) snapshot.store(std::make_shared<const std::vector<int>>(100, i));
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace bia::fiber
