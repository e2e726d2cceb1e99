// Nodes of a service for each thread: a fiber there keeps them up to date, calls choose among them.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "bia/bia/discovery.h"
#include "bia/bia/log.h"
#include "bia/client/balancer.h"
#include "bia/client/pool_target.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/log/guarded.h"
#include "bia/net/socket.h"
#include "bia/registry/backoff.h"

namespace bia {
namespace {

constexpr Duration kLookupTimeout = std::chrono::seconds(5);
constexpr Duration kDnsInterval = std::chrono::seconds(30);
constexpr Duration kDnsRetry = std::chrono::seconds(1);
constexpr Duration kDiscoveryRetryMax = std::chrono::seconds(5);

Error no_node(const std::string& target) {
  return Error(Code::kUnavailable, "no_available_node",
               fmt::format("no node of {} is known", target));
}

/// The node's fault, not the caller's: what p2c and the breaker count.
bool is_failure(const Error& error) {
  return error.code() == Code::kUnavailable || error.code() == Code::kDeadlineExceeded ||
         error.code() == Code::kCancelled || error.http_status() == 500;
}

/// Null where there are none.
Result<std::shared_ptr<const http::ProxyRules>> proxies_of(const PoolOptions& options) {
  using http::ProxyRules;
  std::shared_ptr<const ProxyRules> shared;
  if (options.proxies == PoolOptions::Proxies::kNone) return shared;
  auto rules = BIA_TRY(options.scheme == "grpc"
                           ? ProxyRules::grpc_from_environment(ProxyRules::process_variable)
                           : ProxyRules::from_environment(ProxyRules::process_variable));
  if (!rules.empty()) shared = std::make_shared<const ProxyRules>(std::move(rules));
  return shared;
}

Result<std::unique_ptr<Discovery>> discovery_of(const PoolOptions& options) {
  if (!options.discovery) return BIA_TRY(EtcdRegistry::create(options.etcd));
  std::unique_ptr<Discovery> made = BIA_TRY(options.discovery());
  if (!made) return Error(Code::kInternal, "DISCOVERY", "PoolOptions::discovery has made none");
  return made;
}

}  // namespace

/// Everything of one thread.
class ServicePool::ThreadPool {
 public:
  ThreadPool(const PoolOptions& options, std::shared_ptr<const http::ProxyRules> proxies,
             uint64_t seed)
      : options_(options),
        proxies_(std::move(proxies)),
        seed_(seed),
        balancer_(options.balance, seed ^ uint64_t(now().time_since_epoch().count())),
        scheduler_(fiber::Scheduler::current()) {}

  Result<void> start() {
    watcher_ = BIA_TRY(scheduler_.spawn([this] { resolve(); }));
    return {};
  }
  void stop() {
    watcher_.cancel();
    watcher_.join().ignore("cancelled");
    watcher_ = {};  // its handle is this thread's as well
    // Copies of hedged calls that were cancelled end a turn or two after their caller.
    while (in_flight > 0 && fiber::sleep_for(std::chrono::milliseconds(1))) {
    }
    nodes_.clear();
    client_.reset();
  }
  Result<void> wait_first(const grpc::CallOptions& call) {
    if (!nodes_.empty()) return {};
    const bool patient = call.ready == grpc::CallOptions::Ready::kWait;
    const Deadline limit = patient ? Deadline::never() : Deadline::after(options_.first_timeout);
    auto waited = first_.wait(std::min(limit, call.deadline));
    if (!nodes_.empty()) return {};
    if (!waited.ok() && waited.error().code() == Code::kCancelled) return waited;
    if (call.deadline.expired())
      return Error(Code::kDeadlineExceeded, "", "context deadline exceeded");
    return no_node(options_.target);
  }
  Result<Pick> pick(const grpc::CallOptions& call) {
    BIA_TRY(wait_first(call));
    const TimePoint at = now();
    // Each refused node is left out, so that a healthy one is found where there is one.
    std::vector<std::shared_ptr<Node>> left;
    const auto* from = &nodes_;
    while (!from->empty()) {
      auto node = balancer_.pick(*from, at);
      if (options_.breaker == PoolOptions::Breaker::kOff ||
          node->breaker.allow(at, balancer_.uniform()))
        return Pick(*this, std::move(node));
      if (from == &nodes_) left = nodes_;
      std::erase(left, node);
      from = &left;
    }
    return Error::from_http(503, "CIRCUITBREAKER",
                            "request failed due to circuit breaker triggered");
  }
  http::Client& client() {
    if (!client_) {
      http::ClientOptions options = options_.client;
      options.tls = options_.tls;
      options.tls_server_name = options_.tls_server_name;
      options.proxies = proxies_;
      client_.emplace(std::move(options));
    }
    return *client_;
  }
  std::vector<std::string> addresses() const {
    std::vector<std::string> all;
    for (const auto& node : nodes_) all.push_back(node->address);
    return all;
  }
  fiber::Scheduler& scheduler() { return scheduler_; }
  const PoolOptions& options() const { return options_; }
  const std::shared_ptr<const http::ProxyRules>& proxies() const { return proxies_; }

