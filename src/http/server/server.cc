#include "bia/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>

#include "http/server/connection_slot.h"
#include "http/server/server_connection.h"
#include "http/server/server_thread.h"

namespace bia::http {
namespace {

constexpr Duration kSweepMax = std::chrono::seconds(1);
constexpr Duration kSweepMin = std::chrono::milliseconds(5);
/// That a stop gives handshakes in progress, and the first request behind each.
constexpr Duration kHandshakesMax = std::chrono::seconds(1);
constexpr size_t kSweptAtOnce = 128;

}  // namespace

std::string_view DateCache::text() {
  timespec at{};
  // Read from shared memory, exact to the kernel's tick: 5 ns.
  clock_gettime(CLOCK_REALTIME_COARSE, &at);
  if (at.tv_sec != second_) format(at.tv_sec);
  return {text_, kBytes};
}

void DateCache::format(time_t second) {
  // Not strftime, whose names are the locale's.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  tm parts{};
  gmtime_r(&second, &parts);
  auto put = [this](size_t at, std::string_view text) { text.copy(text_ + at, text.size()); };
  auto digits = [this](size_t at, int value, size_t count) {
    for (size_t i = count; i-- > 0; value /= 10)
      text_[at + i] = static_cast<char>('0' + value % 10);
  };
  put(0, "Www, dd Mmm yyyy hh:mm:ss GMT");
  put(0, kDays.substr(3 * static_cast<size_t>(parts.tm_wday), 3));
  digits(5, parts.tm_mday, 2);
  put(8, kMonths.substr(3 * static_cast<size_t>(parts.tm_mon), 3));
  digits(12, parts.tm_year + 1900, 4);
  digits(17, parts.tm_hour, 2);
  digits(20, parts.tm_min, 2);
  digits(23, parts.tm_sec, 2);
  second_ = second;
}

std::string_view list_header(const ServerRequest& request, std::string_view name,
                             std::string& joined) {
  std::string_view all;
  for (size_t i = 0; i < request.header_count(); ++i) {
    const auto [key, value] = request.header_at(i);
    if (value.empty() || !field_name_equals(key, name)) continue;
    if (all.empty()) {
      all = value;
      continue;
    }
    if (all.data() != joined.data()) joined = all;
    joined.append(", ").append(value);
    all = joined;
  }
  return all;
}

void ServerThread::refuse_request(std::string_view reason, int status, int fd) {
  bad_requests.add(reason);
  if (core.options.on_refusal) core.options.on_refusal({Refusal::Of::kRequest, reason, status, fd});
}

ServerCore::ServerCore(fiber::ThreadGroup& group, const ServerOptions& server_options,
                       Handler server_handler)
    : threads(group),
      options(server_options),
      handler(std::move(server_handler)),
      idle_ticks(ticks_of(options.idle_timeout)),
      header_ticks(ticks_of(options.header_timeout)) {
  http2_abuses.on_refusal = options.on_refusal;
  for (size_t i = 0; i < group.size(); ++i)
    per_thread.push_back(std::make_unique<ServerThread>(*this));
}

size_t ServerCore::here() const {
  auto* current = fiber::Scheduler::current_or_null();
  for (size_t i = 0; i < per_thread.size(); ++i) {
    if (&threads.scheduler(i) == current) return i;
  }
  return 0;
}

Duration ServerCore::sweep_interval() const {
  Duration shortest = kSweepMax * 4;
  for (const Duration each : {options.idle_timeout, options.header_timeout}) {
    if (each > Duration::zero()) shortest = std::min(shortest, each);
  }
  return std::clamp(shortest / 4, kSweepMin, kSweepMax);
}

uint32_t ServerCore::ticks_of(Duration duration) const {
  constexpr int64_t kNever = 1u << 30;
  if (duration <= Duration::zero()) return kNever;
  return static_cast<uint32_t>(std::min<int64_t>(duration / sweep_interval() + 1, kNever));
}

void ServerCore::serve(int fd, fiber::Fiber& self_fiber) {
  auto self = shared_from_this();
  ServerThread& thread = *per_thread[here()];
  thread.accepted.add();
  const ConnectionSlot slot(connections, options.connections_max);
  if (thread.stopping || !slot.held()) {
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    (thread.stopping ? thread.stopped : thread.refused).add();
    if (options.on_refusal && !thread.stopping)
      options.on_refusal({Refusal::Of::kConnection, "full", options.tls ? 0 : 503, fd});
    // To a client that expects TLS it would be noise; the close says enough.
    if (!thread.stopping && !options.tls)
      ::send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(fd);
    return;
  }
  auto socket = net::Socket::adopt(fd);
  if (!socket) return;
  ServerConnection connection(thread, std::move(*socket), self_fiber);
  connection.run();
}

class Server::Impl {
 public:
  Impl(fiber::ThreadGroup& threads, const ServerOptions& options, Handler handler)
      : core(std::make_shared<ServerCore>(threads, options, std::move(handler))) {
    core->balance = std::make_unique<net::AcceptBalance>(
        threads, [weak = std::weak_ptr<ServerCore>(core)](int fd, fiber::Fiber& self) {
          if (auto alive = weak.lock()) {
            alive->serve(fd, self);
          } else {
            ::close(fd);
          }
        });
  }

