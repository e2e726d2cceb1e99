#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <atomic>

#include "bia/bia/log.h"
#include "bia/bia/registry.h"
#include "bia/content/json_text.h"
#include "bia/fiber/scheduler.h"
#include "bia/registry/backoff.h"
#include "bia/registry/etcd.h"

namespace bia {
namespace {

constexpr Duration kBackoffMax = std::chrono::seconds(5);

Error bad_instance() {
  return Error(Code::kInvalidArgument, "REGISTRY", "the record is no instance of a service");
}

}  // namespace

std::string ServiceInstance::json() const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
  const auto string = [&out](std::string_view text) {
    out.String(text.data(), rapidjson::SizeType(text.size()));
  };
  out.StartObject();
  for (const auto& [key, text] : {std::pair{"id", &id}, {"name", &name}, {"version", &version}}) {
    out.Key(key);
    string(*text);
  }
  out.Key("metadata");
  if (metadata.empty()) {
    out.Null();
  } else {
    out.StartObject();
    for (const auto& [key, value] : metadata) {
      string(key);
      string(value);
    }
    out.EndObject();
  }
  out.Key("endpoints");
  out.StartArray();
  for (const std::string& endpoint : endpoints) string(endpoint);
  out.EndArray();
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<ServiceInstance> ServiceInstance::parse(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return bad_instance();
  ServiceInstance instance;
  for (const auto& [name, value] : document.GetObject()) {
    const std::string_view key = text_of(name);
    std::string* text = key == "id"        ? &instance.id
                        : key == "name"    ? &instance.name
                        : key == "version" ? &instance.version
                                           : nullptr;
    if (text) {
      if (!value.IsString()) return bad_instance();
      *text = text_of(value);
    } else if (key == "metadata" && !value.IsNull()) {
      if (!value.IsObject()) return bad_instance();
      for (const auto& [entry, content] : value.GetObject()) {
        if (!content.IsString()) return bad_instance();
        instance.metadata.emplace_back(text_of(entry), text_of(content));
      }
    } else if (key == "endpoints" && !value.IsNull()) {
      if (!value.IsArray()) return bad_instance();
      for (const auto& endpoint : value.GetArray()) {
        if (!endpoint.IsString()) return bad_instance();
        instance.endpoints.emplace_back(text_of(endpoint));
      }
    }
  }
  return instance;
}

class EtcdRegistry::Impl {
 public:
  explicit Impl(EtcdOptions from) : options(std::move(from)), client(options) {}

  Result<void> register_once();
  void keep();
  Result<std::vector<ServiceInstance>> read(const std::string& name, int64_t& revision);
  std::string prefix_of(const std::string& name) const { return options.prefix + "/" + name; }
  int64_t ttl_seconds() const { return options.ttl / std::chrono::seconds(1); }

