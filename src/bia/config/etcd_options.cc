// An etcd in a configuration: the registry's own, and those that a service names itself.
#include <algorithm>

#include "bia/bia/config.h"
#include "bia/bia/registry.h"
#include "bia/config/client_tls_config.h"

namespace bia {
namespace {

Result<void> read_text(const Config& config, const std::string& key, std::string& into) {
  if (config.has(key)) into = BIA_TRY(config.string(key));
  return {};
}

Result<void> read_duration(const Config& config, const std::string& key, Duration& into) {
  if (config.has(key)) into = BIA_TRY(config.duration(key));
  return {};
}

bool is_https(const std::string& endpoint) { return endpoint.starts_with("https://"); }

Result<void> read_tls(const Config& config, const std::string& key, EtcdOptions& etcd) {
  const bool wanted =
      config.has(key) || std::any_of(etcd.endpoints.begin(), etcd.endpoints.end(), is_https);
  if (!wanted) return {};
  ClientTls tls = BIA_TRY(read_client_tls(config, key, {"h2"}));
  etcd.tls = std::move(tls.context);
  etcd.tls_server_name = std::move(tls.server_name);
  return {};
}

}  // namespace

Result<EtcdOptions> read_etcd_options(const Config& config, const std::string& key) {
  BIA_TRY(config.only(key, {"endpoints", "tls", "user", "password", "prefix", "ttl", "timeout"}));
  EtcdOptions etcd;
  if (config.has(key + ".endpoints")) etcd.endpoints = BIA_TRY(config.strings(key + ".endpoints"));
  BIA_TRY(read_tls(config, key + ".tls", etcd));
  BIA_TRY(read_text(config, key + ".user", etcd.user));
  BIA_TRY(read_text(config, key + ".password", etcd.password));
  BIA_TRY(read_text(config, key + ".prefix", etcd.prefix));
  BIA_TRY(read_duration(config, key + ".ttl", etcd.ttl));
  BIA_TRY(read_duration(config, key + ".timeout", etcd.timeout));
  if (auto made = EtcdRegistry::create(etcd); !made)
    return std::move(made).error().in(config.where(key));
  return etcd;
}

}  // namespace bia
