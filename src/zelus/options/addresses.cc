#include "zelus/options/addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "zelus/options/duration.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

constexpr uint64_t kPoolMax = uint64_t{1} << 63;

Error invalid(std::string text) {
  return Error(Code::kInvalidArgument, "BAD_OPTION", std::move(text));
}

bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with('*')) return pattern == name;
  return name.ends_with(pattern.substr(1));
}

// The name itself, or the longest of the patterns that fit; `pattern_of` names an element's.
template <typename List, typename PatternOf>
auto longest_fit(const List& list, std::string_view name, PatternOf pattern_of)
    -> decltype(&*list.begin()) {
  decltype(&*list.begin()) best = nullptr;
  for (const auto& one : list) {
    if (pattern_of(one) == name) return &one;
    if (!fits(pattern_of(one), name)) continue;
    if (best == nullptr || pattern_of(*best).size() < pattern_of(one).size()) best = &one;
  }
  return best;
}

// "::1", "1.2.3.4:80", "[::1]:80".
std::optional<AddressRules::Host> parse_target(std::string_view text) {
  AddressRules::Host host;
  if (auto ip = Ip::parse(text)) {
    host.ip = *ip;
    return host;
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  auto ip = Ip::parse(address);
  auto port = parse_int(text.substr(colon + 1));
  if (!ip || !port || *port < 1 || *port > 65535) return std::nullopt;
  host.ip = *ip;
  host.port = static_cast<uint16_t>(*port);
  return host;
}

Result<void> read_dns(const DnsOptions& dns, AddressRules& rules) {
  if (dns.ttl) {
    if (*dns.ttl == "inf") {
      rules.ttl = Duration::max();
    } else {
      rules.ttl = *dns.ttl == "0" ? Duration(0) : BIA_TRY(parse_duration(*dns.ttl));
    }
  }
  using Rules = AddressRules;
  if (dns.select == "first") rules.select = Rules::Select::kFirst;
  if (dns.select == "roundRobin") rules.select = Rules::Select::kRoundRobin;
  for (const auto& [name, policy] :
       {std::pair("preferIPv6", Rules::Policy::kPreferV6),
        std::pair("onlyIPv4", Rules::Policy::kOnlyV4),
        std::pair("onlyIPv6", Rules::Policy::kOnlyV6), std::pair("any", Rules::Policy::kAny)}) {
    if (dns.policy == name) rules.policy = policy;
  }
  return {};
}

}  // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
  std::string copy(text);
  Ip ip;
  if (inet_pton(AF_INET, copy.c_str(), ip.bytes.data() + 12) == 1) return ip;
  ip.v6 = true;
  if (inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

std::string Ip::text() const {
  char out[INET6_ADDRSTRLEN];
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data() + (v6 ? 0 : 12), out, sizeof out);
  return out;
}

Ip Ip::plus(uint64_t count) const {
  Ip sum = *this;
  for (size_t i = sum.bytes.size(); i-- > (v6 ? 0u : 12u) && count > 0;) {
    count += sum.bytes[i];
    sum.bytes[i] = static_cast<uint8_t>(count);
    count >>= 8;
  }
  return sum;
}

Result<IpNet> IpNet::parse(std::string_view text) {
  size_t slash = text.find('/');
  std::optional<Ip> ip = Ip::parse(text.substr(0, slash));
  auto bits = slash == std::string_view::npos ? Result<int64_t>(invalid(""))
                                              : parse_int(text.substr(slash + 1));
  int bits_max = ip && ip->v6 ? 128 : 32;
  if (!ip || !bits || text[slash + 1] == '+' || *bits < 0 || *bits > bits_max)
    return invalid(fmt::format("failed to parse CIDR '{0}': invalid CIDR address: {0}", text));
  IpNet net;
  net.free_bits_ = bits_max - static_cast<int>(*bits);
  net.first_ = *ip;
  for (int bit = 0; bit < net.free_bits_; ++bit) {
    auto& byte = net.first_.bytes[15 - static_cast<size_t>(bit / 8)];
    byte = static_cast<uint8_t>(byte & ~(1u << (bit % 8)));
  }
  return net;
}

bool IpNet::contains(const Ip& ip) const {
  if (ip.v6 != first_.v6) return false;
  for (size_t i = 0; i < ip.bytes.size(); ++i) {
    int free_here = std::clamp(free_bits_ - 8 * (15 - static_cast<int>(i)), 0, 8);
    if ((ip.bytes[i] ^ first_.bytes[i]) >> free_here != 0) return false;
  }
  return true;
}

