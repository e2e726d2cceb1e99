#pragma once
#include "zelus/options/json.h"
#include "zelus/options/options.h"

/// How each type of option reads its JSON; null leaves it unset. `field` is Go's name for it in
/// errors ("Options.vus").
namespace zelus::options {

Result<void> decode(const JsonValue& value, const Place& place, std::optional<bool>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<int64_t>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<Duration>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<std::string>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<StringList>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<StringMap>& out);
Result<void> decode(const JsonValue& value, const Place& place,
                    std::optional<std::vector<Stage>>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<ScenarioMap>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<TlsVersions>& out);
Result<void> decode(const JsonValue& value, const Place& place,
                    std::optional<std::vector<TlsAuth>>& out);
Result<void> decode(const JsonValue& value, const Place& place, std::optional<ThresholdMap>& out);
Result<void> decode(const JsonValue& value, const Place& place, DnsOptions& out);

}  // namespace zelus::options
