#include "bia/app/registration.h"

#include <fmt/format.h>

#include "bia/app/app_hooks.h"
#include "bia/metrics/registry.h"

namespace bia {

Result<void> Registration::join(const std::optional<EtcdOptions>& etcd, ServiceInstance instance,
                                metrics::Registry& metrics) {
  if (etcd && registrar_)
    return Error(Code::kInvalidArgument, "REGISTRY",
                 "the configuration has registry.etcd, and the program has a registrar of its own "
                 "(App::set_registrar); keep one of them");
  if (etcd) registrar_ = BIA_TRY(EtcdRegistry::create(*etcd));
  if (!registrar_) return {};
  std::string line = fmt::format("registered as {}{}/{}: ", etcd ? etcd->prefix + "/" : "",
                                 instance.name, instance.id);
  for (const std::string& one : instance.endpoints)
    line.append(&one == &instance.endpoints.front() ? "" : ", ").append(one);
  const auto start = [&] { return registrar_->start(std::move(instance)); };
  if (auto done = guarded("the registrar", start); !done)
    return std::move(done).error().in("registry");
  joined_ = true;
  log::info(line);
  metrics.add_collector([this](metrics::TextWriter& out) {
    out.family("registry_registered", "1 while the instance is in the registry.", "gauge");
    out.sample("registry_registered", {}, registrar_ && registrar_->registered() ? 1 : 0);
  });
  return {};
}

void Registration::end(End how) {
  if (!joined_) return;
  const auto ended = guarded("the registrar", [&]() -> Result<void> {
    how == End::kTakeAway ? registrar_->stop() : registrar_->leave();
    return {};
  });
  if (!ended) log::error("registry: " + ended.error().text());
}

}  // namespace bia
