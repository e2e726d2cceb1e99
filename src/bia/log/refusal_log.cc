#include "bia/log/refusal_log.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "bia/bia/log.h"
#include "bia/net/socket.h"

namespace bia {
namespace {

std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "a peer";
  std::string text = net::Endpoint::from_sockaddr(&address, length).text();
  return address.ss_family == AF_UNIX ? "a local peer" : text;
}

std::string_view what_of(http::Refusal::Of of) {
  switch (of) {
    case http::Refusal::Of::kConnection:
      return "connection";
    case http::Refusal::Of::kRequest:
      return "request";
    case http::Refusal::Of::kCall:
      return "call";
    case http::Refusal::Of::kMessage:
      return "message";
  }
  return "";
}

}  // namespace

bool LineBudget::take(TimePoint at) {
  if (at - begin_ >= std::chrono::seconds(1)) {
    begin_ = at;
    used_ = 0;
  }
  if (used_ < kRefusalLinesMax) {
    ++used_;
    return true;
  }
  ++left_out_;
  return false;
}

uint64_t LineBudget::left_out() { return std::exchange(left_out_, 0); }

http::RefusalHook refusal_log(std::string_view server) {
  return [server](const http::Refusal& refusal) {
    static thread_local LineBudget budget;
    if (!log::enabled(LogLevel::kInfo) || !budget.take(now())) return;
    std::string line = fmt::format("[{}] refused a {} of {}: {}", server, what_of(refusal.of),
                                   peer_of(refusal.fd), refusal.reason);
    if (refusal.status != 0) line += fmt::format(" ({})", refusal.status);
    if (const uint64_t left_out = budget.left_out(); left_out > 0)
      line += fmt::format(", and {} more of this thread since the last line", left_out);
    log::info(line);
  };
}

}  // namespace bia