  EtcdOptions options;
  EtcdClient client;
  ServiceInstance instance;
  std::string key;
  int64_t lease = 0;
  // /metrics reads them, on any thread.
  std::atomic<bool> registered{false};
  std::atomic<TimePoint> kept_at{TimePoint()};  ///< etcd's time of the lease began then, or later
  bool lease_may_live() const {
    return now() - kept_at.load() < std::chrono::seconds(ttl_seconds());
  }
  fiber::Fiber keeper;
};

Result<std::unique_ptr<EtcdRegistry>> EtcdRegistry::create(EtcdOptions options) {
  const auto bad = [](std::string what) {
    return Error(Code::kInvalidArgument, "REGISTRY", std::move(what));
  };
  BIA_TRY(check_etcd_endpoints(options));
  if (options.ttl < std::chrono::seconds(1)) return bad("the lease's ttl is below a second");
  if (options.timeout <= Duration::zero()) return bad("etcd's timeout is not above 0");
  return std::unique_ptr<EtcdRegistry>(
      new EtcdRegistry(std::make_unique<Impl>(std::move(options))));
}

Registrar::~Registrar() = default;
Discovery::~Discovery() = default;

EtcdRegistry::EtcdRegistry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EtcdRegistry::~EtcdRegistry() {
  if (!impl_->keeper.valid()) return;
  impl_->keeper.cancel();
  impl_->keeper.join().ignore("cancelled");
}

bool EtcdRegistry::registered() const { return impl_->registered && impl_->lease_may_live(); }

Result<void> EtcdRegistry::Impl::register_once() {
  const TimePoint asked_at = now();
  lease = BIA_TRY(client.grant(ttl_seconds()));
  BIA_TRY(client.put(key, instance.json(), lease));
  kept_at = asked_at;
  registered = true;
  return {};
}

/// Keeps the lease; registers anew whenever it is gone, for ever.
void EtcdRegistry::Impl::keep() {
  Backoff backoff(kBackoffMax);
  bool failed = false;
  while (true) {
    if (!fiber::sleep_for(std::exchange(failed, false) ? backoff.next() : options.ttl / 3)) return;
    Result<void> done;
    if (registered) {
      const TimePoint asked_at = now();
      auto ttl = client.keep_alive(lease);
      if (ttl.ok() && *ttl > 0) {
        kept_at = asked_at;
        backoff.reset();
        continue;
      }
      if (!ttl.ok() && ttl.error().code() == Code::kCancelled && fiber::cancelled()) return;
      // Unreachable: the lease lives on in etcd until its time is over.
      if (!ttl.ok() && ttl.error().code() != Code::kNotFound && lease_may_live()) {
        failed = true;
        continue;
      }
      registered = false;
      log::warn(fmt::format("registry: the lease of {} is lost, registering again", key));
    }
    done = register_once();
    if (!done.ok()) {
      if (fiber::cancelled()) return;
      if (backoff.failures() == 0) log::warn("registry: " + done.error().text());
      failed = true;
      continue;
    }
    log::info(fmt::format("registry: {} is registered again", key));
    backoff.reset();
  }
}

Result<void> EtcdRegistry::start(ServiceInstance instance) {
  impl_->key = fmt::format("{}/{}", impl_->prefix_of(instance.name), instance.id);
  impl_->instance = std::move(instance);
  BIA_TRY(impl_->register_once());
  impl_->keeper =
      BIA_TRY(fiber::Scheduler::current().spawn([impl = impl_.get()] { impl->keep(); }));
  return {};
}

void EtcdRegistry::leave() {
  if (!impl_->keeper.valid()) return;
  impl_->keeper.cancel();
  impl_->keeper.join().ignore("cancelled");
  impl_->keeper = fiber::Fiber();
  if (!impl_->registered.exchange(false)) return;
  impl_->client.revoke(impl_->lease).ignore("it ends by itself");
}

void EtcdRegistry::stop() {
  if (!impl_->keeper.valid()) return;
  impl_->keeper.cancel();
  impl_->keeper.join().ignore("cancelled");
  impl_->keeper = fiber::Fiber();
  if (!impl_->registered) return;
  impl_->registered = false;
  auto erased = impl_->client.erase(impl_->key);
  if (erased.ok()) erased = impl_->client.revoke(impl_->lease);
  if (!erased.ok())
    log::warn(
        fmt::format("registry: {} goes with its lease: {}", impl_->key, erased.error().text()));
}

Result<std::vector<ServiceInstance>> EtcdRegistry::Impl::read(const std::string& name,
                                                              int64_t& revision) {
  const auto entries = BIA_TRY(client.range(prefix_of(name), revision));
  std::vector<ServiceInstance> instances;
  for (const EtcdClient::Entry& entry : entries) {
    auto one = ServiceInstance::parse(entry.value);
    if (!one.ok()) {
      // Kratos fails the whole look-up; here one bad record harms nobody but itself.
      log::warn(fmt::format("registry: {}: {}", entry.key, one.error().message()));
    } else if (one->name == name) {  // "users" begins the keys of "users-admin" too
      instances.push_back(std::move(*one));
    }
  }
  return instances;
}

Result<std::vector<ServiceInstance>> EtcdRegistry::find(const std::string& name) {
  int64_t revision = 0;
  return impl_->read(name, revision);
}

void EtcdRegistry::watch(const std::string& name,
                         const std::function<void(std::vector<ServiceInstance>)>& changed) {
  Backoff backoff(kBackoffMax);
  while (!fiber::cancelled()) {
    int64_t revision = 0;
    auto instances = impl_->read(name, revision);
    Result<void> done;
    if (instances.ok()) {
      changed(std::move(*instances));
      const TimePoint begin = now();
      done = impl_->client.wait_change(impl_->prefix_of(name), revision + 1);
      backoff.watched(now() - begin);
      if (done.ok()) {
        backoff.reset();
        continue;
      }
    } else {
      done = std::move(instances).error();
    }
    if (fiber::cancelled()) return;
    if (backoff.failures() == 1)
      log::warn(fmt::format("registry: watching {}: {}", name, done.error().text()));
    if (!fiber::sleep_for(backoff.next())) return;
  }
}

}  // namespace bia
