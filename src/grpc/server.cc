#include "bia/grpc/server.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "bia/fiber/threads.h"
#include "bia/net/accept_balance.h"
#include "grpc/health.h"
#include "grpc/kratos_metadata.h"
#include "grpc/method_table.h"
#include "grpc/reflection.h"
#include "grpc/server_connection.h"
#include "http/http2/http2_guest.h"
#include "http/server/connection_slot.h"

namespace bia::grpc {
namespace {

/// That a stop gives handshakes in progress, and those who have not said a word.
constexpr Duration kHandshakesMax = std::chrono::seconds(1);

}  // namespace

class Server::Impl final : private http::Http2GuestService {
 public:
  Impl(fiber::ThreadGroup& threads, const ServerOptions& options)
      : options_(options),
        threads_(threads),
        health_(threads),
        balance_(threads, [this](int fd) { serve(fd); }) {
    abuses_.on_refusal = options_.on_refusal;
    for (size_t i = 0; i < threads.size(); ++i)
      per_thread_.push_back(std::make_unique<PerThread>());
  }

  Result<void> prepare();
  Result<void> add_method(MethodHandler handler);
  void add_file(const google::protobuf::FileDescriptor* file);
  void set_health(std::string_view service, Health health) { health_.set(service, health); }
  void shut_down_health() { health_.shut_down(); }
  http::Http2GuestService& guest() { return *this; }
  Result<void> start();
  std::string address() const { return address_; }
  void drain(Listeners listeners);
  std::vector<int> listener_fds() const;
  void stop(Deadline deadline);
  Counters counters() const;

 private:
  // What only its thread touches.
  struct PerThread {
    std::vector<net::Listener> listeners;
    std::vector<fiber::Fiber> acceptors;
    std::vector<ServerConnection*> connections;
    fiber::Fiber sweeper;
    fiber::WaitQueue emptied;
    ThreadCounters counters;
  };

  bool takes(std::string_view content_type) const override;
  uint32_t streams_max() const override { return static_cast<uint32_t>(options_.streams_max); }
  std::unique_ptr<http::Http2Guest> attach(http::Http2Connection& connection,
                                           const std::string& peer) override;

  PerThread& here();
  void serve(int fd);
  Result<void> listen(size_t thread, const net::Endpoint& endpoint);
  Result<void> listen_on(PerThread& mine, net::Listener listener);
  void accept_all(PerThread& mine, size_t index);
  void stop_accepting(PerThread& mine);
  Result<void> start_keepalive(PerThread& mine);
  void stop_thread(PerThread& mine, Deadline deadline);
  /// Runs `work` in a fiber on each thread and waits for all of them. Suspends.
  void on_each_thread(const std::function<void(size_t)>& work);

