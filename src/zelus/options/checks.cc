// Values that several sources give as text: stages, DNS, CIDR, hostname patterns, trend statistics.
#include <fmt/format.h>

#include <algorithm>

#include "zelus/options/addresses.h"
#include "zelus/options/duration.h"
#include "zelus/options/options.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error invalid(std::string text) {
  return Error(Code::kInvalidArgument, "BAD_OPTION", std::move(text));
}

bool is_hostname_pattern(std::string_view pattern) {
  std::string_view rest = pattern;
  if (rest.starts_with('*')) {
    rest.remove_prefix(1);
    if (rest.starts_with('.')) rest.remove_prefix(1);
    if (rest.empty()) return true;
  }
  // Labels of letters, digits and hyphens, which stand inside.
  while (!rest.empty()) {
    std::string_view label = rest.substr(0, rest.find('.'));
    bool last = label.size() == rest.size();
    rest.remove_prefix(last ? label.size() : label.size() + 1);
    bool good = !label.empty() && label.front() != '-' && label.back() != '-' &&
                std::all_of(label.begin(), label.end(), [](char c) {
                  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || c == '-';
                });
    if (!good || (!last && rest.empty())) return false;
  }
  return !pattern.empty();
}

}  // namespace

Result<Stage> parse_stage(std::string_view text) {
  Stage stage;
  size_t colon = text.find(':');
  std::string_view duration = text.substr(0, colon);
  std::string_view target = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (!duration.empty()) stage.duration = BIA_TRY(bia::parse_go_duration(duration));
  if (!target.empty()) stage.target = BIA_TRY(parse_int(target));
  return stage;
}

Result<void> check_dns(const DnsOptions& dns) {
  if (dns.ttl && *dns.ttl != "inf" && *dns.ttl != "0") {
    auto ttl = parse_duration(*dns.ttl);
    // As k6, which looks at it late: without a prefix that says where it stood, exit code 255.
    if (!ttl || *ttl < Duration(0))
      return with_exit(Error(Code::kInvalidArgument, "BAD_DNS_TTL", "invalid DNS TTL: " + *dns.ttl),
                       255);
  }
  static constexpr std::string_view kSelects[] = {"first", "roundRobin", "random"};
  if (dns.select &&
      std::find(std::begin(kSelects), std::end(kSelects), *dns.select) == std::end(kSelects)) {
    return with_exit(invalid(fmt::format("{} does not belong to DNSSelect values", *dns.select)),
                     kExitInvalidConfig);
  }
  static constexpr std::string_view kPolicies[] = {"preferIPv4", "preferIPv6", "onlyIPv4",
                                                   "onlyIPv6", "any"};
  if (dns.policy &&
      std::find(std::begin(kPolicies), std::end(kPolicies), *dns.policy) == std::end(kPolicies)) {
    return with_exit(invalid(fmt::format("{} does not belong to DNSPolicy values", *dns.policy)),
                     kExitInvalidConfig);
  }
  return {};
}

Result<DnsOptions> parse_dns(std::string_view text) {
  DnsOptions dns;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    size_t equals = part.find('=');
    if (equals == std::string_view::npos || part.find('=', equals + 1) != std::string_view::npos) {
      return invalid(fmt::format("no value for key {}", part));
    }
    std::string_view key = part.substr(0, equals);
    std::string value(part.substr(equals + 1));
    if (key == "ttl") {
      dns.ttl = value;
    } else if (key == "select") {
      dns.select = value;
    } else if (key == "policy") {
      dns.policy = value;
    } else {
      return invalid(fmt::format("unknown DNS configuration field: {}", key));
    }
  }
  BIA_TRY(check_dns(dns));
  return dns;
}

Result<void> check_cidr(std::string_view text) {
  BIA_TRY(IpNet::parse(text));
  return {};
}

Result<void> check_hostname_pattern(std::string_view pattern) {
  if (is_hostname_pattern(pattern)) return {};
  return invalid(fmt::format("invalid hostname pattern '{}'", pattern));
}

Result<void> check_host_pattern(std::string_view pattern) {
  std::string_view name = pattern;
  size_t colon = pattern.rfind(':');
  bool good = true;
  if (colon != std::string_view::npos && pattern.find(':') == colon) {
    auto port = parse_int(pattern.substr(colon + 1));
    good = port && *port > 0 && *port <= 65535;
    name = pattern.substr(0, colon);
  }
  if (good && is_hostname_pattern(name)) return {};
  return invalid(fmt::format("invalid host pattern '{}'", pattern));
}

Result<void> check_trend_stat(std::string_view stat) {
  static constexpr std::string_view kStats[] = {"avg", "min", "med", "max", "count"};
  if (std::find(std::begin(kStats), std::end(kStats), stat) != std::end(kStats)) return {};
  if (!stat.starts_with("p(") || !stat.ends_with(')')) {
    return invalid(fmt::format("invalid trend stat '{}', unknown format", stat));
  }
  double percentile = 0;
  std::string_view inner = stat.substr(2, stat.size() - 3);
  if (!parse_float(inner, percentile) || !(percentile >= 0 && percentile <= 100)) {
    return invalid(fmt::format(
        "invalid percentile trend stat value '{}', provide a number between 0 and 100", stat));
  }
  return {};
}

}  // namespace zelus::options
