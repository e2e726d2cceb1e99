#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace bia::net {

/// What all our TCP sockets have. Of a listener it is inherited by what is accepted, which saves
/// system calls a connection. Refused by a Unix socket, which needs none of it.
inline void set_tcp_options(int fd) {
  // As Go's dialer and listeners: a peer that is gone without a word is found after 15 s and nine
  // probes.
  constexpr int kKeepAliveSeconds = 15;
  constexpr int kOn = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
}

}  // namespace bia::net
