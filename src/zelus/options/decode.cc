#include "zelus/options/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "zelus/options/duration.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_OPTION", std::move(text)); }

/// Go's type of a decoded value as guregu/null prints it: nothing for arrays.
std::string_view go_type_name(const JsonValue& value) {
  if (value.IsBool()) return "bool";
  if (value.IsString()) return "string";
  if (value.IsNumber()) return "float64";
  return "";
}

Error null_type_error(const JsonValue& value, std::string_view type) {
  return bad(fmt::format("json: cannot unmarshal {} into Go value of type null.{}",
                         go_type_name(value), type));
}

Result<std::string> plain_string(const JsonValue& value, const Place& place) {
  if (value.IsString()) return std::string(text_of(value));
  if (value.IsNull()) return std::string();
  return type_error(value, place, "string");
}

}  // namespace

Result<void> decode(const JsonValue& value, const Place&, std::optional<bool>& out) {
  if (value.IsNull()) return {};
  if (!value.IsBool()) return null_type_error(value, "Bool");
  out = value.GetBool();
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, std::optional<int64_t>& out) {
  if (value.IsNull()) return {};
  if (value.IsString()) {
    if (value.GetStringLength() > 0) out = BIA_TRY(parse_int(text_of(value)));
    return {};
  }
  if (value.IsInt64()) {
    out = value.GetInt64();
    return {};
  }
  if (value.IsNumber()) {
    place.within(value).note(value);
    return bad(fmt::format("json: cannot unmarshal number {} into Go struct field {} of type int64",
                           go_number(value), place.field));
  }
  return null_type_error(value, "Int");
}

Result<void> decode(const JsonValue& value, const Place&, std::optional<Duration>& out) {
  if (value.IsNull()) return {};
  if (value.IsString()) {
    out = BIA_TRY(parse_duration(text_of(value)));
    return {};
  }
  if (!value.IsNumber()) return bad(fmt::format("'{}' is not a valid duration value", dump(value)));
  out = duration_from_ms(value.GetDouble());
  return {};
}

