#include "net/dns.h"

#include <ares.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "net/address_order.h"

namespace bia::net {
namespace {

/// How long c-ares is left alone where it names no time.
constexpr Duration kLookMax = std::chrono::seconds(1);
/// What AAAA gets when A has answered (RFC 8305 section 3).
constexpr Duration kResolutionDelay = std::chrono::milliseconds(50);
/// What A gets when AAAA has answered: A that is slow is common, A that is never answered is not.
constexpr Duration kLateDelay = std::chrono::seconds(1);
/// What either gets where the list is to be whole.
constexpr Duration kWholeDelay = std::chrono::seconds(2);
/// Where /etc/resolv.conf says nothing else, c-ares' later defaults, doubled from try to try: 14 s
/// for a server that is silent. Those of 1.18 (5 s, 4 tries) take 75 s.
constexpr int kTryMilliseconds = 2000;
constexpr int kTries = 3;

bool library_ready() {
  static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

/// There is no such name, or it has no such address.
bool is_none(int status) {
  return status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME ||
         status == ARES_ENONAME;
}

/// The name server answers with something else than an answer, or with an error of its own (which
/// c-ares tells, when it has asked all of them, as if there were none).
bool is_misbehaving(int status) {
  return status == ARES_ESERVFAIL || status == ARES_EREFUSED || status == ARES_EFORMERR ||
         status == ARES_ENOTIMP || status == ARES_EBADRESP || status == ARES_ECONNREFUSED;
}

Error lookup_error(const std::string& name, int status) {
  const bool none = is_none(status);
  const char* why = none                          ? "no such host"
                    : status == ARES_ETIMEOUT     ? "i/o timeout"
                    : is_misbehaving(status)      ? "server misbehaving"  // as Go says
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

/// A channel's options, from where they were said.
struct Settings {
  explicit Settings(ares_channel channel) {
    int mask = 0;
    saved = ares_save_options(channel, &options, &mask) == ARES_SUCCESS;
  }
  ~Settings() {
    if (saved) ares_destroy_options(&options);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  bool hosts_first() const {
    return saved && options.lookups != nullptr && options.lookups[0] == 'f';
  }
  ares_options options{};
  bool saved = false;
};

/// The names that one without a final dot may stand for, in their order (resolv.conf(5): search,
/// ndots). Here and not in c-ares, as both families are asked for each before the next one.
std::vector<std::string> candidates(const std::string& name, const ares_options& system) {
  if (name.ends_with('.')) return {name};
  const bool whole_first = std::count(name.begin(), name.end(), '.') >= system.ndots;
  std::vector<std::string> out;
  if (whole_first) out.push_back(name + ".");
  for (int i = 0; i < system.ndomains; ++i) {
    std::string_view domain = system.domains[i];
    while (domain.ends_with('.')) domain.remove_suffix(1);
    if (!domain.empty()) out.push_back(fmt::format("{}.{}.", name, domain));
  }
  if (!whole_first) out.push_back(name + ".");
  return out;
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

  /// What one family is known of.
  struct Family {
    Query* query;
    int family;
    int status = ARES_SUCCESS;
    bool done = false;
    bool reachable = false;  ///< one of its addresses
    bool has_answered() const { return done && (status == ARES_SUCCESS || is_none(status)); }
  };

  Query(std::string asked, Freshness wanted) : name(std::move(asked)), freshness(wanted) {}

  void run(const DnsOptions& options);
  void open(const DnsOptions& options);
  void ask_hosts();
  void ask_servers();
  Result<void> ask(const std::string& candidate);
  Result<void> drive();
  Duration patience() const;
  void watch(ares_socket_t fd, bool readable, bool writable);
  void forget(ares_socket_t fd);
  void read(Watched& watched, ares_socket_t fd);
  void write(Watched& watched, ares_socket_t fd);
  void take(Family& family, int result, ares_addrinfo* found);
  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Query*>(self)->watch(fd, readable != 0, writable != 0);
  }
  static void on_answer(void* of, int result, int, ares_addrinfo* found) {
    auto& family = *static_cast<Family*>(of);
    family.query->take(family, result, found);
  }

  std::string name;
  Freshness freshness;
  Deadline soonest;              ///< of its askers
  ares_channel hosts = nullptr;  ///< looks into /etc/hosts alone
  ares_channel channel = nullptr;
  Family v6{this, AF_INET6};
  Family v4{this, AF_INET};
  Family both{this, AF_UNSPEC};
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets;
  fiber::Parker parker;
  fiber::Fiber driver;
  fiber::WaitQueue answered;
  size_t waiting = 0;
  bool done = false;
  bool complete = false;  ///< Both families have answered.
  int status = ARES_SUCCESS;
  int64_t ttl_seconds = INT64_MAX;
  std::vector<Endpoint> endpoints;
};

void Dns::Query::take(Family& family, int result, ares_addrinfo* found) {
  family.status = result;
  family.done = true;
  if (found != nullptr) {
    for (const auto* each = found->cnames; each != nullptr; each = each->next)
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ttl);
    for (const auto* each = found->nodes; each != nullptr; each = each->ai_next) {
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ai_ttl);
      endpoints.push_back(
          Endpoint::from_sockaddr(each->ai_addr, static_cast<socklen_t>(each->ai_addrlen)));
      family.reachable = family.reachable || source_for(endpoints.back()).has_value();
    }
    ares_freeaddrinfo(found);
  }
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

/// How long to wait for a family that is not there yet. Without end where what is there will not
/// do: it takes an address (one that can be reached, but where the list is to be whole), or that
/// there is no such name, which goes for both (RFC 8020). Servers that know no AAAA say nothing, or
/// that there is no such name: only of A that is believed.
Duration Dns::Query::patience() const {
  const bool none = v4.done && v4.status == ARES_ENOTFOUND;
  if (freshness == Freshness::kNew && !none)
    return endpoints.empty() ? Duration::max() : kWholeDelay;
  // Half of an asker's time is left to connect in.
  if (none || v4.reachable) return std::min(kResolutionDelay, soonest.remaining() / 2);
  return v6.reachable ? std::min(kLateDelay, soonest.remaining() / 2) : Duration::max();
}

/// Until both families are known, or one and `patience` is over. Errors: kCancelled.
Result<void> Dns::Query::drive() {
  Deadline enough = Deadline::never();
  while (!(v4.done && v6.done)) {
    if (const Duration more = patience(); more != Duration::max())
      enough = std::min(enough, Deadline::after(more));
    if (enough.expired()) return {};
    timeval longest{.tv_sec = 1, .tv_usec = 0};
    timeval next{};
    const timeval* wait = ares_timeout(channel, &longest, &next);
    const Duration pause = std::min<Duration>(
        kLookMax, std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
    Result<void> parked = parker.park(std::min(enough, Deadline::after(pause)));
    if (!parked && parked.error().code() == Code::kCancelled) return parked;
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  return {};
}

/// Both families at the same time.
Result<void> Dns::Query::ask(const std::string& candidate) {
  for (Family* family : {&v6, &v4}) {
    *family = {this, family->family};
    ares_addrinfo_hints hints{};
    hints.ai_family = family->family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel, candidate.c_str(), nullptr, &hints, on_answer, family);
  }
  return drive();
}

void Dns::Query::ask_hosts() {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(hosts, name.c_str(), nullptr, &hints, on_answer, &both);
}

void Dns::Query::ask_servers() {
  const Settings settings(channel);
  for (const std::string& candidate : candidates(name, settings.options)) {
    const Result<void> asked = ask(candidate);
    if (!asked || !endpoints.empty()) {
      complete = v6.has_answered() && v4.has_answered();
      return;
    }
    for (const Family* family : {&v6, &v4}) {
      if (family->done && !is_none(family->status)) {
        status = family->status;
        return;
      }
    }
    status = ARES_ENOTFOUND;
    // What is still on its way is about this candidate.
    ares_cancel(channel);
  }
}

void Dns::Query::open(const DnsOptions& wanted) {
  ares_options options{};
  int mask = ARES_OPT_LOOKUPS;
  char files[] = "f";
  options.lookups = files;
  std::string config = wanted.config;
  options.resolvconf_path = config.data();
  if (!config.empty()) mask |= ARES_OPT_RESOLVCONF;
  status = library_ready() ? ares_init_options(&hosts, &options, mask) : int{ARES_ENOTINITIALIZED};
  if (status != ARES_SUCCESS) return;
  const Settings system(hosts);
  mask = (mask & ~ARES_OPT_LOOKUPS) | ARES_OPT_SOCK_STATE_CB;
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  constexpr int kCaresMilliseconds = 5000;
  constexpr int kCaresTries = 4;
  if (system.options.timeout == kCaresMilliseconds && system.options.tries == kCaresTries) {
    options.timeout = kTryMilliseconds;
    options.tries = kTries;
    mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
  }
  status = ares_init_options(&channel, &options, mask);
  if (status == ARES_SUCCESS && !wanted.servers.empty())
    status = ares_set_servers_ports_csv(channel, wanted.servers.c_str());
}

void Dns::Query::run(const DnsOptions& options) {
  open(options);
  if (status == ARES_SUCCESS) {
    if (Settings(channel).hosts_first()) ask_hosts();
    complete = !endpoints.empty();
    if (!complete) ask_servers();
    if (!endpoints.empty()) status = ARES_SUCCESS;
    endpoints = in_order(endpoints);
  }
  // Ends what is under way, and takes the sockets away.
  for (ares_channel each : {hosts, channel}) {
    if (each != nullptr) ares_destroy(each);
  }
  hosts = channel = nullptr;
  if (status == ARES_SUCCESS && endpoints.empty()) status = ARES_EDESTRUCTION;  // Cancelled.
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
  if (query.status != ARES_SUCCESS || !query.complete || ttl <= Duration::zero()) return;
  const TimePoint at = now();
  if (entries_.size() >= options_.names_max)
    std::erase_if(entries_, [at](const auto& one) { return one.second.until <= at; });
  if (entries_.size() >= options_.names_max) entries_.clear();
  entries_.insert_or_assign(query.name, Entry{query.endpoints, at + ttl});
}

Result<std::shared_ptr<Dns::Query>> Dns::ask(const std::string& name, Freshness freshness) {
  if (const auto known = asking_.find({name, freshness}); known != asking_.end())
    return known->second;
  auto query = std::make_shared<Query>(name, freshness);
  query->driver = BIA_TRY(fiber::Scheduler::current().spawn([this, query] {
    query->run(options_);
    keep(*query);
    const auto known = asking_.find({query->name, query->freshness});
    if (known != asking_.end() && known->second == query) asking_.erase(known);
  }));
  asking_.emplace(std::pair(name, freshness), query);
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
    const auto query = BIA_TRY(ask(name, freshness));
    ++query->waiting;
    if (deadline < query->soonest) {
      query->soonest = deadline;
      query->parker.unpark();
    }
    Result<void> waited;
    while (!query->done && waited) waited = query->answered.wait(deadline);
    if (--query->waiting == 0 && !query->done) {
      // Nobody wants to know any more.
      asking_.erase({name, freshness});
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
