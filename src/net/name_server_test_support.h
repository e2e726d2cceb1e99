#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "net/test_support.h"

namespace bia::net {

/// A name server that has an A record (127.0.0.1) and an AAAA record (::1) for every name but those
/// below "missing.example", says nothing about "silent.example", about "half…" only A, about
/// "other…" only AAAA, and about "large.example" only by TCP. A name with "v4only" has no AAAA; of
/// "late4…" A comes 200 ms after AAAA, of "late6…" the other way round, of "held6…" AAAA comes with
/// `release`, of "refused6…" AAAA fails.
class NameServer {
 public:
  explicit NameServer(uint32_t ttl) : ttl_(ttl) {
    while (!bind_both()) {
    }
    serving_ = start([this] { serve(); });
    serving_tcp_ = start([this] { serve_tcp(); });
  }
  ~NameServer() {
    for (fiber::Fiber* each : {&serving_, &serving_tcp_}) {
      each->cancel();
      EXPECT_TRUE(each->join(Deadline::after(kSoon)).ok());
    }
    for (fiber::Fiber& each : late_) {
      each.cancel();
      EXPECT_TRUE(each.join(Deadline::after(kSoon)).ok());
    }
    close(fd_);
    close(listener_);
  }
  int asked_by_tcp() const { return asked_by_tcp_; }
  const std::string& address() const { return address_; }
  int asked() const { return asked_; }
  /// Sends what is held back, now and from now on.
  void release() {
    released_ = true;
    for (const auto& send : held_) send();
    held_.clear();
  }
  /// In the order of their first question.
  const std::vector<std::string>& names() const { return names_; }

 private:
  /// False where UDP's port is taken for TCP.
  bool bind_both() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(bind(fd_, at, size), 0);
    getsockname(fd_, at, &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener_, at, size) == 0 && listen(listener_, 8) == 0) return true;
    close(fd_);
    close(listener_);
    return false;
  }

  void serve() {
    auto watch = fiber::FdWatch::create(fd_).value();
    while (watch.wait_readable(Deadline::never())) {
      unsigned char bytes[512];
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      const ssize_t count =
          recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &size);
      if (count < 0) {
        watch.clear_readable();
        continue;
      }
      ++asked_;
      const std::string_view question(reinterpret_cast<char*>(bytes), size_t(count));
      note(question.substr(12));
      std::string reply = answer(question);
      if (reply.find("large") != std::string::npos) {
        reply[2] = '\x83';  // TC: it did not fit
        reply[7] = '\0';
        reply.resize(reply.find('\0', 12) + 5);
      }
      const auto send = [fd = fd_, reply, peer] {
        sendto(fd, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer),
               sizeof peer);
      };
      const bool v6 = type_of(question) != 1;
      if (v6 && !released_ && question.find("held6") != std::string_view::npos) {
        held_.emplace_back(send);
      } else if (question.find(v6 ? "late6" : "late4") != std::string_view::npos) {
        late_.push_back(start([send] {
          if (fiber::sleep_for(std::chrono::milliseconds(200))) send();
        }));
      } else if (!reply.empty()) {
        send();
      }
    }
  }

  void serve_tcp() {
    auto watch = fiber::FdWatch::create(listener_).value();
    while (watch.wait_readable(Deadline::never())) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (accepted < 0) {
        watch.clear_readable();
        continue;
      }
      auto socket = Socket::adopt(accepted).value();
      std::string in;
      char bytes[512];
      for (;;) {
        auto count = socket.read_some(bytes, Deadline::after(kSoon));
        if (!count || *count == 0) break;
        in.append(bytes, *count);
        while (in.size() > 2 && in.size() >= 2u + static_cast<unsigned char>(in[1])) {
          ++asked_by_tcp_;
          const std::string reply = answer(in.substr(2, static_cast<unsigned char>(in[1])));
          in.erase(0, 2u + static_cast<unsigned char>(in[1]));
          const std::string sized = std::string(1, '\0') + static_cast<char>(reply.size()) + reply;
          if (!socket.write_all(sized, Deadline::after(kSoon))) break;
        }
      }
    }
  }

  void note(std::string_view labels) {
    std::string name;
    while (labels[0] != '\0') {
      if (!name.empty()) name += '.';
      name += labels.substr(1, static_cast<size_t>(labels[0]));
      labels.remove_prefix(static_cast<size_t>(labels[0]) + 1);
    }
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
  }

  /// 1 is A, 28 AAAA.
  static char type_of(std::string_view question) { return question[question.find('\0', 12) + 2]; }

  std::string answer(std::string_view question) const {
    if (question.find("silent") != std::string_view::npos) return {};
    const bool missing = question.find("missing") != std::string_view::npos;
    const size_t name_end = question.find('\0', 12);
    const char type = type_of(question);
    if (question.find(type == 1 ? "other" : "half") != std::string_view::npos) return {};
    const bool refused = type != 1 && question.find("refused6") != std::string_view::npos;
    const bool none =
        missing || refused || (type != 1 && question.find("v4only") != std::string_view::npos);
    std::string out(question.substr(0, 2));
    out.append(missing ? "\x81\x83" : refused ? "\x81\x85" : "\x81\x80", 2);
    out.append("\0\1\0", 3).append(1, none ? '\0' : '\1').append("\0\0\0\0", 4);
    out.append(question.substr(12, name_end + 5 - 12));
    if (none) return out;
    out.append("\xc0\x0c\0", 3).append(1, type).append("\0\1", 2);
    for (int shift = 24; shift >= 0; shift -= 8) out.append(1, static_cast<char>(ttl_ >> shift));
    if (type == 1) return out.append("\0\4\x7f\0\0\1", 6);
    return out.append("\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 18);
  }

  uint32_t ttl_;
  int fd_ = -1;
  std::string address_;
  int asked_ = 0;
  std::vector<std::string> names_;
  int asked_by_tcp_ = 0;
  int listener_ = -1;
  fiber::Fiber serving_;
  fiber::Fiber serving_tcp_;
  std::vector<fiber::Fiber> late_;
  std::vector<std::function<void()>> held_;
  bool released_ = false;
};

}  // namespace bia::net
