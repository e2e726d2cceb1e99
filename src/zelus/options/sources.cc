// The layers that options come from: the script, config.json, the environment.
#include <fmt/format.h>

#include "zelus/options/addresses.h"
#include "zelus/options/decode.h"
#include "zelus/options/duration.h"
#include "zelus/options/fields.h"
#include "zelus/options/go_quote.h"
#include "zelus/options/segment.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_OPTION", std::move(text)); }

/// What the types alone do not say.
Result<void> check_values(const Options& options) {
  BIA_TRY(Segment::check(options.execution_segment.value_or(""),
                         options.execution_segment_sequence.value_or("")));
  if (options.blacklist_ips) {
    for (const std::string& net : *options.blacklist_ips) BIA_TRY(check_cidr(net));
  }
  if (options.hosts) {
    for (const auto& [pattern, address] : *options.hosts) BIA_TRY(check_host_pattern(pattern));
  }
  if (options.block_hostnames) {
    for (const std::string& pattern : *options.block_hostnames)
      BIA_TRY(check_hostname_pattern(pattern));
  }
  return {};
}

/// `cloud` and `ext` are kept as JSON texts: k6 accepts anything there.
Result<bool> decode_free_form(const JsonMember& member, Fault* fault, Options& options) {
  if (same_name(member.name, "cloud")) {
    if (!member.value->IsNull()) options.cloud_json = dump(*member.value);
    return true;
  }
  if (!same_name(member.name, "ext")) return false;
  if (member.value->IsNull()) return true;
  if (!member.value->IsObject())
    return type_error(*member.value, {"Options.ext", fault, nullptr}, "map[string]json.RawMessage");
  options.ext.emplace();
  for (const JsonMember& entry : members(*member.value))
    (*options.ext)[std::string(entry.name)] = dump(*entry.value);
  return true;
}

/// Types that Go reads with a decoder of their own, which counts from their begin.
bool decodes_itself(std::string_view key) {
  for (std::string_view each : {"scenarios", "dns", "hosts", "blockHostnames", "systemTags",
                                "tlsVersion", "tlsCipherSuites"}) {
    if (key == each) return true;
  }
  return false;
}

/// Go has types of its own where zelus has texts.
Result<void> check_type(const Field& field, const JsonValue& value, const Place& place) {
  if (value.IsNull()) return {};
  if (field.json.starts_with("executionSegment") && !value.IsString())
    return type_error(value, place, "*lib." + std::string(field.go_name));
  if (field.json != "blacklistIPs") return {};
  if (!value.IsArray()) return type_error(value, place, "[]*lib.IPNet");
  for (const JsonValue& item : value.GetArray()) {
    if (!item.IsString() && !item.IsNull()) return type_error(item, place, "*lib.IPNet");
  }
  return {};
}

Result<void> decode_members(const JsonValue& document, bool config_file, Fault* fault,
                            std::string* first_unknown, Options& options) {
  if (!document.IsObject()) return type_error(document, {"", fault, nullptr}, "lib.Options");
  for (const JsonMember& member : members(document)) {
    if (BIA_TRY(decode_free_form(member, fault, options))) continue;
    bool known = false;
    for (const Field& field : fields()) {
      if (field.json.empty() || !same_name(member.name, field.json) ||
          (field.config_only && !config_file))
        continue;
      // No option of scripts and configurations: `inspect` and archives show the key, setting it
      // only warns.
      if (field.json == "features" && !member.value->IsNull()) continue;
      known = true;
      const std::string name = fmt::format("Options.{}", field.json);
      const Place place(name, fault, decodes_itself(field.json) ? member.value : nullptr);
      BIA_TRY(check_type(field, *member.value, place));
      BIA_TRY(
          std::visit([&](auto pointer) { return decode(*member.value, place, options.*pointer); },
                     field.member));
    }
    if (!known && first_unknown && first_unknown->empty())
      *first_unknown = std::string(member.name);
  }
  return check_values(options);
}

Result<Options> decode_object(std::string_view json, bool config_file, std::string* first_unknown) {
  Options options;
  rapidjson::Document document;
  BIA_TRY(parse_json(json, document));
  if (document.IsNull()) return options;
  Fault fault;
  auto decoded =
      decode_members(document, config_file, config_file ? nullptr : &fault, first_unknown, options);
  if (decoded) return options;
  if (fault.value == nullptr) return std::move(decoded).error();
  // k6 shows where, of a script's options.
  Error shown = bad(fmt::format("parsing options from script got error while parsing {}: {}",
                                go_quote(fault_text(document, fault)), decoded.error().message()));
  for (const auto& [key, value] : decoded.error().metadata())
    shown = std::move(shown).with_metadata(key, value);
  return shown;
}

StringList split(std::string_view text, char separator) {
  StringList parts;
  while (!text.empty()) {
    size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    text = at == std::string_view::npos ? "" : text.substr(at + 1);
  }
  return parts;
}