  ThreadPool* next = nullptr;
  int64_t in_flight = 0;
  std::atomic<bool> stopped{false};

 private:
  void resolve();
  void follow(const std::string& name);
  void resolve_dns(std::string_view host_port);
  void apply(std::vector<std::shared_ptr<Node>> nodes);

  const PoolOptions& options_;
  std::shared_ptr<const http::ProxyRules> proxies_;
  uint64_t seed_;
  Balancer balancer_;
  fiber::Scheduler& scheduler_;
  std::vector<std::shared_ptr<Node>> nodes_;
  std::optional<http::Client> client_;
  fiber::WaitQueue first_;
  fiber::Fiber watcher_;
};

/// Nodes that stay keep their connection and statistics; an empty set never replaces one.
void ServicePool::ThreadPool::apply(std::vector<std::shared_ptr<Node>> fresh) {
  if (fresh.empty()) {
    if (!nodes_.empty())
      log::warn(
          fmt::format("discovery: no node of {} is left; the last ones stay", options_.target));
    return;
  }
  take_subset(fresh, options_.subset, seed_);
  for (auto& node : fresh) {
    for (const auto& old : nodes_) {
      if (old->address != node->address) continue;
      old->weight = node->weight;
      node = old;
      break;
    }
  }
  nodes_ = std::move(fresh);
  first_.wake_all();
}

void ServicePool::ThreadPool::resolve() {
  std::string_view target = options_.target;
  const auto after = [&target](std::string_view scheme) {
    if (!target.starts_with(scheme)) return false;
    target.remove_prefix(scheme.size());
    return true;
  };
  if (after("discovery:///")) return follow(std::string(target));
  if (after("dns:///")) return resolve_dns(target);
  after("direct:///");
  std::vector<std::shared_ptr<Node>> nodes;
  while (!target.empty()) {
    const std::string_view one = target.substr(0, target.find(','));
    if (auto node = node_of(one)) nodes.push_back(std::move(node));
    target.remove_prefix(std::min(one.size() + 1, target.size()));
  }
  apply(std::move(nodes));
}

void ServicePool::ThreadPool::follow(const std::string& name) {
  const std::string scheme = options_.scheme + (options_.tls ? "s" : "");
  Backoff backoff(kDiscoveryRetryMax);
  while (!fiber::cancelled()) {
    const TimePoint begin = now();
    const auto ended = guarded("discovery", [&]() -> Result<void> {
      const std::unique_ptr<Discovery> discovery = BIA_TRY(discovery_of(options_));
      discovery->watch(name, [&](const std::vector<ServiceInstance>& instances) {
        apply(nodes_of(instances, scheme, options_.version));
      });
      return {};
    });
    backoff.watched(now() - begin);
    if (fiber::cancelled()) return;
    if (backoff.failures() == 0)
      log::warn(fmt::format("discovery: {}: {}", options_.target,
                            ended ? "the watch has ended; it begins again" : ended.error().text()));
    if (!fiber::sleep_for(backoff.next())) return;
  }
}

void ServicePool::ThreadPool::resolve_dns(std::string_view host_port) {
  const auto wanted = node_of(host_port);
  while (wanted && !fiber::cancelled()) {
    auto found = net::resolve(wanted->host, wanted->port, Deadline::after(kLookupTimeout),
                              net::Freshness::kNew);
    if (found.ok()) {
      std::vector<std::shared_ptr<Node>> nodes;
      for (const net::Endpoint& endpoint : *found) {
        auto node = node_of(endpoint.text());
        const bool known = std::any_of(nodes.begin(), nodes.end(), [&](const auto& other) {
          return other->address == node->address;
        });
        if (node && !known) nodes.push_back(std::move(node));
      }
      apply(std::move(nodes));
    } else if (!fiber::cancelled()) {
      log::warn(fmt::format("discovery: {}: {}", options_.target, found.error().text()));
    }
    if (!fiber::sleep_for(found.ok() ? kDnsInterval : kDnsRetry)) return;
  }
}

ServicePool::Pick::Pick(ThreadPool& pool, std::shared_ptr<Node> node)
    : pool_(&pool), node_(std::move(node)), started_(now()) {
  ++node_->in_flight;
  ++pool_->in_flight;
}
ServicePool::Pick::Pick(Pick&& other) noexcept
    : pool_(other.pool_),
      node_(std::move(other.node_)),
      started_(other.started_),
      ended_(std::exchange(other.ended_, true)) {}
ServicePool::Pick::~Pick() { done(nullptr); }
grpc::Channel& ServicePool::Pick::channel() {
  if (!node_->channel) {
    grpc::ChannelOptions options = pool_->options().channel;
    options.tls = pool_->options().tls;
    options.server_name = pool_->options().tls_server_name;
    options.proxies = pool_->proxies();
    node_->channel = std::make_unique<grpc::Channel>(node_->address, std::move(options));
  }
  return *node_->channel;
}
http::Client& ServicePool::Pick::client() { return pool_->client(); }
http::ClientRequest::Scheme ServicePool::Pick::http_scheme() const {
  using Scheme = http::ClientRequest::Scheme;
  return pool_->options().tls ? Scheme::kHttps : Scheme::kHttp;
}
HttpOrigin ServicePool::Pick::http_origin() {
  return {.client = &client(), .host = host(), .port = port(), .scheme = http_scheme()};
}
const std::string& ServicePool::Pick::host() const { return node_->host; }
uint16_t ServicePool::Pick::port() const { return node_->port; }
const std::string& ServicePool::Pick::address() const { return node_->address; }

void ServicePool::Pick::release() {
  if (std::exchange(ended_, true)) return;
  --node_->in_flight;
  --pool_->in_flight;
}

void ServicePool::Pick::done(const Error* error) {
  if (ended_) return;
  release();
  const TimePoint at = now();
  const bool failed = error && is_failure(*error);
  Balancer::measure(*node_, at, at - started_, failed);
  if (pool_->options().breaker == PoolOptions::Breaker::kOn) node_->breaker.mark(at, !failed);
}

class ServicePool::Impl {
 public:
  Impl(PoolOptions from, std::shared_ptr<const http::ProxyRules> rules)
      : options(std::move(from)),
        proxies(std::move(rules)),
        number(next_number()),
        seed(uint64_t(now().time_since_epoch().count())) {}