  ServerOptions options_;
  fiber::ThreadGroup& threads_;
  MethodTable methods_;
  HealthService health_;
  ReflectionService reflection_;
  KratosMetadata kratos_metadata_{methods_, reflection_};
  net::AcceptBalance balance_;
  std::vector<std::unique_ptr<PerThread>> per_thread_;
  http::Http2AbuseCounters abuses_;
  alignas(64) std::atomic<size_t> connections_{0};  ///< on the port of its own
  std::string address_;
  bool started_ = false;
};

Result<void> Server::Impl::prepare() {
  if (!options_.address.empty()) BIA_TRY(net::Endpoint::parse(options_.address));
  if (options_.streams_max == 0 || options_.streams_max > INT32_MAX) {
    return Error(Code::kInvalidArgument, "BAD_OPTION",
                 "server.grpc.streams_max must be from 1 to 2147483647");
  }
  if (options_.window_bytes < 65'535 || options_.window_bytes > INT32_MAX) {
    return Error(Code::kInvalidArgument, "BAD_OPTION",
                 "server.grpc.window_bytes must be from 65535 to 2147483647");
  }
  if (options_.keepalive.timeout <= Duration::zero()) {
    return Error(Code::kInvalidArgument, "BAD_OPTION",
                 "server.grpc.keepalive.timeout must be above zero");
  }
  health_.set("", Health::kServing);
  if (options_.health) BIA_TRY(health_.add_methods(methods_));
  if (!options_.reflection) return {};
  BIA_TRY(reflection_.add_methods(methods_));
  return kratos_metadata_.add_methods(methods_);
}

Result<void> Server::Impl::add_method(MethodHandler handler) {
  const bool health = handler.path.starts_with("/grpc.health.v1.Health/");
  Result<void> added = methods_.add(std::move(handler));
  if (added || !health || !options_.health) return added;
  return std::move(added).error().with_hint(
      "server.grpc.health: false leaves it to a service of one's own");
}

void Server::Impl::add_file(const google::protobuf::FileDescriptor* file) {
  reflection_.add_file(file);
  for (int i = 0; i < file->service_count(); ++i)
    health_.set(file->service(i)->full_name(), Health::kServing);
}

Server::Impl::PerThread& Server::Impl::here() {
  fiber::Scheduler* current = &fiber::Scheduler::current();
  size_t i = 0;
  while (i + 1 < threads_.size() && &threads_.scheduler(i) != current) ++i;
  return *per_thread_[i];
}

bool Server::Impl::takes(std::string_view content_type) const {
  // Not gRPC-Web, which is another protocol.
  constexpr std::string_view kType = "application/grpc";
  return content_type.starts_with(kType) &&
         (content_type.size() == kType.size() || content_type[kType.size()] == '+' ||
          content_type[kType.size()] == ';');
}

std::unique_ptr<http::Http2Guest> Server::Impl::attach(http::Http2Connection& connection,
                                                       const std::string& peer) {
  auto guest = std::make_unique<ServerConnection>(methods_, options_, here().counters, abuses_);
  guest->attach(connection, peer);
  return guest;
}

void Server::Impl::serve(int fd) {
  PerThread& mine = here();
  const http::ConnectionSlot slot(connections_, options_.connections_max);
  if (!slot.held()) {
    mine.counters.connections_full.add();
    if (options_.on_refusal) options_.on_refusal({http::Refusal::Of::kConnection, "full", 0, fd});
    ::close(fd);
    return;
  }
  auto socket = net::Socket::adopt(fd);
  if (!socket) return;
  ServerConnection connection(methods_, options_, mine.counters, abuses_);
  mine.connections.push_back(&connection);
  mine.counters.connections_accepted.add();
  mine.counters.connections_open.add();
  connection.run(std::move(*socket));
  std::erase(mine.connections, &connection);
  mine.counters.connections_open.subtract();
  if (mine.connections.empty()) mine.emptied.wake_all();
}

void Server::Impl::on_each_thread(const std::function<void(size_t)>& work) {
  fiber::Scheduler& home = fiber::Scheduler::current();
  struct Wait {
    fiber::Parker done;
    std::atomic<size_t> left;
  };
  auto wait = std::make_shared<Wait>();
  wait->left = threads_.size();
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_.scheduler(i).post([&home, &work, wait, i] {
      auto body = [&home, &work, wait, i] {
        work(i);
        if (wait->left.fetch_sub(1) == 1) home.post([wait] { wait->done.unpark(); });
      };
      auto fiber = fiber::Scheduler::current().spawn(body);
      BIA_ASSERT(fiber.ok() && "no stack for a server's own fiber");
    });
  }
  // `work` is this frame's: it must have ended everywhere, whatever becomes of the calling fiber.
  while (wait->left.load() > 0) {
    if (!wait->done.park()) fiber::yield();
  }
}

/// One fiber a thread looks at its connections, when the next of them may have something due. What
/// begins after a look is due `soonest` after it at the earliest.
Result<void> Server::Impl::start_keepalive(PerThread& mine) {
  const ServerKeepalive& keepalive = options_.keepalive;
  Duration soonest = Duration::max();
  for (Duration one :
       {keepalive.time, keepalive.max_connection_idle, keepalive.max_connection_age / 10 * 9}) {
    if (one > Duration::zero()) soonest = std::min(soonest, one);
  }
  if (soonest == Duration::max()) return {};
  static constexpr Duration kLookMin = std::chrono::milliseconds(1);
  soonest = std::max(soonest, kLookMin);
  const auto look = [&mine, soonest] {
    TimePoint next;
    do {
      const TimePoint at = now();
      next = at + soonest;
      for (ServerConnection* connection : mine.connections)
        next = std::min(next, connection->keep_alive(at));
      next = std::max(next, at + kLookMin);
    } while (fiber::sleep_until(next));
  };
  mine.sweeper = BIA_TRY(fiber::Scheduler::current().spawn(look));
  return {};
}

