#include "net/dns.h"

#include <ares.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"

namespace bia::net {
namespace {

/// How long c-ares is left alone where it names no time.
constexpr Duration kLookMax = std::chrono::seconds(1);

bool library_ready() {
  static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

Error lookup_error(const std::string& name, int status) {
  const bool none = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME ||
                    status == ARES_ENONAME;
  const char* why = none                          ? "no such host"
                    : status == ARES_ETIMEOUT     ? "i/o timeout"
                    : status == ARES_EDESTRUCTION ? "the look-up was given up"
                                                  : ares_strerror(status);
  return Error(Code::kUnavailable, none ? "NO_SUCH_HOST" : "LOOKUP_FAILED",
               fmt::format("lookup {}: {}", name, why));
}

Endpoint with_port(const Endpoint& endpoint, uint16_t port) {
  sockaddr_storage address{};
  std::copy_n(static_cast<const char*>(endpoint.data()), endpoint.size(),
              reinterpret_cast<char*>(&address));
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  }
  return Endpoint::from_sockaddr(&address, endpoint.size());
}

}  // namespace

/// One question, from its first asker to its answer. A fiber of its own drives a channel of its
/// own: /etc/resolv.conf is read anew, and nothing is left behind.
struct Dns::Query : std::enable_shared_from_this<Dns::Query> {
  /// A socket of c-ares', and what the fibers that wait for it know. Only TCP's are written later:
  /// the name server's answer was too long for UDP.
  struct Watched {
    fiber::FdWatch watch;
    bool gone = false;
    bool writing = false;
  };

  explicit Query(std::string asked) : name(std::move(asked)) {}

  void run(const std::string& servers);
  void drive();
  void watch(ares_socket_t fd, bool readable, bool writable);
  void forget(ares_socket_t fd);
  void read(Watched& watched, ares_socket_t fd);
  void write(Watched& watched, ares_socket_t fd);
  void take(int result, ares_addrinfo* found);
  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Query*>(self)->watch(fd, readable != 0, writable != 0);
  }
  static void on_answer(void* self, int result, int, ares_addrinfo* found) {
    static_cast<Query*>(self)->take(result, found);
  }

  std::string name;
  ares_channel channel = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets;
  fiber::Parker parker;
  fiber::Fiber driver;
  fiber::WaitQueue answered;
  size_t waiting = 0;
  bool done = false;
  int status = ARES_SUCCESS;
  int64_t ttl_seconds = INT64_MAX;
  std::vector<Endpoint> endpoints;
};

void Dns::Query::take(int result, ares_addrinfo* found) {
  status = result;
  if (found != nullptr) {
    for (const auto* each = found->cnames; each != nullptr; each = each->next)
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ttl);
    for (const auto* each = found->nodes; each != nullptr; each = each->ai_next) {
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ai_ttl);
      endpoints.push_back(
          Endpoint::from_sockaddr(each->ai_addr, static_cast<socklen_t>(each->ai_addrlen)));
    }
    ares_freeaddrinfo(found);
  }
  std::stable_partition(endpoints.begin(), endpoints.end(),
                        [](const Endpoint& one) { return one.family() == AF_INET; });
  if (status == ARES_SUCCESS && endpoints.empty()) status = ARES_ENODATA;
  done = true;
  parker.unpark();
}

void Dns::Query::forget(ares_socket_t fd) {
  const auto known = sockets.find(fd);
  if (known == sockets.end()) return;
  known->second->gone = true;
  known->second->watch.reset();
  sockets.erase(known);
}

void Dns::Query::read(Watched& watched, ares_socket_t fd) {
  while (!watched.gone && watched.watch.wait_readable(Deadline::never())) {
    watched.watch.clear_readable();
    // Edge triggered; and of TCP c-ares reads a length at one time and what it measures at another.
    int left = 0;
    do {
      ares_process_fd(channel, fd, ARES_SOCKET_BAD);
    } while (!watched.gone && ioctl(fd, FIONREAD, &left) == 0 && left > 0);
  }
}

void Dns::Query::write(Watched& watched, ares_socket_t fd) {
  while (!watched.gone && watched.writing && watched.watch.wait_writable(Deadline::never())) {
    ares_process_fd(channel, ARES_SOCKET_BAD, fd);
    // It did not take all.
    if (!watched.gone && watched.writing) watched.watch.clear_writable();
  }
}

