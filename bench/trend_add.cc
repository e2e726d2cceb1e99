// What recording a sample costs: `g++ -O2 -std=c++20 … bench/trend_add.cc`, or target
// bench_trend_add. Prints nanoseconds a call of Histogram::add, Sink::add and Shard::add (ten
// series, as an HTTP request has).
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

#include "zelus/metrics/shard.h"

namespace {

template <typename Body>
void measure(const char* name, size_t calls, Body&& body) {
  auto before = std::chrono::steady_clock::now();
  body();
  std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - before;
  std::printf("%-24s %6.2f ns\n", name, spent.count() / static_cast<double>(calls));
}

}  // namespace

int main() {
  using namespace zelus::metrics;
  constexpr size_t kValues = 1 << 12;
  constexpr size_t kRounds = 20'000;
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(1, 0.7);
  std::vector<double> values(kValues);
  for (double& value : values) value = latency(random);

  Histogram histogram;
  measure("Histogram::add", kValues * kRounds, [&] {
    for (size_t r = 0; r < kRounds; ++r) {
      for (double value : values) histogram.add(value);
    }
  });
  Sink sink(MetricType::kTrend);
  measure("Sink::add (trend)", kValues * kRounds, [&] {
    for (size_t r = 0; r < kRounds; ++r) {
      for (double value : values) sink.add(value, 0);
    }
  });
  Shard shard{Registry()};
  std::vector<SeriesId> series;
  for (MetricId id :
       {kHttpReqs, kHttpReqDuration, kHttpReqBlocked, kHttpReqConnecting, kHttpReqTlsHandshaking,
        kHttpReqSending, kHttpReqWaiting, kHttpReqReceiving, kHttpReqFailed, kDataSent}) {
    series.push_back(shard.resolve(id, shard.tags().empty()));
  }
  measure("Shard::add (10 series)", kValues * kRounds / 4, [&] {
    for (size_t r = 0; r < kRounds / 4; ++r) {
      for (size_t i = 0; i + 10 <= kValues; i += 10) {
        for (size_t s = 0; s < 10; ++s) shard.add(series[s], values[i + s]);
      }
    }
  });
  std::printf("%llu samples, %zu bytes a histogram\n",
              static_cast<unsigned long long>(histogram.count()), histogram.bytes());
}
