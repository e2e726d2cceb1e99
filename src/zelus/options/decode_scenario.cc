// `scenarios`: strict, unlike the rest; an unknown key is an error (golden 17).
#include <fmt/format.h>

#include <initializer_list>

#include "zelus/options/decode.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error bad(std::string text) {
  return Error(Code::kInvalidArgument, "BAD_SCENARIO", std::move(text));
}

constexpr unsigned bit(ExecutorKind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr unsigned kShared = bit(ExecutorKind::kSharedIterations),
                   kPerVu = bit(ExecutorKind::kPerVuIterations),
                   kConstant = bit(ExecutorKind::kConstantVus),
                   kRamping = bit(ExecutorKind::kRampingVus),
                   kRate = bit(ExecutorKind::kConstantArrivalRate),
                   kRampingRate = bit(ExecutorKind::kRampingArrivalRate),
                   kExternal = bit(ExecutorKind::kExternallyControlled);

/// A key of some executors.
template <typename T>
struct Key {
  std::string_view name;
  std::optional<T> Scenario::* member;
  unsigned executors;
};
constexpr Key<int64_t> kIntegers[] = {
    {"vus", &Scenario::vus, kShared | kPerVu | kConstant | kExternal},
    {"iterations", &Scenario::iterations, kShared | kPerVu},
    {"startVUs", &Scenario::start_vus, kRamping},
    {"rate", &Scenario::rate, kRate},
    {"startRate", &Scenario::start_rate, kRampingRate},
    {"preAllocatedVUs", &Scenario::pre_allocated_vus, kRate | kRampingRate},
    {"maxVUs", &Scenario::max_vus, kRate | kRampingRate | kExternal},
};
constexpr Key<Duration> kDurations[] = {
    {"startTime", &Scenario::start_time, ~0u},
    {"gracefulStop", &Scenario::graceful_stop, ~0u},
    {"duration", &Scenario::duration, kConstant | kRate | kExternal},
    {"maxDuration", &Scenario::max_duration, kShared | kPerVu},
    {"gracefulRampDown", &Scenario::graceful_ramp_down, kRamping},
    {"timeUnit", &Scenario::time_unit, kRate | kRampingRate},
};

template <typename T, size_t N>
Result<bool> decode_key(const JsonMember& member, const Place& place, const Key<T> (&keys)[N],
                        Scenario& scenario) {
  for (const Key<T>& key : keys) {
    if (!same_name(member.name, key.name) || !(key.executors & bit(scenario.kind))) continue;
    const std::string field = fmt::format("Options.scenarios.{}", key.name);
    BIA_TRY(decode(*member.value, place.at(field), scenario.*key.member));
    return true;
  }
  return false;
}

Result<void> decode_map(const JsonValue& value, const Place& place, StringMap& out) {
  std::optional<StringMap> map;
  BIA_TRY(decode(value, place, map));
  if (map) out = std::move(*map);
  return {};
}

Error unknown_field(std::string_view name) {
  return bad(fmt::format("json: unknown field \"{}\"", name));
}

Result<void> decode_stages(const JsonValue& value, const Place& place, Scenario& scenario) {
  if (!value.IsArray() && !value.IsNull()) return type_error(value, place, "[]executor.Stage");
  std::string_view unknown;
  for (rapidjson::SizeType i = 0; value.IsArray() && i < value.Size(); ++i) {
    const JsonValue& stage = value[i];
    if (stage.IsNull()) continue;
    if (!stage.IsObject()) return type_error(stage, place, "executor.Stage");
    for (const JsonMember& member : members(stage)) {
      if (unknown.empty() && !same_name(member.name, "duration") &&
          !same_name(member.name, "target"))
        unknown = member.name;
    }
  }
  BIA_TRY(decode(value, place, scenario.stages));
  if (!unknown.empty()) return unknown_field(unknown);
  return {};
}

Result<void> decode_options(const JsonValue& value, const Place& place, Scenario& scenario) {
  if (value.IsNull()) return {};
  if (!value.IsObject()) return type_error(value, place, "lib.ScenarioOptions");
  scenario.browser_json = "null";
  std::string_view unknown;
  for (const JsonMember& member : members(value)) {
    if (!same_name(member.name, "browser")) {
      if (unknown.empty()) unknown = member.name;
      continue;
    }
    if (!member.value->IsObject() && !member.value->IsNull())
      return type_error(*member.value, place.at("Options.scenarios.BaseConfig.options.browser"),
                        "map[string]interface {}");
    scenario.browser_json = dump(*member.value);
  }
  if (!unknown.empty()) return unknown_field(unknown);
  return {};
}

Result<void> decode_member(const JsonMember& member, const Place& place, Scenario& scenario) {
  if (BIA_TRY(decode_key(member, place, kIntegers, scenario)) ||
      BIA_TRY(decode_key(member, place, kDurations, scenario)))
    return {};
  if (same_name(member.name, "executor")) return {};
  if (same_name(member.name, "exec"))
    return decode(*member.value, place.at("Options.scenarios.BaseConfig.exec"), scenario.exec);
  if (same_name(member.name, "env"))
    return decode_map(*member.value, place.at("Options.scenarios.BaseConfig.env"), scenario.env);
  if (same_name(member.name, "tags"))
    return decode_map(*member.value, place.at("Options.scenarios.BaseConfig.tags"), scenario.tags);
  if (same_name(member.name, "stages") && (bit(scenario.kind) & (kRamping | kRampingRate))) {
    return decode_stages(*member.value, place.at("Options.scenarios.stages"), scenario);
  }
  if (same_name(member.name, "options")) {
    return decode_options(*member.value, place.at("Options.scenarios.BaseConfig.options"),
                          scenario);
  }
  return unknown_field(member.name);
}

}  // namespace

Result<void> decode(const JsonValue& value, const Place& place, std::optional<ScenarioMap>& out) {
  if (value.IsNull()) return {};
  if (!value.IsObject()) return type_error(value, place, "map[string]lib.protoExecutorConfig");
  ScenarioMap map;
  for (const JsonMember& entry : members(value)) {
    const Place inside = place.within(*entry.value);
    if (!entry.value->IsObject())
      return type_error(*entry.value, inside,
                        "struct { ExecutorType string \"json:\\\"executor\\\"\" }");
    std::string_view executor;
    for (const JsonMember& member : members(*entry.value)) {
      if (!same_name(member.name, "executor") || member.value->IsNull()) continue;
      if (!member.value->IsString())
        return type_error(*member.value, inside.at("Options.scenarios.executor"), "string");
      executor = text_of(*member.value);
    }
    if (executor.empty())
      return bad(fmt::format("scenario '{}' doesn't have a specified executor type", entry.name));
    Scenario scenario;
    scenario.name = entry.name;
    scenario.kind = BIA_TRY(executor_kind(executor));
    for (const JsonMember& member : members(*entry.value))
      BIA_TRY(decode_member(member, inside, scenario));
    map[scenario.name] = std::move(scenario);
  }
  out = std::move(map);
  return {};
}

}  // namespace zelus::options