/// In the middle of c-ares' own work: only notes what is to be waited for.
void Dns::Query::watch(ares_socket_t fd, bool readable, bool writable) {
  if (!readable && !writable) return forget(fd);
  auto& scheduler = fiber::Scheduler::current();
  auto known = sockets.find(fd);
  if (known == sockets.end()) {
    auto made = fiber::FdWatch::create(fd);
    if (!made) return;  // It ends by its timeout.
    auto watched = std::make_shared<Watched>();
    watched->watch = *std::move(made);
    known = sockets.emplace(fd, watched).first;
    auto reader =
        scheduler.spawn([self = shared_from_this(), watched, fd] { self->read(*watched, fd); });
    if (!reader) return forget(fd);
  }
  Watched& watched = *known->second;
  const bool starts = writable && !watched.writing;
  watched.writing = writable;
  if (!starts) return;
  auto writer = scheduler.spawn(
      [self = shared_from_this(), of = known->second, fd] { self->write(*of, fd); });
  if (!writer) watched.writing = false;
}

void Dns::Query::drive() {
  while (!done) {
    timeval longest{.tv_sec = 1, .tv_usec = 0};
    timeval next{};
    const timeval* wait = ares_timeout(channel, &longest, &next);
    const Duration pause = std::min<Duration>(
        kLookMax, std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
    const Result<void> parked = parker.park(Deadline::after(pause));
    if (!parked && parked.error().code() == Code::kCancelled) return;
    if (!done) ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

void Dns::Query::run(const std::string& servers) {
  ares_options options{};
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  status = library_ready() ? ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB)
                           : ARES_ENOTINITIALIZED;
  if (status == ARES_SUCCESS && !servers.empty())
    status = ares_set_servers_ports_csv(channel, servers.c_str());
  if (status == ARES_SUCCESS) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // The order is ours, and connecting goes on to the next one (RFC 8305).
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, on_answer, this);
    drive();
  }
  // Answers who has none yet, and takes the sockets away.
  if (channel != nullptr) ares_destroy(channel);
  channel = nullptr;
  done = true;
  answered.wake_all();
}

Dns::Dns(DnsOptions options) : options_(std::move(options)) {}
Dns::~Dns() = default;

Dns& Dns::here() {
  static thread_local Dns dns;
  return dns;
}

void Dns::keep(const Query& query) {
  const Duration ttl = std::min<Duration>(
      options_.ttl_max, std::chrono::seconds(std::min<int64_t>(query.ttl_seconds, 1 << 30)));
  if (query.status != ARES_SUCCESS || ttl <= Duration::zero()) return;
  const TimePoint at = now();
  if (entries_.size() >= options_.names_max)
    std::erase_if(entries_, [at](const auto& one) { return one.second.until <= at; });
  if (entries_.size() >= options_.names_max) entries_.clear();
  entries_.insert_or_assign(query.name, Entry{query.endpoints, at + ttl});
}

Result<std::shared_ptr<Dns::Query>> Dns::ask(const std::string& name) {
  if (const auto known = asking_.find(name); known != asking_.end()) return known->second;
  auto query = std::make_shared<Query>(name);
  query->driver = BIA_TRY(fiber::Scheduler::current().spawn([this, query] {
    query->run(options_.servers);
    keep(*query);
    const auto known = asking_.find(query->name);
    if (known != asking_.end() && known->second == query) asking_.erase(known);
  }));
  asking_.emplace(name, query);
  ++queries_;
  return query;
}

Result<std::vector<Endpoint>> Dns::look_up(const std::string& name, uint16_t port,
                                           Deadline deadline, Freshness freshness) {
  const auto known = freshness == Freshness::kKept ? entries_.find(name) : entries_.end();
  std::vector<Endpoint> endpoints;
  if (known != entries_.end() && known->second.until > now()) {
    endpoints = known->second.endpoints;
  } else {
    const auto query = BIA_TRY(ask(name));
    ++query->waiting;
    Result<void> waited;
    while (!query->done && waited) waited = query->answered.wait(deadline);
    if (--query->waiting == 0 && !query->done) {
      // Nobody wants to know any more.
      asking_.erase(name);
      query->driver.cancel();
    }
    if (!query->done) return std::move(waited).error();
    if (query->status != ARES_SUCCESS) return lookup_error(name, query->status);
    endpoints = query->endpoints;
  }
  for (Endpoint& endpoint : endpoints) endpoint = with_port(endpoint, port);
  return endpoints;
}

}  // namespace bia::net