  /// The calling thread's. A list that only grows: threads add themselves without a lock.
  Result<ThreadPool*> here() {
    static thread_local std::vector<std::pair<size_t, ThreadPool*>> mine;
    for (const auto& [other, pool] : mine) {
      if (other == number) return pool;
    }
    auto pool = std::make_unique<ThreadPool>(options, proxies, seed);
    BIA_TRY(pool->start());
    ThreadPool* raw = pool.release();
    raw->next = first.load();
    while (!first.compare_exchange_weak(raw->next, raw)) {
    }
    mine.emplace_back(number, raw);
    return raw;
  }
  static size_t next_number() {
    static std::atomic<size_t> next{0};
    return next.fetch_add(1);
  }

  PoolOptions options;
  std::shared_ptr<const http::ProxyRules> proxies;
  size_t number;
  uint64_t seed;
  std::atomic<ThreadPool*> first{nullptr};
};

Result<std::unique_ptr<ServicePool>> ServicePool::create(PoolOptions options) {
  BIA_TRY(settle_target(options));
  auto proxies = BIA_TRY(proxies_of(options));
  return std::unique_ptr<ServicePool>(
      new ServicePool(std::make_unique<Impl>(std::move(options), std::move(proxies))));
}

ServicePool::ServicePool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

/// Each thread's part ends on its own thread: its channels belong there.
ServicePool::~ServicePool() {
  for (ThreadPool* pool = impl_->first.load(); pool;) {
    pool->scheduler().post([pool] {
      auto ended = fiber::Scheduler::current().spawn([pool] {
        pool->stop();
        pool->stopped.store(true);
      });
      if (!ended.ok()) pool->stopped.store(true);
    });
    while (!pool->stopped.load()) {
      if (!fiber::sleep_for(std::chrono::milliseconds(1))) fiber::yield();
    }
    delete std::exchange(pool, pool->next);
  }
}

Result<ServicePool::Pick> ServicePool::pick(const grpc::CallOptions& call) {
  return BIA_TRY(impl_->here())->pick(call);
}
int ServicePool::attempts() const { return impl_->options.attempts; }
Result<std::vector<std::string>> ServicePool::addresses() {
  ThreadPool* pool = BIA_TRY(impl_->here());
  BIA_TRY(pool->wait_first({}));
  return pool->addresses();
}

}  // namespace bia
