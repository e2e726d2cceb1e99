#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/net/tls.h"

namespace bia {

class Config;

/// One running copy of a service, as Kratos' registries know it.
struct ServiceInstance {
  std::string id = {};
  std::string name = {};
  std::string version = {};
  /// "weight" counts for the balancers.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  /// "grpc://10.0.0.1:9000", "http://10.0.0.1:8000"
  std::vector<std::string> endpoints = {};

  /// The value that Kratos' registries store:
  /// {"id":…,"name":…,"version":…,"metadata":…,"endpoints":…}.
  std::string json() const;
  /// Unknown members are ignored, null is empty. Errors: kInvalidArgument for what is no instance.
  static Result<ServiceInstance> parse(std::string_view json);
};

struct EtcdOptions {
  /// "127.0.0.1:2379", "https://etcd.internal:2379"; tried in order.
  std::vector<std::string> endpoints = {};
  /// Null: cleartext. Its protocols (ALPN) are to be {"h2"}. With a certificate of its own, etcd
  /// may know the user by that (`--client-cert-auth`).
  std::shared_ptr<const net::TlsClient> tls = nullptr;
  /// What etcd's certificate must be for; empty: the endpoint's host.
  std::string tls_server_name = {};
  /// Empty: none. An etcd without authentication takes no notice of them.
  std::string user = {};
  std::string password = {};
  /// Kratos' namespace.
  std::string prefix = "/microservices";
  /// Whole seconds; a crashed instance is gone after it.
  Duration ttl = std::chrono::seconds(15);
  Duration timeout = std::chrono::seconds(10);
  /// Of silence while calls are open, watches among them, before a PING; and for its answer, before
  /// the next endpoint is asked (etcd's client: DialKeepAliveTime, DialKeepAliveTimeout). etcd ends
  /// connections that ping more than every five seconds.
  Duration keepalive_time = std::chrono::seconds(30);
  Duration keepalive_timeout = std::chrono::seconds(10);
};

/// Where an App tells others of its instance, as Kratos' registry.Registrar: etcd's is built in,
/// for others derive from it and see `App::set_registrar`. What it throws is taken for an error.
class Registrar {
 public:
  virtual ~Registrar();
  /// Once the servers accept, in a fiber of thread 0. Registers the instance and keeps it so by
  /// itself, until `stop` or `leave`. May suspend. An error ends the program, without `stop`.
  virtual Result<void> start(ServiceInstance instance) = 0;
  /// Takes the instance away, in a fiber of thread 0, before the servers drain, who wait for it.
  virtual void stop() = 0;
  /// In place of `stop` where a successor (SIGUSR2) has registered an instance of the same id,
  /// which is to stay.
  virtual void leave() {}
  /// For the metric registry_registered: between a registration and its loss. On any thread.
  virtual bool registered() const = 0;
};

/// Where a pool learns of the instances of a service, as Kratos' registry.Discovery: see
/// `PoolOptions::discovery`. Belongs to its thread. What it throws is taken for an error.
class Discovery {
 public:
  virtual ~Discovery();
  /// Calls `changed` with all instances of the service, now and after each change, until the fiber
  /// is cancelled (`fiber::cancelled()`, kCancelled of what suspends). One that returns before is
  /// made and called anew after a pause. Suspends.
  virtual void watch(const std::string& name,
                     const std::function<void(std::vector<ServiceInstance>)>& changed) = 0;
};

/// The settings below `key` of a configuration, as the service's own are below `registry.etcd`:
/// endpoints, tls (ca, cert, key, key_password, server_name), user, password, prefix, ttl, timeout.
/// Reads the files that it names; may block. Errors: kInvalidArgument, with file and line.
Result<EtcdOptions> read_etcd_options(const Config& config, const std::string& key);

/// Registers and finds instances in etcd (v3, gRPC) under Kratos' keys, `<prefix>/<name>/<id>`.
/// Belongs to its thread.
class EtcdRegistry final : public Registrar, public Discovery {
 public:
  /// Errors: kInvalidArgument.
  static Result<std::unique_ptr<EtcdRegistry>> create(EtcdOptions options);
  ~EtcdRegistry() override;
  /// Registers, and keeps it so: a lease that is lost, an etcd that goes away and comes back, even
  /// empty, are seen to for ever. Suspends. Errors: those of the first attempt.
  Result<void> start(ServiceInstance instance) override;
  /// Takes the instance away. Suspends at most for the timeout.
  void stop() override;
  /// Lets go of the lease alone: a successor of the same id has put the record under its own.
  /// Suspends at most for the timeout.
  void leave() override;
  /// Between a registration and its loss.
  bool registered() const override;

  /// Records that cannot be read are left out, and logged. Suspends.
  Result<std::vector<ServiceInstance>> find(const std::string& name);
  /// Calls `changed` with the instances, now and after each change, until the fiber is cancelled;
  /// a lost etcd is waited for. Suspends.
  void watch(const std::string& name,
             const std::function<void(std::vector<ServiceInstance>)>& changed) override;

 private:
  class Impl;
  explicit EtcdRegistry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia
