#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "bia/net/socket.h"

namespace bia::net {
namespace {

std::vector<Endpoint> numeric(const std::string& host, uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1)
    return {Endpoint::from_sockaddr(&v4, sizeof v4)};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)
    return {Endpoint::from_sockaddr(&v6, sizeof v6)};
  return {};
}

struct Answer {
  int failed = 0;
  std::vector<Endpoint> endpoints;
};

Answer look_up(const std::string& host, uint16_t port) {
  Answer answer;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  answer.failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (answer.failed != 0) return answer;
  for (addrinfo* each = list; each; each = each->ai_next) {
    answer.endpoints.push_back(Endpoint::from_sockaddr(each->ai_addr, each->ai_addrlen));
  }
  freeaddrinfo(list);
  std::stable_partition(answer.endpoints.begin(), answer.endpoints.end(),
                        [](const Endpoint& endpoint) { return endpoint.family() == AF_INET; });
  return answer;
}

}  // namespace

Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port, Deadline deadline) {
  std::string name(host);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (auto endpoints = numeric(name, port); !endpoints.empty()) return endpoints;
  if (name.empty() || name.find('\0') != std::string::npos) {
    return Error(Code::kUnavailable, "NO_SUCH_HOST",
                 fmt::format("lookup \"{}\": no such host", name));
  }
  auto answer = std::make_shared<Answer>();
  BIA_TRY(fiber::offload_abandonable([answer, name, port] { *answer = look_up(name, port); },
                                     deadline));
  if (answer->failed == EAI_NONAME || answer->failed == EAI_NODATA) {
    return Error(Code::kUnavailable, "NO_SUCH_HOST", fmt::format("lookup {}: no such host", name));
  }
  if (answer->failed != 0) {
    return Error(Code::kUnavailable, "LOOKUP_FAILED",
                 fmt::format("lookup {}: {}", name, gai_strerror(answer->failed)));
  }
  return std::move(answer->endpoints);
}

}  // namespace bia::net
