#pragma once
#include <ares.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/net/socket.h"
#include "net/dns.h"

namespace bia::net {

class LookUp;

/// One question, from its first asker to its answer. A fiber of its own drives a channel of its
/// own: /etc/resolv.conf is read anew, and nothing is left behind.
struct DnsQuery : std::enable_shared_from_this<DnsQuery> {
  /// A socket of c-ares', and what the fibers that wait for it know. Only TCP's are written later:
  /// the name server's answer was too long for UDP.
  struct Watched {
    fiber::FdWatch watch;
    bool gone = false;
    bool writing = false;
  };

  /// What one family is known of.
  struct Family {
    DnsQuery* query;
    int family;
    int status = ARES_SUCCESS;
    bool done = false;
    bool reachable = false;  ///< one of its addresses
    TimePoint at{};          ///< of its answer
    bool has_answered() const;
  };

  explicit DnsQuery(std::string asked) : name(std::move(asked)) {}
  /// Until both families are known, or nobody asks any more. Suspends.
  void run(const DnsOptions& options);
  /// Why there are no endpoints.
  Error error() const;

  std::string name;
  fiber::Fiber driver;  ///< runs `run`
  std::vector<LookUp*> parts;
  Family v6{this, AF_INET6};
  Family v4{this, AF_INET};
  Family both{this, AF_UNSPEC};
  bool done = false;
  bool complete = false;  ///< Both families have answered.
  int status = ARES_SUCCESS;
  int64_t ttl_seconds = INT64_MAX;
  TimePoint first_at{};             ///< of the first endpoints
  std::vector<Endpoint> endpoints;  ///< so far, as `in_order` has them

 private:
  void open(const DnsOptions& options);
  void ask_hosts();
  void ask_servers();
  Result<void> ask(const std::string& candidate);
  Result<void> drive();
  void watch(ares_socket_t fd, bool readable, bool writable);
  void forget(ares_socket_t fd);
  void read(Watched& watched, ares_socket_t fd);
  void write(Watched& watched, ares_socket_t fd);
  void take(Family& family, int result, ares_addrinfo* found);
  void tell() const;
  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<DnsQuery*>(self)->watch(fd, readable != 0, writable != 0);
  }
  static void on_answer(void* of, int result, int, ares_addrinfo* found) {
    auto& family = *static_cast<Family*>(of);
    family.query->take(family, result, found);
  }

  ares_channel hosts_ = nullptr;  ///< looks into /etc/hosts alone
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets_;
  fiber::Parker parker_;
};

}  // namespace bia::net