Result<void> decode(const JsonValue& value, const Place&, std::optional<std::string>& out) {
  if (value.IsNull()) return {};
  if (!value.IsString()) return null_type_error(value, "String");
  out = std::string(text_of(value));
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, std::optional<StringList>& out) {
  if (value.IsNull()) return {};
  if (!value.IsArray()) return type_error(value, place, "[]string");
  StringList list;
  for (const JsonValue& item : value.GetArray()) list.push_back(BIA_TRY(plain_string(item, place)));
  out = std::move(list);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, std::optional<StringMap>& out) {
  if (value.IsNull()) return {};
  if (!value.IsObject()) return type_error(value, place, "map[string]string");
  StringMap map;
  for (const JsonMember& member : members(value))
    map[std::string(member.name)] = BIA_TRY(plain_string(*member.value, place));
  out = std::move(map);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place,
                    std::optional<std::vector<Stage>>& out) {
  if (value.IsNull()) return {};
  if (!value.IsArray()) return type_error(value, place, "[]lib.Stage");
  std::vector<Stage> stages;
  for (const JsonValue& item : value.GetArray()) {
    Stage stage;
    if (!item.IsObject() && !item.IsNull())
      return type_error(item, place.within(item), "lib.StageFields");
    const std::string target = fmt::format("{}.target", place.field);
    for (const JsonMember& member : item.IsNull() ? std::vector<JsonMember>() : members(item)) {
      if (same_name(member.name, "duration")) BIA_TRY(decode(*member.value, place, stage.duration));
      if (same_name(member.name, "target"))
        BIA_TRY(decode(*member.value, place.at(target), stage.target));
    }
    stages.push_back(stage);
  }
  out = std::move(stages);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, std::optional<TlsVersions>& out) {
  if (value.IsNull()) return {};
  auto version = [&](const JsonValue& item, std::string_view key,
                     std::string& name) -> Result<void> {
    static constexpr std::array<std::string_view, 5> kKnown = {"", "tls1.0", "tls1.1", "tls1.2",
                                                               "tls1.3"};
    const std::string field = fmt::format("{}.{}", place.field, key);
    if (!item.IsString()) return type_error(item, place.at(field).within(item), "string");
    name = text_of(item);
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) return {};
    return bad(fmt::format("unknown TLS version '{}'", name));
  };
  TlsVersions versions;
  if (value.IsString()) {
    // k6 reports the type of the object form here.
    if (!version(value, "", versions.min)) return type_error(value, place, "lib.tlsVersionsFields");
    versions.max = versions.min;
  } else if (value.IsObject()) {
    for (const JsonMember& member : members(value)) {
      if (same_name(member.name, "min")) {
        BIA_TRY(version(*member.value, "min", versions.min));
      } else if (same_name(member.name, "max")) {
        BIA_TRY(version(*member.value, "max", versions.max));
      } else {
        return bad(fmt::format("json: unknown field \"{}\"", member.name));
      }
    }
  } else {
    return type_error(value, place, "lib.tlsVersionsFields");
  }
  out = std::move(versions);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place,
                    std::optional<std::vector<TlsAuth>>& out) {
  if (value.IsNull()) return {};
  if (!value.IsArray()) return type_error(value, place, "[]*lib.TLSAuth");
  std::vector<TlsAuth> all;
  for (const JsonValue& item : value.GetArray()) {
    const Place inside = place.within(item);
    if (!item.IsObject()) return type_error(item, inside, "lib.TLSAuthFields");
    auto named = [&](std::string_view key) { return fmt::format("{}.{}", place.field, key); };
    TlsAuth auth;
    std::optional<StringList> domains;
    for (const JsonMember& member : members(item)) {
      if (same_name(member.name, "cert")) {
        auth.cert = BIA_TRY(plain_string(*member.value, inside.at(named("cert"))));
      } else if (same_name(member.name, "key")) {
        auth.key = BIA_TRY(plain_string(*member.value, inside.at(named("key"))));
      } else if (same_name(member.name, "password")) {
        BIA_TRY(decode(*member.value, place, auth.password));
      } else if (same_name(member.name, "domains")) {
        BIA_TRY(decode(*member.value, inside.at(named("domains")), domains));
      } else {
        return bad(fmt::format("json: unknown field \"{}\"", member.name));
      }
    }
    if (domains) auth.domains = std::move(*domains);
    all.push_back(std::move(auth));
  }
  out = std::move(all);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, std::optional<ThresholdMap>& out) {
  if (value.IsNull()) return {};
  if (!value.IsObject()) return type_error(value, place, "map[string]metrics.Thresholds");
  ThresholdMap map;
  for (const JsonMember& metric : members(value)) {
    if (metric.value->IsNull()) {
      map[std::string(metric.name)];
      continue;
    }
    if (!metric.value->IsArray())
      return type_error(*metric.value, place.within(*metric.value), "[]metrics.thresholdConfig");
    std::vector<ThresholdSpec>& specs = map[std::string(metric.name)];
    for (const JsonValue& item : metric.value->GetArray()) {
      ThresholdSpec spec;
      const Place inside = place.within(item);
      if (item.IsString()) {
        spec.expression = text_of(item);
      } else if (item.IsObject()) {
        std::optional<bool> abort;
        std::optional<Duration> delay;
        for (const JsonMember& member : members(item)) {
          if (same_name(member.name, "threshold"))
            spec.expression =
                BIA_TRY(plain_string(*member.value, inside.at("Options.thresholds.threshold")));
          if (same_name(member.name, "abortOnFail")) {
            if (!member.value->IsBool() && !member.value->IsNull()) {
              return type_error(*member.value, inside.at("Options.thresholds.abortOnFail"), "bool");
            }
            BIA_TRY(decode(*member.value, place, abort));
          }
          if (same_name(member.name, "delayAbortEval"))
            BIA_TRY(decode(*member.value, place, delay));
        }
        spec.abort_on_fail = abort.value_or(false);
        spec.delay_abort_eval = delay.value_or(Duration(0));
      } else {
        return type_error(item, inside, "metrics.rawThresholdConfig");
      }
      specs.push_back(std::move(spec));
    }
  }
  out = std::move(map);
  return {};
}

Result<void> decode(const JsonValue& value, const Place& place, DnsOptions& out) {
  if (value.IsNull()) return {};
  if (!value.IsObject()) {
    return type_error(value, place,
                      "struct { TTL null.String \"json:\\\"ttl\\\"\"; Select types.NullDNSSelect "
                      "\"json:\\\"select\\\"\"; "
                      "Policy types.NullDNSPolicy \"json:\\\"policy\\\"\" }");
  }
  DnsOptions dns;
  for (const JsonMember& member : members(value)) {
    if (same_name(member.name, "ttl")) BIA_TRY(decode(*member.value, place, dns.ttl));
    for (auto [key, out_text] :
         {std::pair("select", &dns.select), std::pair("policy", &dns.policy)}) {
      if (!same_name(member.name, key)) continue;
      const std::string field_name = fmt::format("{}.{}", place.field, key);
      if (!member.value->IsString() && !member.value->IsNull())
        return type_error(*member.value, place.at(field_name).within(*member.value), "string");
      BIA_TRY(decode(*member.value, place, *out_text));
    }
  }
  BIA_TRY(check_dns(dns));
  out = std::move(dns);
  return {};
}

}  // namespace zelus::options
