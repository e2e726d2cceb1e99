#include "net/address_order.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace bia::net {
namespace {

using Bytes = std::array<uint8_t, 16>;

/// An IPv4 address as IPv6 maps it (RFC 4291 section 2.5.5.2).
Bytes bytes_of(const Endpoint& endpoint) {
  Bytes bytes{};
  if (endpoint.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, endpoint.data(), sizeof v4);
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(&bytes[12], &v4.sin_addr, 4);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, endpoint.data(), sizeof v6);
    std::memcpy(bytes.data(), &v6.sin6_addr, 16);
  }
  return bytes;
}

struct Policy {
  Bytes prefix;
  int bits;
  int precedence;
  int label;
};

/// RFC 6724 section 2.1, longest prefixes first.
constexpr Policy kPolicies[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4},
    {{}, 96, 1, 3},
    {{0x20, 0x01}, 32, 5, 5},
    {{0x20, 0x02}, 16, 30, 2},
    {{0x3f, 0xfe}, 16, 1, 12},
    {{0xfe, 0xc0}, 10, 1, 11},
    {{0xfc}, 7, 3, 13},
    {{}, 0, 40, 1},
};

bool begins_with(const Bytes& bytes, const Policy& policy) {
  for (int bit = 0; bit < policy.bits; ++bit) {
    const auto at = static_cast<size_t>(bit / 8);
    if (((bytes[at] ^ policy.prefix[at]) & 0x80 >> bit % 8) != 0) return false;
  }
  return true;
}

const Policy& policy_of(const Bytes& bytes) {
  return *std::find_if(std::begin(kPolicies), std::end(kPolicies),
                       [&](const Policy& each) { return begins_with(bytes, each); });
}

/// RFC 6724 section 3.1 and 3.2, as multicast counts scopes.
int scope_of(const Bytes& bytes) {
  constexpr int kLinkLocal = 2;
  constexpr int kSiteLocal = 5;
  constexpr int kGlobal = 14;
  const Policy& policy = policy_of(bytes);
  if (policy.label == 4)
    return bytes[12] == 127 || (bytes[12] == 169 && bytes[13] == 254) ? kLinkLocal : kGlobal;
  if (bytes[0] == 0xff) return bytes[1] & 0x0f;
  if (policy.bits == 128 || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)) return kLinkLocal;
  return policy.label == 11 ? kSiteLocal : kGlobal;
}

struct Ranked {
  const Endpoint* endpoint;
  bool routed = false;
  bool same_scope = false;
  bool same_label = false;
  int precedence = 0;
  int scope = 0;
};

Ranked rank(const Endpoint& endpoint, SourceFor source_of) {
  Ranked ranked{&endpoint};
  const std::optional<Endpoint> source = source_of(endpoint);
  const Bytes to = bytes_of(endpoint);
  ranked.scope = scope_of(to);
  ranked.precedence = policy_of(to).precedence;
  if (!source) return ranked;
  const Bytes from = bytes_of(*source);
  ranked.routed = true;
  ranked.same_scope = scope_of(from) == ranked.scope;
  ranked.same_label = policy_of(from).label == policy_of(to).label;
  return ranked;
}

bool before(const Ranked& a, const Ranked& b) {
  if (a.routed != b.routed) return a.routed;                             // rule 1
  if (a.same_scope != b.same_scope) return a.same_scope;                 // rule 2
  if (a.same_label != b.same_label) return a.same_label;                 // rule 5
  if (a.precedence != b.precedence) return a.precedence > b.precedence;  // rule 6
  return a.scope < b.scope;                                              // rule 8
}

}  // namespace

std::optional<Endpoint> source_for(const Endpoint& endpoint) {
  const int fd = socket(endpoint.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  sockaddr_storage address{};
  std::memcpy(&address, endpoint.data(), endpoint.size());
  // A port of 0 is not connected to.
  constexpr uint16_t kDiscard = 9;
  (address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                : reinterpret_cast<sockaddr_in6&>(address).sin6_port) =
      htons(kDiscard);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = endpoint.size();
  bool routed = connect(fd, any, size) == 0;
  size = sizeof address;
  routed = routed && getsockname(fd, any, &size) == 0;
  close(fd);
  if (!routed) return std::nullopt;
  return Endpoint::from_sockaddr(&address, size);
}

std::vector<Endpoint> in_order(const std::vector<Endpoint>& endpoints, SourceFor source) {
  std::vector<Ranked> ranked;
  ranked.reserve(endpoints.size());
  for (const Endpoint& each : endpoints) ranked.push_back(rank(each, source));
  std::stable_sort(ranked.begin(), ranked.end(), before);
  std::vector<Endpoint> ordered;
  ordered.reserve(endpoints.size());
  auto rest = ranked.begin();
  const auto routed_end =
      std::find_if(rest, ranked.end(), [](const Ranked& each) { return !each.routed; });
  while (rest != routed_end) {
    ordered.push_back(*rest->endpoint);
    const int family = rest++->endpoint->family();
    const auto other = std::find_if(rest, routed_end, [family](const Ranked& each) {
      return each.endpoint->family() != family;
    });
    if (other == routed_end) continue;
    std::rotate(rest, other, other + 1);
  }
  for (; rest != ranked.end(); ++rest) ordered.push_back(*rest->endpoint);
  return ordered;
}

}  // namespace bia::net
