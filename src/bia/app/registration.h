#pragma once
#include <memory>
#include <optional>

#include "bia/bia/registry.h"

namespace bia::metrics {
class Registry;
}

namespace bia {

/// An App's instance in a registry: etcd's of the configuration, or the program's own. Of thread 0.
class Registration {
 public:
  void set(std::unique_ptr<Registrar> registrar) { registrar_ = std::move(registrar); }
  bool is_set() const { return registrar_ != nullptr; }
  /// Nothing without a registrar. Suspends. Errors: the registrar's; kInvalidArgument for two of
  /// them.
  Result<void> join(const std::optional<EtcdOptions>& etcd, ServiceInstance instance,
                    metrics::Registry& metrics);
  enum class End : uint8_t { kTakeAway, kLeaveToSuccessor };
  void end(End how);
  /// In a fiber.
  void reset() { registrar_.reset(); }

 private:
  std::unique_ptr<Registrar> registrar_;
  bool joined_ = false;
};

}  // namespace bia