  /// Runs `work(thread)` on a thread of the group, outside any fiber, and returns when it is done.
  /// Suspends.
  template <typename Work>
  auto on_thread(size_t index, Work work) -> decltype(work(std::declval<ServerThread&>())) {
    ServerThread& thread = *core->per_thread[index];
    if (index == core->here()) return work(thread);
    using Value = decltype(work(thread));
    struct Shared {
      std::optional<Value> value;
      fiber::Parker parker;
    };
    auto shared = std::make_shared<Shared>();
    auto& home = fiber::Scheduler::current();
    core->threads.scheduler(index).post([shared, &thread, &home, work, core = core] {
      auto value = std::make_shared<Value>(work(thread));
      home.post([shared, value] {
        shared->value.emplace(std::move(*value));
        shared->parker.unpark();
      });
    });
    while (!shared->value) {
      if (auto parked = shared->parker.park(); !parked) return Value(std::move(parked).error());
    }
    return std::move(*shared->value);
  }

  /// The same on all of them.
  void on_all(const std::function<void(ServerThread&)>& work) {
    for (size_t i = 0; i < core->per_thread.size(); ++i) {
      auto done = on_thread(i, [work](ServerThread& thread) -> Result<void> {
        work(thread);
        return {};
      });
      done.ignore("only a cancelled caller fails, and it is ending anyway");
    }
  }

  Result<void> listen_on(ServerThread& thread, net::Listener listener);
  Result<void> take_over(ServerThread& thread, size_t number);
  void drain_thread(ServerThread& thread, Listeners listeners);
  void stop_thread(ServerThread& thread);
  void detach();