Result<void> Server::Impl::listen(size_t thread, const net::Endpoint& endpoint) {
  PerThread& mine = *per_thread_[thread];
  BIA_TRY(start_keepalive(mine));
  // A path has one listener: the first thread passes the others theirs.
  if (endpoint.family() == AF_UNIX && options_.listeners.empty() && thread > 0) return {};
  if (options_.listeners.empty())
    return listen_on(mine, BIA_TRY(net::Listener::bind(endpoint, {})));
  // Where there are fewer of them than threads, the others get connections from those that accept.
  for (size_t i = thread; i < options_.listeners.size(); i += per_thread_.size())
    BIA_TRY(listen_on(mine, BIA_TRY(net::Listener::adopt(options_.listeners[i]))));
  return {};
}

Result<void> Server::Impl::listen_on(PerThread& mine, net::Listener listener) {
  const size_t index = mine.listeners.size();
  mine.listeners.push_back(std::move(listener));
  mine.acceptors.push_back(BIA_TRY(
      fiber::Scheduler::current().spawn([this, &mine, index] { accept_all(mine, index); })));
  return {};
}

void Server::Impl::accept_all(PerThread& mine, size_t index) {
  for (;;) {
    // By index: the next listener may move them all.
    auto fd = mine.listeners[index].accept();
    if (fd) {
      balance_.accepted(*fd);
    } else if (fd.error().code() != Code::kResourceExhausted) {
      return;
    } else if (const uint64_t refused = mine.listeners[index].take_refused(); refused > 0) {
      mine.counters.connections_without_descriptor.add(refused);
      if (options_.on_refusal)
        options_.on_refusal({http::Refusal::Of::kConnection, "no_descriptor", 0, -1});
    }
  }
}

Result<void> Server::Impl::start() {
  if (started_)
    return Error(Code::kFailedPrecondition, "STARTED", "the gRPC server was started already");
  if (options_.address.empty()) return {};
  net::Endpoint endpoint = BIA_TRY(net::Endpoint::parse(options_.address));
  if (options_.listeners.empty() && endpoint.family() != AF_UNIX) {
    // SO_REUSEPORT would let two servers of one user share a port unnoticed: an exclusive bind
    // finds the other one, and gives the port for 0.
    net::Listener probe =
        BIA_TRY(net::Listener::bind(endpoint, {1, net::ListenOptions::Sharing::kExclusive}));
    if (endpoint.port() == 0) endpoint = probe.local();
  }
  std::vector<std::optional<Error>> errors(threads_.size());
  on_each_thread([&](size_t i) {
    auto listening = listen(i, endpoint);
    if (!listening) errors[i] = std::move(listening).error();
  });
  started_ = true;
  for (auto& error : errors) {
    if (!error) continue;
    stop(Deadline::after(Duration(0)));
    return *std::move(error);
  }
  address_ = per_thread_[0]->listeners[0].local().text();
  return {};
}

void Server::Impl::stop_accepting(PerThread& mine) {
  for (net::Listener& listener : mine.listeners) listener.close();
  for (fiber::Fiber& acceptor : mine.acceptors) {
    while (!acceptor.done()) {
      if (!acceptor.join()) fiber::yield();
    }
  }
  // A handle belongs to its fiber's thread; the server may end in another.
  mine.acceptors.clear();
}

void Server::Impl::stop_thread(PerThread& mine, Deadline deadline) {
  const auto wait = [&mine](Deadline until) {
    while (!mine.connections.empty()) {
      if (!mine.emptied.wait(until)) break;
    }
  };
  for (ServerConnection* connection : mine.connections) connection->drain();
  wait(std::min(deadline, Deadline::after(kHandshakesMax)));
  for (ServerConnection* connection : mine.connections) connection->end_handshake();
  wait(deadline);
  for (ServerConnection* connection : mine.connections) connection->close();
  while (!mine.connections.empty()) {
    if (!mine.emptied.wait()) fiber::yield();
  }
  mine.sweeper.cancel_and_join();
  mine.sweeper = {};
}

std::vector<int> Server::Impl::listener_fds() const {
  std::vector<int> all;
  for (const auto& thread : per_thread_) {
    for (const net::Listener& listener : thread->listeners) all.push_back(listener.fd());
  }
  return all;
}

void Server::Impl::drain(Listeners listeners) {
  if (!started_) return;
  on_each_thread([&](size_t i) {
    if (listeners == Listeners::kLeave) {
      for (net::Listener& listener : per_thread_[i]->listeners) listener.leave();
      stop_accepting(*per_thread_[i]);
    }
    for (ServerConnection* connection : per_thread_[i]->connections) connection->drain();
  });
}

void Server::Impl::stop(Deadline deadline) {
  health_.end();
  if (!started_) return;
  started_ = false;
  on_each_thread([&](size_t i) { stop_accepting(*per_thread_[i]); });
  // A connection that one thread gave to another was posted before this is, and so is in that
  // thread's list by then.
  on_each_thread([&](size_t i) { stop_thread(*per_thread_[i], deadline); });
}

Server::Counters Server::Impl::counters() const {
  Counters sum;
  for (std::string_view name : kCallRefusalNames) sum.calls_refused.emplace_back(name, 0);
  for (std::string_view name : kMessageRefusalNames) sum.messages_refused.emplace_back(name, 0);
  for (const auto& each : per_thread_) {
    const ThreadCounters& counters = each->counters;
    sum.connections_accepted += counters.connections_accepted.get();
    sum.connections_open += counters.connections_open.get();
    sum.connections_full += counters.connections_full.get();
    sum.connections_without_descriptor += counters.connections_without_descriptor.get();
    sum.tls_failed += counters.tls_failed.get();
    sum.connections_stopped += counters.connections_stopped.get();
    sum.tls_without_h2 += counters.tls_without_h2.get();
    sum.calls_started += counters.calls_started.get();
    sum.calls_succeeded += counters.calls_succeeded.get();
    sum.calls_failed += counters.calls_failed.get();
    sum.messages_received += counters.messages_received.get();
    for (size_t i = 0; i < counters.calls_refused.size(); ++i)
      sum.calls_refused[i].second += counters.calls_refused[i].get();
    for (size_t i = 0; i < counters.messages_refused.size(); ++i)
      sum.messages_refused[i].second += counters.messages_refused[i].get();
    sum.messages_sent += counters.messages_sent.get();
    sum.keepalive_silent += counters.keepalive_silent.get();
    sum.keepalive_idle += counters.keepalive_idle.get();
    sum.keepalive_aged += counters.keepalive_aged.get();
  }
  sum.http2_streams_refused = abuses_.streams();
  sum.http2_abuses = abuses_.by_name();
  return sum;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(fiber::ThreadGroup& threads,
                                               const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(threads, options);
  BIA_TRY(impl->prepare());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<void> Server::add_method(MethodHandler handler) {
  return impl_->add_method(std::move(handler));
}
void Server::add_file(const google::protobuf::FileDescriptor* file) { impl_->add_file(file); }
void Server::set_health(std::string_view service, Health health) {
  impl_->set_health(service, health);
}
void Server::shut_down_health() { impl_->shut_down_health(); }
Result<void> Server::start() { return impl_->start(); }
std::string Server::address() const { return impl_->address(); }
http::Http2GuestService& Server::http_guest() { return impl_->guest(); }
Server::Counters Server::counters() const { return impl_->counters(); }
void Server::drain(Listeners listeners) { impl_->drain(listeners); }
std::vector<int> Server::listener_fds() const { return impl_->listener_fds(); }
void Server::stop(Deadline deadline) { impl_->stop(deadline); }

}  // namespace bia::grpc
