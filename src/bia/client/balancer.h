#pragma once
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bia/bia/discovery.h"

namespace bia {

/// One address of a service on one thread, with what its calls have shown.
struct ServicePool::Node {
  std::string address;  ///< "10.0.0.1:9000"
  std::string host;
  uint16_t port = 0;
  double weight = 100;
  std::unique_ptr<grpc::Channel> channel;

  double current_weight = 0;  ///< smooth weighted round robin
  double lag_ns = 0;          ///< EWMA; 0: not known
  double success = 1000;      ///< EWMA of 1000 and 0
  TimePoint measured_at;
  TimePoint picked_at;
  int64_t in_flight = 0;
  SreBreaker breaker;
};

/// Chooses among nodes. Of one thread.
class Balancer {
 public:
  using Node = ServicePool::Node;
  explicit Balancer(Balance kind, uint64_t seed) : kind_(kind), random_(seed) {}
  /// `nodes` is not empty.
  std::shared_ptr<Node> pick(const std::vector<std::shared_ptr<Node>>& nodes, TimePoint at);
  /// What a call has shown. `failed`: the node did (504, 503, cancelled), not the caller.
  static void measure(Node& node, TimePoint at, Duration took, bool failed);
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

 private:
  std::shared_ptr<Node> p2c(const std::vector<std::shared_ptr<Node>>& nodes, TimePoint at);
  Balance kind_;
  std::mt19937_64 random_;
  size_t next_ = 0;
};

/// The nodes that the client `seed` keeps to: `size` of them, by rendezvous hashing, so that a node
/// that comes or goes moves as few clients as can be.
void take_subset(std::vector<std::shared_ptr<ServicePool::Node>>& nodes, size_t size,
                 uint64_t seed);

/// The nodes of instances: endpoints of `scheme`. "grpcs" takes the old form of it as well,
/// "grpc://…?isSecure=true".
std::vector<std::shared_ptr<ServicePool::Node>> nodes_of(
    const std::vector<ServiceInstance>& instances, std::string_view scheme,
    std::string_view version);
/// Null for an address without a port.
std::shared_ptr<ServicePool::Node> node_of(std::string_view address);

}  // namespace bia