  std::shared_ptr<ServerCore> core;
  net::Endpoint bound;
  std::string address;
  bool started = false;
  bool stopped = false;
};

namespace {

void accept_loop(const std::shared_ptr<ServerCore>& core, ServerThread& thread, size_t index) {
  // By index: the next listener may move them all.
  while (!thread.stopping) {
    auto fd = thread.listeners[index].accept();
    if (fd) {
      core->balance->accepted(*fd);
    } else if (fd.error().code() != Code::kResourceExhausted) {
      return;
    } else if (const uint64_t refused = thread.listeners[index].take_refused(); refused > 0) {
      thread.without_descriptor.add(refused);
      if (core->options.on_refusal)
        core->options.on_refusal({Refusal::Of::kConnection, "no_descriptor", 0, -1});
    }
  }
}

void sweep_loop(const std::shared_ptr<ServerCore>& core, ServerThread& thread) {
  while (fiber::sleep_for(core->sweep_interval()).ok()) {
    ++thread.tick;
    thread.unswept = thread.connections;
    for (size_t swept = 1; thread.unswept != nullptr; ++swept) {
      ServerConnection* connection = thread.unswept;
      thread.unswept = connection->next();
      connection->sweep();
      // Each is in a page of its own: 15,000 at once would keep requests waiting for milliseconds.
      if (swept % kSweptAtOnce == 0) fiber::yield();
    }
  }
}

void end_handshakes(ServerThread& thread) {
  for (auto* connection = thread.connections; connection != nullptr;
       connection = connection->next())
    connection->end_handshake();
}

}  // namespace

Result<void> Server::Impl::listen_on(ServerThread& thread, net::Listener listener) {
  const size_t index = thread.listeners.size();
  thread.listeners.push_back(std::move(listener));
  thread.acceptors.push_back(BIA_TRY(fiber::Scheduler::current().spawn(
      [core = core, &thread, index] { accept_loop(core, thread, index); })));
  return {};
}

Result<void> Server::Impl::take_over(ServerThread& thread, size_t number) {
  // Where there are fewer of them than threads, the others get connections from those that accept.
  const size_t count = core->per_thread.size();
  for (size_t i = number; i < core->options.listeners.size(); i += count)
    BIA_TRY(listen_on(thread, BIA_TRY(net::Listener::adopt(core->options.listeners[i]))));
  return {};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  if (impl_->started && !impl_->stopped) impl_->detach();
}

Result<std::unique_ptr<Server>> Server::create(fiber::ThreadGroup& threads,
                                               const ServerOptions& options, Handler handler) {
  auto impl = std::make_unique<Impl>(threads, options, std::move(handler));
  impl->bound = BIA_TRY(net::Endpoint::parse(options.address));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<void> Server::start() {
  const size_t count = impl_->core->per_thread.size();
  const bool local = impl_->bound.family() == AF_UNIX;
  const bool alone = count == 1 || local;
  using Sharing = net::ListenOptions::Sharing;
  const bool inherited = !impl_->core->options.listeners.empty();
  if (!alone && !inherited && impl_->bound.port() != 0) {
    // SO_REUSEPORT would let a second instance of the program join silently: first ask for the port
    // alone.
    BIA_TRY(net::Listener::bind(impl_->bound, {.sharing = Sharing::kExclusive}));
  }
  impl_->started = true;
  const size_t first = impl_->core->here();
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (first + i) % count;
    auto listening = impl_->on_thread(index, [=, this](ServerThread& thread) -> Result<void> {
      thread.sweeper = BIA_TRY(fiber::Scheduler::current().spawn(
          [core = impl_->core, &thread] { sweep_loop(core, thread); }));
      if (inherited) return impl_->take_over(thread, i);
      if (local && i > 0) return {};
      return impl_->listen_on(
          thread,
          BIA_TRY(net::Listener::bind(
              impl_->bound, {.sharing = alone ? Sharing::kExclusive : Sharing::kReusePort})));
    });
    if (!listening) {
      stop(Deadline(now()));
      return listening;
    }
    if (i == 0) {
      impl_->bound = impl_->core->per_thread[index]->listeners[0].local();
      impl_->address = impl_->bound.text();
    }
  }
  return {};
}

std::vector<int> Server::listener_fds() const {
  std::vector<int> all;
  for (const auto& thread : impl_->core->per_thread) {
    for (const net::Listener& listener : thread->listeners) all.push_back(listener.fd());
  }
  return all;
}

std::string Server::address() const {
  return impl_->address.empty() ? impl_->bound.text() : impl_->address;
}

void Server::Impl::drain_thread(ServerThread& thread, Listeners listeners) {
  thread.draining = true;
  if (listeners == Listeners::kLeave)
    for (net::Listener& listener : thread.listeners) listener.leave();
  for (auto* connection = thread.connections; connection != nullptr;
       connection = connection->next()) {
    connection->drain();
  }
}

void Server::Impl::stop_thread(ServerThread& thread) {
  thread.stopping = thread.draining = true;
  for (net::Listener& listener : thread.listeners) listener.close();
  for (fiber::Fiber& acceptor : thread.acceptors) acceptor.cancel();
  for (auto* connection = thread.connections; connection != nullptr;
       connection = connection->next()) {
    connection->end_if_idle();
  }
}

/// Without waiting: the destructor's way.
void Server::Impl::detach() {
  for (size_t i = 0; i < core->per_thread.size(); ++i) {
    core->threads.scheduler(i).post([core = core, i] {
      ServerThread& thread = *core->per_thread[i];
      thread.stopping = thread.draining = true;
      for (net::Listener& listener : thread.listeners) listener.close();
      for (fiber::Fiber& acceptor : thread.acceptors) acceptor.cancel();
      if (thread.sweeper.valid()) thread.sweeper.cancel();
      // A handle belongs to its fiber's thread, and the last of `core` may go in any other.
      thread.acceptors.clear();
      thread.sweeper = {};
      for (auto* connection = thread.connections; connection != nullptr;
           connection = connection->next())
        connection->cancel();
    });
  }
}

void Server::drain(Listeners listeners) {
  if (!impl_->started || impl_->stopped) return;
  impl_->on_all(
      [this, listeners](ServerThread& thread) { impl_->drain_thread(thread, listeners); });
}

void Server::stop(Deadline deadline) {
  if (!impl_->started || impl_->stopped) return;
  impl_->stopped = true;
  auto& core = *impl_->core;
  impl_->on_all([this](ServerThread& thread) { impl_->stop_thread(thread); });
  auto open = [&core] {
    uint64_t total = 0;
    for (const auto& thread : core.per_thread) total += thread->open.get();
    return total;
  };
  // Other threads count too, so that this looks instead of being told; a program stops once.
  constexpr Duration kLook = std::chrono::milliseconds(2);
  Deadline handshakes = Deadline::after(kHandshakesMax);
  while (open() > 0 && !deadline.expired()) {
    if (handshakes.expired()) {
      impl_->on_all(end_handshakes);
      handshakes = Deadline::never();
    }
    if (!fiber::sleep_for(std::min(kLook, deadline.remaining())).ok()) break;
  }
  impl_->detach();
  // Handlers use what the caller is about to destroy: they must have ended, cancelled as they are.
  while (open() > 0) {
    if (!fiber::sleep_for(kLook).ok()) fiber::yield();
  }
}

Server::Counters Server::counters() const {
  Counters sum;
  for (const auto& thread : impl_->core->per_thread) {
    sum.connections_accepted += thread->accepted.get();
    sum.connections_open += thread->open.get();
    sum.requests += thread->requests.get();
    sum.requests_cancelled += thread->cancelled.get();
    thread->bad_requests.add_to(sum.bad_requests_by_reason);
    sum.connections_refused += thread->refused.get();
    sum.connections_without_descriptor += thread->without_descriptor.get();
    sum.tls_failed += thread->tls_failed.get();
    sum.connections_stopped += thread->stopped.get();
  }
  for (const auto& [reason, count] : sum.bad_requests_by_reason) sum.bad_requests += count;
  sum.http2_streams_refused = impl_->core->http2_abuses.streams();
  sum.http2_abuses = impl_->core->http2_abuses.by_name();
  return sum;
}

}  // namespace bia::http
