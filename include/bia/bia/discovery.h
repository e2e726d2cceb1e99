#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/client.h"
#include "bia/bia/registry.h"
#include "bia/grpc/client.h"
#include "bia/http/client.h"

namespace bia {

enum class Balance : uint8_t {
  kWeightedRoundRobin,  ///< smooth, by the metadata "weight" (default 100); Kratos' default
  kRoundRobin,
  kRandom,
  kP2c,  ///< the better of two random nodes by latency (EWMA), success, calls in flight and weight
};

struct PoolOptions {
  /// "discovery:///users" (by `etcd` or `discovery`), "direct:///10.0.0.1:9000,10.0.0.2:9000",
  /// "dns:///users.internal:9000" (looked up every 30 s; without a port 443, 80 for HTTP without
  /// TLS; its nodes are called by that name: ":authority", Host), "10.0.0.1:9000"; for HTTP also a
  /// URL, "http://users" and "https://users:8443", which takes the system's roots where `tls` is
  /// null.
  std::string target = {};
  /// Of the instances' endpoints: "grpc" or "http".
  std::string scheme = "grpc";
  /// Calls over TLS: then only instances that are registered as "grpcs" or "https" (also in the old
  /// form, "http://…?isSecure=true") are its nodes, and their certificates must be for
  /// `tls_server_name`, or where that is empty for the name of "dns:///", else for the node's
  /// address. gRPC needs {"h2"} as its
  /// protocols (ALPN); HTTP takes HTTP/2 where they offer it.
  std::shared_ptr<const net::TlsClient> tls = nullptr;
  std::string tls_server_name = {};
  /// kEnvironment: proxies as Go's clients take them (HTTP_PROXY, HTTPS_PROXY, NO_PROXY; gRPC: the
  /// latter two), read when the pool is made.
  enum class Proxies : uint8_t { kEnvironment, kNone } proxies = Proxies::kEnvironment;
  Balance balance = Balance::kWeightedRoundRobin;
  /// Only instances of that very version; empty: all.
  std::string version = {};
  /// A pool keeps to so many nodes, chosen evenly over all clients by hashing; 0: all.
  size_t subset = 25;
  /// Nodes tried for one call where a node cannot be reached.
  int attempts = 1;
  /// What a call waits for the first nodes where it does not wait for ready.
  Duration first_timeout = std::chrono::seconds(5);
  /// Kratos' SRE breaker for each node: one that fails is passed by, now and then tried.
  enum class Breaker : uint8_t { kOff, kOn } breaker = Breaker::kOff;
  EtcdOptions etcd = {};
  /// In place of `etcd` for "discovery:///": makes what finds the instances, for each thread that
  /// calls, in a fiber there. It may suspend; after an error it is asked again, after a pause. The
  /// pool destroys it in that fiber.
  std::function<Result<std::unique_ptr<Discovery>>()> discovery = {};
  /// Of the nodes' channels (scheme "grpc") and of the client of each thread (scheme "http"):
  /// limits, timeouts, keepalive, user agent, compression. Their TLS, server name and proxies are
  /// the pool's, and a resolver is of one thread: these four stay empty here.
  grpc::ChannelOptions channel = {};
  http::ClientOptions client = {};
};

/// The nodes of a service and what is known of them. One object serves all threads: each has
/// connections and statistics of its own, so calls share nothing.
///
///     auto& users = app.own(BIA_TRY(bia::ServicePool::create({.target = "discovery:///users",
///     …}))); auto user = users.call([&](bia::grpc::Channel& channel) {
///       return UsersClient(channel).GetUser(request, outgoing.grpc());
///     });
class ServicePool {
 public:
  /// Errors: kInvalidArgument for the target, for a proxy that is no URL, and for what must stay
  /// empty in `channel` and `client`.
  static Result<std::unique_ptr<ServicePool>> create(PoolOptions options);
  /// In a fiber, after the last call. Suspends.
  ~ServicePool();

