// What a lookup costs in a router of 1, 10, 100 and 1,000 services of three routes each, in ns;
// interleaved, medians: bench_router_lookup
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "bia/http/router.h"

namespace {

using bia::http::PathParams;
using bia::http::Router;

constexpr std::array kSizes = {1, 10, 100, 334, 1000};
constexpr int kRounds = 200'000;
constexpr int kPairs = 9;

double cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

struct Setting {
  Router router;
  std::vector<std::string> paths;  ///< what is asked for, over all services
};

void fill(Setting& setting, int services) {
  for (int i = 0; i < services; ++i) {
    const std::string base = "/v1/service" + std::to_string(i);
    setting.router.add("GET", base + "/items", nullptr).value();
    setting.router.add("GET", base + "/items/{id}", nullptr).value();
    setting.router.add("POST", base + "/items/{id}:cancel", nullptr).value();
  }
  for (int i = 0; i < 64; ++i)
    setting.paths.push_back("/v1/service" + std::to_string(i * services / 64) + "/items/" +
                            std::to_string(i));
}

double lookup_ns(const Setting& setting) {
  PathParams params;
  size_t found = 0;
  const double start = cpu_ns();
  for (int i = 0; i < kRounds; ++i)
    found += setting.router.find("GET", setting.paths[static_cast<size_t>(i) % 64], params,
                                 nullptr) != nullptr;
  const double spent = (cpu_ns() - start) / kRounds;
  if (found != kRounds) std::puts("a path was not found");
  return spent;
}

}  // namespace

int main() {
  std::array<Setting, kSizes.size()> settings;
  for (size_t i = 0; i < kSizes.size(); ++i) fill(settings[i], kSizes[i]);
  std::array<std::vector<double>, kSizes.size()> seen;
  for (int pair = 0; pair < kPairs; ++pair) {
    for (size_t i = 0; i < kSizes.size(); ++i) seen[i].push_back(lookup_ns(settings[i]));
  }
  for (size_t i = 0; i < kSizes.size(); ++i) {
    std::nth_element(seen[i].begin(), seen[i].begin() + kPairs / 2, seen[i].end());
    std::printf("%5d routes  %7.1f ns\n", 3 * kSizes[i], seen[i][kPairs / 2]);
  }
}
