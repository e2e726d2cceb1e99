#include "zelus/metrics/snapshot.h"

#include <gmock/gmock.h>

#include "bia/fiber/threads.h"

namespace zelus::metrics {
namespace {

using namespace std::chrono_literals;

TEST(Shard, ResolvesOncePerMetricAndTags) {
  Shard shard{Registry()};
  const TagSet* tags = shard.tags().of({{"a", "1"}});
  SeriesId id = shard.resolve(kHttpReqs, tags);
  EXPECT_EQ(shard.resolve(kHttpReqs, shard.tags().of({{"a", "1"}})), id);
  EXPECT_NE(shard.resolve(kHttpReqFailed, tags), id);
  shard.add(id, 1);
  shard.add(id, 2);
  EXPECT_EQ(shard.series()[id].sink.value(), 3);
}

TEST(Snapshot, MergesMetricsByNameAndSeriesByContent) {
  Registry registry;
  Thresholds thresholds = *Thresholds::create({{"http_reqs{a:1}", {{"count>0", false, {}}}}},
                                              registry, SystemTags::defaults());
  Shard one(registry);
  Shard two(registry);
  two.registry().define("other_first", MetricType::kTrend).ignore("known good");
  MetricId late_one = *one.registry().define("late", MetricType::kCounter);
  MetricId late_two = *two.registry().define("late", MetricType::kCounter);
  ASSERT_NE(late_one, late_two);
  for (Shard* shard : {&one, &two}) {
    shard->add(kHttpReqs, shard->tags().of({{"a", "1"}}), 1);
    shard->add(kHttpReqs, shard->tags().of({{"a", "2"}}), 10);
  }
  one.add(late_one, one.tags().empty(), 1);
  two.add(late_two, two.tags().empty(), 2);

  Snapshot all = Snapshot::of(one, thresholds, Detail::kSeries);
  all.merge(Snapshot::of(two, thresholds, Detail::kSeries));
  EXPECT_EQ(all.find("http_reqs")->total.value(), 22);
  EXPECT_EQ(all.find("http_reqs")->submetrics[0].second.value(), 2);
  EXPECT_EQ(all.find("late")->total.value(), 3);
  EXPECT_EQ(all.series().size(), 3u);
  EXPECT_TRUE(all.find("vus")->total.empty());
  EXPECT_EQ(all.find("nosuch"), nullptr);
}

TEST(Snapshot, ATypeThatDiffersBetweenThreadsIsLeftOut) {
  Registry registry;
  Thresholds thresholds = Thresholds::none({}, registry, SystemTags::defaults());
  Shard one(registry);
  Shard two(registry);
  one.add(*one.registry().define("late", MetricType::kCounter), one.tags().empty(), 1);
  two.add(*two.registry().define("late", MetricType::kTrend), two.tags().empty(), 2);
  Snapshot all = Snapshot::of(one, thresholds, Detail::kSeries);
  all.merge(Snapshot::of(two, thresholds, Detail::kSeries));
  EXPECT_EQ(all.find("late")->total.value(), 1);
}

TEST(Aggregator, GathersTheShardsOfAllThreads) {
  auto threads = std::move(bia::fiber::ThreadGroup::create(3)).value();
  Registry registry;
  Thresholds thresholds = Thresholds::none({}, registry, SystemTags::defaults());
  std::vector<std::unique_ptr<Shard>> shards;
  for (int i = 0; i < 3; ++i) shards.push_back(std::make_unique<Shard>(registry));
  Aggregator aggregator(thresholds);
  for (size_t i = 0; i < 3; ++i) aggregator.add_shard(threads->scheduler(i), *shards[i]);
  double requests = 0;
  threads->run([&](size_t index) {
    Shard& shard = *shards[index];
    shard.add(kHttpReqs, shard.tags().empty(), 1);
    if (index != 0) {
      bia::fiber::sleep_for(100ms).ignore("keeps the thread alive");
      return;
    }
    bia::fiber::sleep_for(20ms).ignore("lets the others record");
    Result<Snapshot> snapshot = aggregator.snapshot(Detail::kTotals, bia::Deadline::after(5s));
    ASSERT_TRUE(snapshot.ok());
    requests = snapshot->find("http_reqs")->total.value();
  });
  EXPECT_EQ(requests, 3);
}

TEST(SampleStream, HoldsTheProducerBackAndLosesNothing) {
  auto threads = std::move(bia::fiber::ThreadGroup::create(2)).value();
  Registry registry;
  Shard shard(registry);
  std::vector<std::function<void()>> unreturned;
  size_t received = 0;
  bool returning = false;
  SampleStream stream(
      threads->scheduler(1), threads->scheduler(0),
      [&](SampleChunk chunk, std::function<void()> done) {
        received += chunk.size();
        returning ? done() : unreturned.push_back(std::move(done));
      },
      SampleStream::WhenFull::kHold);
  constexpr size_t kSamples = kStreamChunkSamples * (kStreamChunksMax + 3);
  bool finished = false;
  threads->run([&](size_t index) {
    if (index == 1) {
      shard.set_stream(&stream);
      SeriesId series = shard.resolve(kHttpReqs, shard.tags().empty());
      for (size_t i = 0; i < kSamples; ++i) shard.add(series, 1, {.unix_ns = 5});
      finished = true;
      stream.flush();
      bia::fiber::sleep_for(50ms).ignore("lets the last chunk arrive");
      return;
    }
    while (received < kStreamChunkSamples * kStreamChunksMax)
      bia::fiber::sleep_for(1ms).ignore("waits for the chunks");
    bia::fiber::sleep_for(20ms).ignore("the producer is held");
    EXPECT_EQ(received, kStreamChunkSamples * kStreamChunksMax);
    returning = true;
    for (auto& done : unreturned) done();
    while (received < kSamples) bia::fiber::sleep_for(1ms).ignore("waits for the rest");
  });
  EXPECT_TRUE(finished);
  EXPECT_EQ(received, kSamples);
  EXPECT_GE(stream.held(), 10ms);
  EXPECT_EQ(stream.dropped(), 0u);
}

TEST(SampleStream, DropsAndCountsWhereAsked) {
  auto threads = std::move(bia::fiber::ThreadGroup::create(1)).value();
  size_t received = 0;
  SampleStream stream(
      threads->scheduler(0), threads->scheduler(0),
      [&](SampleChunk chunk, std::function<void()>) { received += chunk.size(); },
      SampleStream::WhenFull::kDrop);
  Metric metric{"x", MetricType::kCounter, Contains::kDefault};
  constexpr size_t kFits = kStreamChunkSamples * (kStreamChunksMax + 1);
  threads->run([&](size_t) {
    for (size_t i = 0; i < kFits + 7; ++i) stream.push({&metric, nullptr, 1, 1, nullptr});
    bia::fiber::yield();
  });
  EXPECT_EQ(stream.dropped(), 7u);
  EXPECT_EQ(received, kStreamChunkSamples * kStreamChunksMax);
}

}  // namespace
}  // namespace zelus::metrics
