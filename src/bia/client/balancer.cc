#include "bia/client/balancer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace bia {
namespace {

using Node = ServicePool::Node;
using Nodes = std::vector<std::shared_ptr<Node>>;

uint64_t hash_of(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ull ^ seed;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93ull;
  return hash ^ hash >> 32;
}

/// As aegis' p2c since 2.8, with the instance's own weight honoured.
double load_of(const Node& node) {
  constexpr double kFloorNs = 5e6;
  return std::sqrt(node.lag_ns + kFloorNs) * double(node.in_flight + 1);
}
double score_of(const Node& node) { return node.success * node.weight / load_of(node); }

}  // namespace

std::shared_ptr<Node> Balancer::p2c(const Nodes& nodes, TimePoint at) {
  constexpr Duration kForcedAfter = std::chrono::seconds(3);
  if (nodes.size() == 1) return nodes.front();
  const size_t first = random_() % nodes.size();
  size_t second = random_() % (nodes.size() - 1);
  second += second >= first;
  const auto& a = nodes[first];
  const auto& b = nodes[second];
  const auto& better = score_of(*a) >= score_of(*b) ? a : b;
  const auto& other = better == a ? b : a;
  // A node that is never asked never shows that it has recovered.
  return at - other->picked_at > kForcedAfter ? other : better;
}

std::shared_ptr<Node> Balancer::pick(const Nodes& nodes, TimePoint at) {
  std::shared_ptr<Node> picked;
  switch (kind_) {
    case Balance::kRandom:
      picked = nodes[random_() % nodes.size()];
      break;
    case Balance::kRoundRobin:
      picked = nodes[next_++ % nodes.size()];
      break;
    case Balance::kP2c:
      picked = p2c(nodes, at);
      break;
    case Balance::kWeightedRoundRobin: {
      double total = 0;
      for (const auto& node : nodes) {
        node->current_weight += node->weight;
        total += node->weight;
        if (!picked || node->current_weight > picked->current_weight) picked = node;
      }
      picked->current_weight -= total;
      break;
    }
  }
  picked->picked_at = at;
  return picked;
}

void Balancer::measure(Node& node, TimePoint at, Duration took, bool failed) {
  constexpr double kTauNs = 600e6;
  const double sample = double(took.count());
  const double age =
      node.measured_at == TimePoint() ? INFINITY : double((at - node.measured_at).count());
  const double old = std::exp(-std::max(age, 0.0) / kTauNs);
  node.lag_ns = node.lag_ns * old + sample * (1 - old);
  node.success = node.success * old + (failed ? 0 : 1000) * (1 - old);
  node.measured_at = at;
}

void take_subset(Nodes& nodes, size_t size, uint64_t seed) {
  if (size == 0 || nodes.size() <= size) return;
  std::sort(nodes.begin(), nodes.end(), [seed](const auto& a, const auto& b) {
    return hash_of(a->address, seed) < hash_of(b->address, seed);
  });
  nodes.resize(size);
}

std::shared_ptr<Node> node_of(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return nullptr;
  auto node = std::make_shared<Node>();
  node->address = address;
  node->host = address.substr(0, colon);
  if (node->host.front() == '[' && node->host.back() == ']')
    node->host = node->host.substr(1, node->host.size() - 2);
  const std::string_view port = address.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), node->port);
  if (error != std::errc() || end != port.data() + port.size() || node->port == 0) return nullptr;
  return node;
}

Nodes nodes_of(const std::vector<ServiceInstance>& instances, std::string_view scheme,
               std::string_view version) {
  Nodes nodes;
  for (const ServiceInstance& instance : instances) {
    if (!version.empty() && instance.version != version) continue;
    for (std::string_view endpoint : instance.endpoints) {
      const size_t colon = endpoint.find("://");
      if (colon == std::string_view::npos) continue;
      std::string its(endpoint.substr(0, colon));
      endpoint.remove_prefix(colon + 3);
      // The old form says so behind the address: "?isSecure=true".
      if (endpoint.find("isSecure=true") != std::string_view::npos) its += 's';
      if (its != scheme) continue;
      auto node = node_of(endpoint.substr(0, endpoint.find_first_of("/?")));
      if (!node) continue;
      for (const auto& [key, value] : instance.metadata) {
        double weight = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), weight);
        if (key == "weight" && error == std::errc() && weight > 0) node->weight = weight;
      }
      nodes.push_back(std::move(node));
      break;
    }
  }
  return nodes;
}

SreBreaker::SreBreaker(const Options& options)
    : options_(options),
      bucket_time_(std::max<Duration>(options.window / std::max(options.buckets, 1), Duration(1))),
      buckets_(size_t(std::max(options.buckets, 1))) {}

SreBreaker::Bucket& SreBreaker::bucket(TimePoint at) {
  const int64_t number = at.time_since_epoch() / bucket_time_;
  Bucket& one = buckets_[size_t(number) % buckets_.size()];
  if (one.number != number) one = Bucket{number, 0, 0};
  return one;
}

bool SreBreaker::allow(TimePoint at, double random) {
  const int64_t number = at.time_since_epoch() / bucket_time_;
  int64_t total = 0;
  int64_t succeeded = 0;
  for (const Bucket& one : buckets_) {
    if (one.number < 0 || one.number <= number - int64_t(buckets_.size())) continue;
    total += one.total;
    succeeded += one.succeeded;
  }
  const double accepted = double(succeeded) / options_.success;
  if (total < options_.requests_min || double(total) < accepted) return true;
  const double refuse = std::max(0.0, (double(total) - accepted) / double(total + 1));
  if (random >= refuse) return true;
  mark(at, false);
  return false;
}

void SreBreaker::mark(TimePoint at, bool success) {
  Bucket& one = bucket(at);
  ++one.total;
  one.succeeded += success;
}

}  // namespace bia
