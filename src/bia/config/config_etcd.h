#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/registry/etcd.h"

namespace bia {

/// A configuration in etcd: "etcd://10.0.0.1:2379,10.0.0.2:2379/shop/config.yaml" is one key, whose
/// extension says the format; "etcd://…/shop/" all keys below with such an extension, in order.
/// "etcds://" is TLS, with "?ca=FILE&cert=FILE&key=FILE&server_name=NAME" where they are needed;
/// "etcd://USER:PASSWORD@…" authenticates, without a password by that of ETCDCTL_PASSWORD.
struct EtcdConfigSource {
  EtcdOptions etcd;
  std::string key;  ///< "/shop/config.yaml", "/shop/"
  std::string url;  ///< as given, without user, key and what follows: for the names of entries

  static bool is_one(std::string_view path) {
    return path.starts_with("etcd://") || path.starts_with("etcds://");
  }
  /// Reads the files that it names. Errors: kInvalidArgument.
  static Result<EtcdConfigSource> parse(std::string_view text);

  /// Blocks outside a fiber, suspends in one. Errors: kUnavailable; kNotFound where there is none.
  Result<std::vector<EtcdClient::Entry>> read() const;
  /// Calls `changed` after each change, and after each time that etcd was away, until the fiber is
  /// cancelled. Suspends.
  void watch(const std::function<void()>& changed) const;
};

}  // namespace bia
