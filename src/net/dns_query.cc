#include "net/dns_query.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "net/address_order.h"
#include "net/look_up.h"

namespace bia::net {
namespace {

/// How long c-ares is left alone where it names no time.
constexpr Duration kLookMax = std::chrono::seconds(1);
/// What AAAA gets when there is no such name, as A says.
constexpr Duration kNoNameDelay = std::chrono::milliseconds(50);
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

bool DnsQuery::Family::has_answered() const {
  return done && (status == ARES_SUCCESS || is_none(status));
}

Error DnsQuery::error() const {
  const bool none = is_none(status);
  const char* why = none                          ? "no such host"
                    : status == ARES_ETIMEOUT     ? "i/o timeout"
                    : is_misbehaving(status)      ? "server misbehaving"  // as Go says
                    : status == ARES_EDESTRUCTION ? "the look-up was given up"
                                                  : ares_strerror(status);
  return Error(Code::kUnavailable, none ? "NO_SUCH_HOST" : "LOOKUP_FAILED",
               fmt::format("lookup {}: {}", name, why));
}

void DnsQuery::tell() const {
  for (const LookUp* part : parts) part->changed_.wake_all();
}

void DnsQuery::take(Family& family, int result, ares_addrinfo* found) {
  family.status = result;
  family.done = true;
  family.at = now();
  if (found != nullptr) {
    if (endpoints.empty()) first_at = family.at;
    for (const auto* each = found->cnames; each != nullptr; each = each->next)
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ttl);
    for (const auto* each = found->nodes; each != nullptr; each = each->ai_next) {
      ttl_seconds = std::min<int64_t>(ttl_seconds, each->ai_ttl);
      endpoints.push_back(
          Endpoint::from_sockaddr(each->ai_addr, static_cast<socklen_t>(each->ai_addrlen)));
      family.reachable = family.reachable || source_for(endpoints.back()).has_value();
    }
    ares_freeaddrinfo(found);
    endpoints = in_order(endpoints);
  }
  parker_.unpark();
  tell();
}

void DnsQuery::forget(ares_socket_t fd) {
  const auto known = sockets_.find(fd);
  if (known == sockets_.end()) return;
  known->second->gone = true;
  known->second->watch.reset();
  sockets_.erase(known);
}

void DnsQuery::read(Watched& watched, ares_socket_t fd) {
  while (!watched.gone && watched.watch.wait_readable(Deadline::never())) {
    watched.watch.clear_readable();
    // Edge triggered; and of TCP c-ares reads a length at one time and what it measures at another.
    int left = 0;
    do {
      ares_process_fd(channel_, fd, ARES_SOCKET_BAD);
    } while (!watched.gone && ioctl(fd, FIONREAD, &left) == 0 && left > 0);
  }
}

void DnsQuery::write(Watched& watched, ares_socket_t fd) {
  while (!watched.gone && watched.writing && watched.watch.wait_writable(Deadline::never())) {
    ares_process_fd(channel_, ARES_SOCKET_BAD, fd);
    // It did not take all.
    if (!watched.gone && watched.writing) watched.watch.clear_writable();
  }
}

/// In the middle of c-ares' own work: only notes what is to be waited for.
void DnsQuery::watch(ares_socket_t fd, bool readable, bool writable) {
  if (!readable && !writable) return forget(fd);
  auto& scheduler = fiber::Scheduler::current();
  auto known = sockets_.find(fd);
  if (known == sockets_.end()) {
    auto made = fiber::FdWatch::create(fd);
    if (!made) return;  // It ends by its timeout.
    auto watched = std::make_shared<Watched>();
    watched->watch = *std::move(made);
    known = sockets_.emplace(fd, watched).first;
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

/// Until both families are known, however long the second one takes: those who ask wait as long as
/// they want to (`LookUp::enough_at`). That there is no such name goes for both (RFC 8020). Servers
/// that know no AAAA say nothing, or that there is no such name: only of A that is believed.
/// Errors: kCancelled.
Result<void> DnsQuery::drive() {
  Deadline enough = Deadline::never();
  while (!(v4.done && v6.done)) {
    if (v4.done && v4.status == ARES_ENOTFOUND && enough.is_never())
      enough = Deadline::after(kNoNameDelay);
    if (enough.expired()) return {};
    timeval longest{.tv_sec = 1, .tv_usec = 0};
    timeval next{};
    const timeval* wait = ares_timeout(channel_, &longest, &next);
    const Duration pause = std::min<Duration>(
        kLookMax, std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
    Result<void> parked = parker_.park(std::min(enough, Deadline::after(pause)));
    if (!parked && parked.error().code() == Code::kCancelled) return parked;
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  return {};
}

/// Both families at the same time.
Result<void> DnsQuery::ask(const std::string& candidate) {
  for (Family* family : {&v6, &v4}) {
    *family = {this, family->family};
    ares_addrinfo_hints hints{};
    hints.ai_family = family->family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_, candidate.c_str(), nullptr, &hints, on_answer, family);
  }
  return drive();
}

void DnsQuery::ask_hosts() {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(hosts_, name.c_str(), nullptr, &hints, on_answer, &both);
}

void DnsQuery::ask_servers() {
  const Settings settings(channel_);
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
    ares_cancel(channel_);
  }
}

void DnsQuery::open(const DnsOptions& wanted) {
  ares_options options{};
  int mask = ARES_OPT_LOOKUPS;
  char files[] = "f";
  options.lookups = files;
  std::string config = wanted.config;
  options.resolvconf_path = config.data();
  if (!config.empty()) mask |= ARES_OPT_RESOLVCONF;
  status = library_ready() ? ares_init_options(&hosts_, &options, mask) : int{ARES_ENOTINITIALIZED};
  if (status != ARES_SUCCESS) return;
  const Settings system(hosts_);
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
  status = ares_init_options(&channel_, &options, mask);
  if (status == ARES_SUCCESS && !wanted.servers.empty())
    status = ares_set_servers_ports_csv(channel_, wanted.servers.c_str());
}

void DnsQuery::run(const DnsOptions& options) {
  open(options);
  if (status == ARES_SUCCESS) {
    if (Settings(channel_).hosts_first()) ask_hosts();
    complete = !endpoints.empty();
    if (!complete) ask_servers();
    if (!endpoints.empty()) status = ARES_SUCCESS;
  }
  // Ends what is under way, and takes the sockets away.
  for (ares_channel each : {hosts_, channel_}) {
    if (each != nullptr) ares_destroy(each);
  }
  hosts_ = channel_ = nullptr;
  if (status == ARES_SUCCESS && endpoints.empty()) status = ARES_EDESTRUCTION;  // Cancelled.
  done = true;
  tell();
}

}  // namespace bia::net