std::string IpNet::text() const {
  return fmt::format("{}/{}", first_.text(), (first_.v6 ? 128 : 32) - free_bits_);
}

Result<IpPool> IpPool::parse(std::string_view text) {
  IpPool pool;
  for (bool more = true; more;) {
    size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    Range range{{}, 1};
    if (size_t dash = part.find('-'); dash != std::string_view::npos) {
      auto first = Ip::parse(part.substr(0, dash));
      auto last = Ip::parse(part.substr(dash + 1));
      if (!first || !last) return invalid(fmt::format("wrong IP range format: {}", part));
      if (first->v6 != last->v6) return invalid(fmt::format("mixed IP range format: {}", part));
      if (*last < *first) return invalid(fmt::format("negative IP range: {}", part));
      range.first = *first;
      for (size_t i = 0; i < 16 && range.count < kPoolMax; ++i) {
        // Of a wider range only the first are used.
        uint64_t digit = i < 8 ? uint64_t(last->bytes[i] != first->bytes[i]) << 63
                               : (uint64_t(last->bytes[i]) - first->bytes[i]) << (8 * (15 - i));
        range.count += digit;
      }
    } else if (part.find('/') != std::string_view::npos) {
      auto net = IpNet::parse(part);
      if (!net)
        return invalid(
            fmt::format("parseCIDR() failed parsing {0}: invalid CIDR address: {0}", part));
      range.first = net->first();
      range.count = uint64_t{1} << std::min(net->free_bits(), 62);
      // The first and the last of an IPv4 net are its own.
      if (!range.first.v6 && range.count > 2) {
        range.first = range.first.plus(1);
        range.count -= 2;
      }
    } else {
      auto ip = Ip::parse(part);
      if (!ip) return invalid(fmt::format("{} is not a valid IP, IP range or CIDR", part));
      range.first = *ip;
    }
    range.count = std::min(range.count, kPoolMax - pool.count_);
    if (range.count == 0) continue;
    pool.count_ += range.count;
    pool.ranges_.push_back(range);
  }
  return pool;
}

Ip IpPool::at(uint64_t index) const {
  index %= count_;
  for (const Range& range : ranges_) {
    if (index < range.count) return range.first.plus(index);
    index -= range.count;
  }
  return ranges_.front().first;
}

Result<AddressRules> AddressRules::of(const Options& options) {
  AddressRules rules;
  if (options.hosts) {
    for (const auto& [pattern, address] : *options.hosts) {
      BIA_TRY(check_host_pattern(pattern));
      auto host = parse_target(address);
      if (!host)
        return with_exit(invalid(fmt::format("option `hosts`: \"{}\" of {} is no IP address, nor "
                                             "one with a port",
                                             address, pattern)),
                         kExitInvalidConfig);
      host->pattern = bia::lower_case(pattern);
      rules.hosts.push_back(std::move(*host));
    }
  }
  if (options.block_hostnames) {
    for (const std::string& pattern : *options.block_hostnames)
      rules.blocked.push_back(bia::lower_case(pattern));
  }
  if (options.blacklist_ips) {
    for (const std::string& net : *options.blacklist_ips)
      rules.blacklist.push_back(BIA_TRY(IpNet::parse(net)));
  }
  if (options.local_ips && !options.local_ips->empty())
    rules.sources = BIA_TRY(IpPool::parse(*options.local_ips));
  BIA_TRY(read_dns(options.dns, rules));
  return rules;
}

const AddressRules::Host* AddressRules::host_for(std::string_view name, uint16_t port) const {
  if (hosts.empty()) return nullptr;
  std::string low = bia::lower_case(name);
  auto pattern_of = [](const Host& host) -> std::string_view { return host.pattern; };
  if (const Host* found = longest_fit(hosts, fmt::format("{}:{}", low, port), pattern_of))
    return found;
  return longest_fit(hosts, low, pattern_of);
}

const std::string* AddressRules::blocking(std::string_view name) const {
  if (blocked.empty()) return nullptr;
  return longest_fit(blocked, bia::lower_case(name),
                     [](const std::string& pattern) -> std::string_view { return pattern; });
}

const IpNet* AddressRules::blacklisting(const Ip& ip) const {
  for (const IpNet& net : blacklist) {
    if (net.contains(ip)) return &net;
  }
  return nullptr;
}

}  // namespace zelus::options