  /// `function` (grpc::Channel&) -> Result<T>, with a node's channel. Suspends; the first call of a
  /// thread waits for the first nodes within the fiber's deadline and `first_timeout`. Errors: what
  /// `function` returns; kUnavailable no_available_node; kUnavailable CIRCUITBREAKER.
  template <typename F>
    requires std::is_invocable_v<F&, grpc::Channel&>
  auto call(F&& function) -> std::invoke_result_t<F&, grpc::Channel&> {
    return run<std::invoke_result_t<F&, grpc::Channel&>>(
        [&](Pick& pick) { return function(pick.channel()); });
  }
  /// The same with (http::Client&, const std::string& host, uint16_t port): what a generated HTTP
  /// client is made of.
  template <typename F>
    requires std::is_invocable_v<F&, http::Client&, const std::string&, uint16_t>
  auto call(F&& function) -> std::invoke_result_t<F&, http::Client&, const std::string&, uint16_t> {
    return run<std::invoke_result_t<F&, http::Client&, const std::string&, uint16_t>>(
        [&](Pick& pick) { return function(pick.client(), pick.host(), pick.port()); });
  }
  /// The same for (const HttpOrigin&), which a generated HTTP client can be made of and which knows
  /// whether the node is https.
  template <typename F>
    requires std::is_invocable_v<F&, const HttpOrigin&>
  auto call(F&& function) -> std::invoke_result_t<F&, const HttpOrigin&> {
    return run<std::invoke_result_t<F&, const HttpOrigin&>>(
        [&](Pick& pick) { return function(pick.http_origin()); });
  }
  /// "10.0.0.1:9000" of the nodes that the calling thread knows. Suspends as `call` does.
  Result<std::vector<std::string>> addresses();

  struct Node;
  class ThreadPool;

  /// A node that a call is on its way to.
  class Pick {
   public:
    Pick(ThreadPool& pool, std::shared_ptr<Node> node);
    Pick(Pick&&) noexcept;
    Pick& operator=(Pick&&) = delete;
    ~Pick();
    grpc::Channel& channel();
    http::Client& client();
    http::ClientRequest::Scheme http_scheme() const;
    HttpOrigin http_origin();
    const std::string& host() const;
    uint16_t port() const;
    const std::string& address() const;
    /// How the call ended; without it, well.
    void done(const Error* error);
    /// The call ended by the caller's will, and says nothing of the node.
    void release();

   private:
    ThreadPool* pool_;
    std::shared_ptr<Node> node_;
    TimePoint started_;
    bool ended_ = false;
  };
  /// A node by hand, as `call` chooses one. Suspends while no node is known: until the call's
  /// deadline, and where it does not wait for ready `first_timeout` at most.
  Result<Pick> pick(const grpc::CallOptions& call = {});

 private:
  class Impl;
  explicit ServicePool(std::unique_ptr<Impl> impl);
  int attempts() const;

  template <typename R, typename F>
  R run(F&& function) {
    for (int attempt = 1;; ++attempt) {
      auto picked = pick();
      if (!picked.ok()) return R(std::move(picked).error());
      R result = function(*picked);
      picked->done(result.ok() ? nullptr : &result.error());
      const bool again = !result.ok() && result.error().code() == Code::kUnavailable;
      if (!again || attempt >= attempts()) return result;
    }
  }

  std::unique_ptr<Impl> impl_;
};

/// Google's SRE breaker as aegis has it: refuses with a probability that grows with what fails. Of
/// one thread.
class SreBreaker {
 public:
  struct Options {
    Duration window = std::chrono::seconds(3);
    int buckets = 10;
    int64_t requests_min = 100;
    double success = 0.6;  ///< K is 1 / success
  };
  SreBreaker() : SreBreaker(Options()) {}
  explicit SreBreaker(const Options& options);
  /// `random` in [0, 1). False: refuse the call, and that counts as a failure.
  bool allow(TimePoint at, double random);
  void mark(TimePoint at, bool success);

 private:
  struct Bucket {
    int64_t number = -1;
    int64_t total = 0;
    int64_t succeeded = 0;
  };
  Bucket& bucket(TimePoint at);
  Options options_;
  Duration bucket_time_;
  std::vector<Bucket> buckets_;
};

}  // namespace bia
