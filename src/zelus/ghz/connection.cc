#include "zelus/ghz/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "bia/net/socket.h"
#include "grpc/connector.h"
#include "net/dns.h"

namespace zelus::ghz {
namespace {

using bia::Deadline;
using bia::Duration;
using bia::Result;
using bia::net::Endpoint;

/// grpc-go's: before an address that failed is tried again.
constexpr Duration kBackoff = std::chrono::seconds(1);
constexpr Duration kBackoffMax = std::chrono::minutes(2);

/// "dns:///name:port", "dns:name:port", "dns://server/name:port". A host that is empty: something
/// else.
struct DnsTarget {
  std::string server;
  std::string host;
  uint16_t port = 443;  // grpc-go's, where none is said
  std::string name;     // with the port, as it was typed
};

DnsTarget dns_target(std::string_view target) {
  constexpr std::string_view kScheme = "dns:";
  DnsTarget out;
  if (!target.starts_with(kScheme)) return out;
  target.remove_prefix(kScheme.size());
  if (target.starts_with("//")) {
    target.remove_prefix(2);
    const size_t slash = target.find('/');
    if (slash == std::string_view::npos) return out;
    out.server = target.substr(0, slash);
    target.remove_prefix(slash + 1);
  }
  out.name = target;
  const size_t colon = target.rfind(':');
  const bool has_port = colon != std::string_view::npos && target.find(']', colon) == target.npos;
  if (has_port) {
    const std::string_view port = target.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (read.ec != std::errc() || read.ptr != port.data() + port.size()) return {};
    target = target.substr(0, colon);
  } else {
    out.name += ":443";
  }
  if (target.starts_with('[') && target.ends_with(']'))
    target = target.substr(1, target.size() - 2);
  out.host = target;
  return out;
}

/// Asks the name server of the target.
class NameServer : public bia::net::Resolver {
 public:
  explicit NameServer(std::string server) : dns_(options(std::move(server))) {}
  Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port,
                                        Deadline deadline) override {
    const bool v6 = host.find(':') != std::string_view::npos;
    auto numeric =
        Endpoint::parse(v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port));
    if (numeric.ok()) return std::vector<Endpoint>{*numeric};
    return dns_.look_up(std::string(host), port, deadline);
  }

 private:
  static bia::net::DnsOptions options(std::string server) {
    bia::net::DnsOptions out;
    out.servers = std::move(server);
    return out;
  }
  bia::net::Dns dns_;
};

}  // namespace

Connection::Connection(std::string target, Balance balance, bia::grpc::ChannelOptions options)
    : target_(std::move(target)), balance_(balance), options_(std::move(options)) {}

void Connection::open() {
  const DnsTarget dns = dns_target(target_);
  if (!dns.host.empty()) target_ = dns.name;
  if (!dns.server.empty()) {
    resolver_ = std::make_unique<NameServer>(dns.server);
    options_.resolver = resolver_.get();
  }
  if (!dns.host.empty() && balance_ == Balance::kRoundRobin) spread(dns.host, dns.port);
  if (channels_.empty()) add(target_, options_, State::kReady);
  for (size_t i = 0; channels_.size() > 1 && i < channels_.size(); ++i) start(i);
}

void Connection::add(const std::string& target, const bia::grpc::ChannelOptions& options,
                     State state) {
  Address address;
  address.channel = std::make_unique<bia::grpc::Channel>(target, options);
  address.state = state;
  channels_.push_back(std::move(address));
}

void Connection::spread(const std::string& host, uint16_t port) {
  const Deadline deadline = Deadline::after(options_.connect_timeout);
  auto found = resolver_ != nullptr
                   ? resolver_->resolve(host, port, deadline)
                   : bia::net::resolve(host, port, deadline, bia::net::Freshness::kNew);
  // Where that failed the calls' own look-ups say so.
  if (!found.ok()) return;
  // The certificate and :authority are of the name, not of one of its addresses.
  bia::grpc::ChannelOptions options = options_;
  options.resolver = nullptr;
  if (options.authority.empty() && options.server_name.empty()) options.authority = target_;
  std::set<std::string> texts;
  for (const Endpoint& endpoint : *found) {
    if (texts.insert(endpoint.text()).second) add(endpoint.text(), options, State::kConnecting);
  }
  if (channels_.size() == 1) channels_.clear();
}

void Connection::start(size_t index) {
  channels_[index].state = State::kConnecting;
  auto spawned = bia::fiber::Scheduler::current().spawn([this, index] { connect(index); });
  if (spawned.ok()) {
    channels_[index].connecting = std::move(*spawned);
  } else {
    channels_[index].state = State::kReady;  // Calls connect by themselves.
  }
}

void Connection::connect(size_t index) {
  Address& address = channels_[index];
  for (Duration wait = kBackoff; !closed_; wait = std::min(wait * 8 / 5, kBackoffMax)) {
    const bool connected = address.channel->connect(Deadline::after(options_.connect_timeout)).ok();
    address.state = connected ? State::kReady : State::kFailed;
    changed_.wake_all();
    if (connected || !bia::fiber::sleep_for(wait).ok()) return;
  }
}

void Connection::note_failure(size_t index, bia::grpc::Status& status) {
  if (status.code == bia::Code::kUnavailable && channels_.size() > 1) lost(index);
  if (status.message.ends_with(bia::grpc::kWhileConnecting))
    status.message.resize(status.message.size() - bia::grpc::kWhileConnecting.size());
}

void Connection::lost(size_t index) {
  // What its own fiber still tries needs no other.
  if (closed_ || channels_[index].state != State::kReady) return;
  if (channels_[index].connecting.valid())
    channels_[index].connecting.join().ignore("it has ended");
  if (!closed_ && channels_[index].state == State::kReady) start(index);
}

size_t Connection::pick_ready(Deadline deadline) {
  for (;;) {
    bool connecting = false;
    for (size_t i = 0; i < channels_.size(); ++i) {
      const size_t index = (next_ + i) % channels_.size();
      connecting = connecting || channels_[index].state == State::kConnecting;
      if (channels_[index].state != State::kReady) continue;
      next_ = index + 1;
      return index;
    }
    // None is left: a call to one of them says why.
    if (!connecting || closed_ || !changed_.wait(deadline).ok()) return next_++ % channels_.size();
  }
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  for (Address& address : channels_) {
    if (address.connecting.valid()) address.connecting.cancel();
    address.channel->close();
  }
  changed_.wake_all();
}

void Connection::join() {
  for (Address& address : channels_) {
    if (address.connecting.valid()) address.connecting.join().ignore("it was cancelled");
  }
}

}  // namespace zelus::ghz
