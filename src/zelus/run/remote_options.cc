#include "zelus/run/remote_options.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/read_file.h"
#include "zelus/modules/source/module_lock.h"
#include "zelus/run/go_error.h"

namespace zelus::run {

using bia::Code;
using bia::Error;

namespace {

std::string value_of(const Environment& environment, const char* name) {
  auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string cache_folder(const Environment& environment) {
  std::string base = value_of(environment, "XDG_CACHE_HOME");
  const std::string home = value_of(environment, "HOME");
  if (base.empty() && !home.empty()) base = home + "/.cache";
  return base.empty() ? "" : base + "/zelus/modules";
}

/// Beside a script on disk, else where zelus was started.
std::string lock_name(const std::string& script) {
  const std::string name(modules::kLockName);
  if (script == "-" || script.starts_with("https://")) return name;
  const std::string path = script.starts_with("file://") ? script.substr(7) : script;
  return (std::filesystem::path(path).parent_path() / name).string();
}

}  // namespace

Result<std::shared_ptr<const bia::http::ProxyRules>> proxies_of(const Environment& environment) {
  auto rules = BIA_TRY(bia::http::ProxyRules::from_environment(
      [&](std::string_view name) { return value_of(environment, std::string(name).c_str()); }));
  if (rules.empty()) return std::shared_ptr<const bia::http::ProxyRules>();
  return std::make_shared<const bia::http::ProxyRules>(std::move(rules));
}

Result<exec::RemoteModuleOptions> remote_options(const options::FlagSet& flags,
                                                 const Environment& environment,
                                                 const std::string& script) {
  exec::RemoteModuleOptions out;
  out.proxies = proxies_of(environment);
  out.cache_folder = cache_folder(environment);
  out.lock_name = lock_name(script);
  out.offline =
      BIA_TRY(bool_setting(flags, "modules-offline", environment, "ZELUS_MODULES_OFFLINE", false));
  if (BIA_TRY(bool_setting(flags, "modules-lock", environment, "ZELUS_MODULES_LOCK", false))) {
    out.taken = std::make_shared<modules::ModuleLock>();
    return out;
  }
  const auto text = bia::read_file(out.lock_name);
  if (!text) {
    if (text.error().code() == Code::kNotFound) return out;
    return Error(text.error().code(), "BAD_LOCK", text.error().message());
  }
  out.lock = std::make_shared<const modules::ModuleLock>(
      BIA_TRY(modules::parse_module_lock(out.lock_name, *text)));
  return out;
}

Result<void> write_lock(const exec::RemoteModuleOptions& options) {
  if (!options.taken) return {};
  std::ofstream file(options.lock_name, std::ios::binary | std::ios::trunc);
  file << modules::format_module_lock(*options.taken);
  file.close();
  if (file) return {};
  return Error(Code::kPermissionDenied, "BAD_LOCK", go_open_error(options.lock_name));
}

}  // namespace zelus::run