// Text forms, as envconfig reads them; "" leaves the option unset.
Result<void> read(std::string_view text, std::optional<bool>& out) {
  if (text.empty() || text == "null") return {};
  if (text != "true" && text != "false") return bad(fmt::format("invalid input:{}", text));
  out = text == "true";
  return {};
}
Result<void> read(std::string_view text, std::optional<int64_t>& out) {
  if (text.empty() || text == "null") return {};
  out = BIA_TRY(parse_int(text));
  return {};
}
Result<void> read(std::string_view text, std::optional<Duration>& out) {
  if (text.empty()) return {};
  out = BIA_TRY(parse_duration(text));
  return {};
}
Result<void> read(std::string_view text, std::optional<std::string>& out) {
  if (!text.empty()) out = std::string(text);
  return {};
}
Result<void> read(std::string_view text, std::optional<StringList>& out) {
  if (!text.empty()) out = split(text, ',');
  return {};
}
/// What an element of a list has to be, in the option's own words.
Result<void> check_list(const Field& field, const Options& options) {
  auto each = [](const std::optional<StringList>& list, auto check) -> Result<void> {
    for (const std::string& item : list ? *list : StringList()) BIA_TRY(check(item));
    return {};
  };
  if (field.json == "blacklistIPs") return each(options.blacklist_ips, check_cidr);
  if (field.json == "blockHostnames") return each(options.block_hostnames, check_hostname_pattern);
  if (field.env == "K6_LOCAL_IPS" && options.local_ips && !options.local_ips->empty())
    BIA_TRY(IpPool::parse(*options.local_ips));
  return {};
}

Result<void> read(std::string_view text, std::optional<StringMap>& out) {
  if (text.empty()) return {};
  StringMap map;
  if (text.ends_with(',')) return bad("invalid map item: \"\"");
  for (const std::string& pair : split(text, ',')) {
    size_t colon = pair.find(':');
    if (colon == std::string::npos || pair.find(':', colon + 1) != std::string::npos)
      return bad(fmt::format("invalid map item: \"{}\"", pair));
    map[pair.substr(0, colon)] = pair.substr(colon + 1);
  }
  out = std::move(map);
  return {};
}
Result<void> read(std::string_view text, std::optional<std::vector<Stage>>& out) {
  if (text.empty()) return {};
  std::vector<Stage> stages;
  for (const std::string& part : split(text, ',')) stages.push_back(BIA_TRY(parse_stage(part)));
  out = std::move(stages);
  return {};
}
Result<void> read(std::string_view text, DnsOptions& out) {
  if (!text.empty()) out = BIA_TRY(parse_dns(text));
  return {};
}
template <typename T>
Result<void> read(std::string_view, std::optional<T>&) {
  return bad(
      "zelus does not read this option from the environment; set it in the script's options or in "
      "config.json");
}

/// Go's name of the type, in envconfig's message.
struct TypeName {
  std::string_view operator()(std::optional<bool> Options::*) const { return "null.Bool"; }
  std::string_view operator()(std::optional<int64_t> Options::*) const { return "null.Int"; }
  std::string_view operator()(std::optional<Duration> Options::*) const {
    return "types.NullDuration";
  }
  std::string_view operator()(std::optional<std::string> Options::*) const { return "null.String"; }
  std::string_view operator()(std::optional<StringList> Options::*) const { return "[]string"; }
  std::string_view operator()(std::optional<StringMap> Options::*) const {
    return "map[string]string";
  }
  std::string_view operator()(std::optional<std::vector<Stage>> Options::*) const {
    return "[]lib.Stage";
  }
  std::string_view operator()(DnsOptions Options::*) const { return "types.DNSConfig"; }
  template <typename T>
  std::string_view operator()(T) const {
    return "json";
  }
};

std::string_view type_name(const Field& field) {
  if (field.json == "blacklistIPs") return "[]*lib.IPNet";
  if (field.json == "blockHostnames") return "types.NullHostnameTrie";
  if (field.env == "K6_LOCAL_IPS") return "types.NullIPPool";
  return std::visit(TypeName(), field.member);
}

}  // namespace

Result<Options> parse_script_options(std::string_view json, std::string* first_unknown) {
  auto options = decode_object(json, /*config_file=*/false, first_unknown);
  if (!options && options.error().reason() == "BAD_DNS_TTL") return options;
  if (!options) return with_exit(std::move(options).error(), kExitInvalidConfig);
  return options;
}

Result<Options> parse_config_file(std::string_view json) {
  auto options = decode_object(json, /*config_file=*/true, nullptr);
  if (!options && options.error().reason() == "BAD_DNS_TTL") return options;
  if (!options) return with_exit(std::move(options).error(), kExitInvalidConfig);
  return options;
}

Result<Options> parse_environment(const std::map<std::string, std::string>& environment) {
  Options options;
  for (const Field& field : fields()) {
    if (field.env.empty()) continue;
    auto found = environment.find(std::string(field.env));
    if (found == environment.end()) continue;
    auto done = std::visit([&](auto pointer) { return read(found->second, options.*pointer); },
                           field.member);
    if (done) done = check_list(field, options);
    if (done) continue;
    if (done.error().reason() == "BAD_DNS_TTL") return std::move(done).error();
    return with_exit(
        bad(fmt::format(
            "envconfig.Process: assigning {} to {}: converting '{}' to type {}. details: {}",
            field.env, field.go_name, found->second, type_name(field), done.error().message())),
        kExitInvalidConfig);
  }
  if (auto checked = check_values(options); !checked)
    return with_exit(std::move(checked).error(), kExitInvalidConfig);
  return options;
}

}  // namespace zelus::options
