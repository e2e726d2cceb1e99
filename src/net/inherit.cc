#include "bia/net/inherit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace bia::net {
namespace {

constexpr int kFirstDescriptor = 3;

int number_of(const char* text) {
  const std::string_view view = text != nullptr ? text : "";
  int value = -1;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  return error == std::errc() && end == view.data() + view.size() ? value : -1;
}

Endpoint local_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(&address, length);
}

bool is_any(const Endpoint& endpoint) {
  const std::string host = endpoint.host();
  return host == "0.0.0.0" || host == "::";
}

bool serves(const Endpoint& socket, const Endpoint& wanted) {
  if (socket.family() == AF_UNIX || wanted.family() == AF_UNIX)
    return socket.family() == wanted.family() && socket.host() == wanted.host();
  return socket.port() == wanted.port() &&
         (socket.text() == wanted.text() || is_any(socket) || is_any(wanted));
}

}  // namespace

InheritedSockets InheritedSockets::from_environment() {
  InheritedSockets all;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count_given = std::getenv("LISTEN_FDS");
  const std::string count_text = count_given != nullptr ? count_given : "";
  const int count = number_of(count_given);
  const char* given = std::getenv("LISTEN_FDNAMES");
  const std::string names = given != nullptr ? given : "";
  const bool ours = pid == nullptr || number_of(pid) == getpid();
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  if (!ours || count_text.empty() || count == 0) return all;
  if (count < 0 || count > kSocketsMax) {
    all.problem_ = fmt::format("LISTEN_FDS is \"{}\", which is no count from 0 to {}", count_text,
                               kSocketsMax);
    return all;
  }
  std::string_view rest = names;
  for (int fd = kFirstDescriptor; fd < kFirstDescriptor + count; ++fd) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string name(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;  // It is not there.
    all.sockets_.emplace_back(std::move(name), fd);
  }
  return all;
}

InheritedSockets::InheritedSockets(InheritedSockets&& other) noexcept
    : sockets_(std::exchange(other.sockets_, {})), problem_(std::move(other.problem_)) {}

InheritedSockets& InheritedSockets::operator=(InheritedSockets&& other) noexcept {
  std::swap(sockets_, other.sockets_);
  std::swap(problem_, other.problem_);
  return *this;
}

InheritedSockets::~InheritedSockets() {
  for (const auto& [name, fd] : sockets_) ::close(fd);
}

std::vector<int> InheritedSockets::take(std::string_view name, const Endpoint& wanted) {
  const bool named = std::any_of(sockets_.begin(), sockets_.end(),
                                 [&](const auto& one) { return one.first == name; });
  std::vector<int> taken;
  std::erase_if(sockets_, [&](const auto& one) {
    const bool match = named ? one.first == name : serves(local_of(one.second), wanted);
    if (match) taken.push_back(one.second);
    return match;
  });
  return taken;
}

std::vector<int> InheritedSockets::take(const Endpoint& wanted) {
  std::vector<int> taken;
  std::erase_if(sockets_, [&](const auto& one) {
    const bool match = local_of(one.second).text() == wanted.text();
    if (match) taken.push_back(one.second);
    return match;
  });
  return taken;
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> texts;
  for (const auto& [name, fd] : sockets_) texts.push_back(local_of(fd).text());
  return texts;
}

}  // namespace bia::net
