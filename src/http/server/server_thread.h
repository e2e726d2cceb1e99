#pragma once
#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "bia/net/accept_balance.h"
#include "bia/net/socket.h"
#include "http/http2/http2_guard.h"
#include "http/message/owned_counter.h"
#include "http/server/refusals.h"

namespace bia::http {

class ServerConnection;

/// "Tue, 24 Nov 2026 12:00:00 GMT" (RFC 9110 section 5.6.7), made once a second.
class DateCache {
 public:
  static constexpr size_t kBytes = 29;
  std::string_view text();

 private:
  void format(time_t second);
  time_t second_ = -1;
  char text_[kBytes + 1] = {};
};

struct ServerCore;

/// What one thread of a server owns. Touched by its thread alone, the counters excepted.
struct alignas(64) ServerThread {
  explicit ServerThread(ServerCore& owner) : core(owner) {}

  ServerCore& core;
  std::vector<net::Listener> listeners;
  std::vector<fiber::Fiber> acceptors;
  fiber::Fiber sweeper;
  ServerConnection* connections = nullptr;  ///< a list through the connections
  ServerConnection* unswept = nullptr;      ///< the next of this tick; connections that end move it
  uint32_t tick = 0;  ///< of the sweeper; how connections tell time without reading a clock
  bool stopping = false;
  bool draining = false;  ///< connections end with their next answer
  DateCache date;

  OwnedCounter accepted;
  OwnedCounter open;
  OwnedCounter requests;
  OwnedCounter cancelled;  ///< requests whose peers went before their handlers had returned
  /// Counts a request that is refused, and tells who wants to know.
  void refuse_request(std::string_view reason, int status, int fd);
  RefusalCounters bad_requests;
  OwnedCounter refused;
  OwnedCounter tls_failed;
  OwnedCounter without_descriptor;  ///< connections that came when the process had none left
  OwnedCounter stopped;  ///< connections that came, or were in their handshake, when it stopped
};

/// Shared by the Server and every fiber that serves it: a handler may still run when the Server is
/// gone.
struct ServerCore : std::enable_shared_from_this<ServerCore> {
  ServerCore(fiber::ThreadGroup& group, const ServerOptions& server_options,
             Handler server_handler);

  /// Index of the calling thread.
  size_t here() const;
  /// In a fiber of the connection's own.
  void serve(int fd, fiber::Fiber& self);
  Duration sweep_interval() const;
  uint32_t ticks_of(Duration duration) const;

  fiber::ThreadGroup& threads;
  ServerOptions options;
  Handler handler;
  uint32_t idle_ticks;
  uint32_t header_ticks;
  std::vector<std::unique_ptr<ServerThread>> per_thread;
  std::unique_ptr<net::AcceptBalance> balance;
  Http2AbuseCounters http2_abuses;
  /// Of all threads, for `connections_max`: touched once as a connection comes and goes.
  alignas(64) std::atomic<size_t> connections{0};
};

}  // namespace bia::http
