#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/net/socket.h"

namespace bia::net {

/// Listening sockets that the process was started with (sd_listen_fds(3)): systemd's socket
/// activation, or whoever else keeps the ports while the programs behind them come and go.
class InheritedSockets {
 public:
  /// More than a program listens on, with a socket a thread; a wrong number must not close what is
  /// not ours.
  static constexpr int kSocketsMax = 4096;

  InheritedSockets() = default;
  /// Reads LISTEN_PID (where it is set, it must be this process), LISTEN_FDS and LISTEN_FDNAMES,
  /// and unsets them: they are not for the process's own children. Call before threads start.
  static InheritedSockets from_environment();
  InheritedSockets(InheritedSockets&& other) noexcept;
  InheritedSockets& operator=(InheritedSockets&& other) noexcept;
  /// Closes those that nobody took.
  ~InheritedSockets();
  /// The sockets for `wanted`: those that are named `name`, or else those bound to its address, or
  /// to all addresses with its port. The caller owns them.
  std::vector<int> take(std::string_view name, const Endpoint& wanted);
  /// Those that are bound to just this address, whatever their name.
  std::vector<int> take(const Endpoint& wanted);
  /// "[::]:8080", those that nobody took so far.
  std::vector<std::string> left() const;
  /// What is wrong with the count that the environment names, and so nothing was taken; else empty.
  const std::string& problem() const { return problem_; }

 private:
  std::vector<std::pair<std::string, int>> sockets_;
  std::string problem_;
};

}  // namespace bia::net
