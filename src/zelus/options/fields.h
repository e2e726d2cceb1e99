#pragma once
#include <span>
#include <string_view>
#include <variant>

#include "zelus/options/options.h"

namespace zelus::options {

using Member =
    std::variant<std::optional<bool> Options::*, std::optional<int64_t> Options::*,
                 std::optional<Duration> Options::*, std::optional<std::string> Options::*,
                 std::optional<StringList> Options::*, std::optional<StringMap> Options::*,
                 std::optional<std::vector<Stage>> Options::*,
                 std::optional<ScenarioMap> Options::*, std::optional<TlsVersions> Options::*,
                 std::optional<std::vector<TlsAuth>> Options::*,
                 std::optional<ThresholdMap> Options::*, DnsOptions Options::*>;

/// One option: its key in scripts (empty: not for scripts), its environment variable (empty: none),
/// the name envconfig reports.
struct Field {
  std::string_view json;
  std::string_view env;
  std::string_view go_name;
  Member member;
  bool config_only = false;  ///< a key of config.json that scripts do not have
};

/// All options in k6's order (that of `inspect`).
std::span<const Field> fields();

}  // namespace zelus::options
