#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "zelus/options/options.h"

namespace zelus::options {

/// An IP address as a number: the last 4 bytes of an IPv4 address, all 16 of IPv6.
struct Ip {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
  static std::optional<Ip> parse(std::string_view text);
  std::string text() const;
  /// The address `count` after this one.
  Ip plus(uint64_t count) const;
  auto operator<=>(const Ip&) const = default;
};

/// "10.0.0.0/8".
class IpNet {
 public:
  /// Errors: k6's text of a bad CIDR.
  static Result<IpNet> parse(std::string_view text);
  bool contains(const Ip& ip) const;
  /// With the bits behind the prefix cleared, as Go prints it.
  std::string text() const;
  const Ip& first() const { return first_; }
  /// How many bits behind the prefix there are.
  int free_bits() const { return free_bits_; }

 private:
  Ip first_;
  int free_bits_ = 0;
};

/// `localIPs`: "10.0.0.1,10.0.0.5-10.0.0.9,10.1.0.0/24".
class IpPool {
 public:
  /// Errors: k6's texts.
  static Result<IpPool> parse(std::string_view text);
  /// The address of a user: they take turns.
  Ip at(uint64_t index) const;

 private:
  struct Range {
    Ip first;
    uint64_t count;  ///< at most 2^63, as many as anybody can have users
  };
  std::vector<Range> ranges_;
  uint64_t count_ = 0;
};

/// What options say about addresses: `hosts`, `blockHostnames`, `blacklistIPs`, `dns`, `localIPs`.
/// Read by all threads, changed by none.
struct AddressRules {
  struct Host {
    std::string pattern;  ///< lower case; "*" in front stands for anything
    Ip ip;
    uint16_t port = 0;  ///< 0: the one asked for
  };
  enum class Select { kFirst, kRandom, kRoundRobin };
  enum class Policy { kPreferV4, kPreferV6, kOnlyV4, kOnlyV6, kAny };

  std::vector<Host> hosts;
  std::vector<std::string> blocked;  ///< lower case
  std::vector<IpNet> blacklist;
  std::optional<IpPool> sources;
  Duration ttl = std::chrono::minutes(5);  ///< of look-ups; 0: none is kept
  Select select = Select::kRandom;
  Policy policy = Policy::kPreferV4;

  /// Errors: k6's texts; what it accepts and cannot use (an address that is none) is an error too.
  static Result<AddressRules> of(const Options& options);
  /// The entry of `hosts` for "name:port", else for "name"; the longest pattern wins. nullptr where
  /// there is none.
  const Host* host_for(std::string_view name, uint16_t port) const;
  /// The pattern that blocks this name; nullptr where none does.
  const std::string* blocking(std::string_view name) const;
  /// The net that holds this address; nullptr where none does.
  const IpNet* blacklisting(const Ip& ip) const;
};

}  // namespace zelus::options
