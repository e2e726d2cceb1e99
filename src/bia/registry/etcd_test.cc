#include "bia/registry/etcd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bia/bia/log.h"
#include "bia/config/config_etcd.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "bia/net/socket.h"
#include "grpc/proto_wire.h"

namespace bia {
namespace {

using testing::HasSubstr;

/// Bound and not listening: connections are refused.
class RefusingPort {
 public:
  RefusingPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~RefusingPort() { close(fd_); }
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  std::string text;

 private:
  int fd_;
};

TEST(EtcdClient, AsksTheNextEndpointWhereAUsersTokenIsRefused) {
  const RefusingPort one;
  const RefusingPort two;
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    EtcdOptions options;
    options.endpoints = {one.text, two.text};
    options.user = "root";
    EtcdClient client(options);
    EXPECT_THAT(client.keep_alive(7).error().message(), HasSubstr(one.text));
    EXPECT_THAT(client.keep_alive(7).error().message(), HasSubstr(two.text));
    EXPECT_THAT(client.wait_change("/k", 1).error().message(), HasSubstr(one.text));
    EXPECT_THAT(client.wait_change("/k", 1).error().message(), HasSubstr(two.text));
  });
}

/// An etcd whose keys can be read, and whose watches end at once.
class Unwatchable {
 public:
  explicit Unwatchable(fiber::ThreadGroup& threads) {
    grpc::ServerOptions options;
    options.address = "127.0.0.1:0";
    server_ = grpc::Server::create(threads, options).value();
    grpc::MethodHandler range;
    range.path = "/etcdserverpb.KV/Range";
    range.unary = [this](grpc::ServerCall&, std::string_view, std::string& reply) -> Result<void> {
      ++reads;
      std::string header;
      grpc::put_uint(header, 3, 7);
      grpc::put_bytes(reply, 1, header);
      return {};
    };
    server_->add_method(std::move(range)).value();
    grpc::MethodHandler watch;
    watch.path = "/etcdserverpb.Watch/Watch";
    watch.stream = [](grpc::ServerCall&) -> Result<void> {
      return Error(Code::kPermissionDenied, "", "no watching");
    };
    server_->add_method(std::move(watch)).value();
    server_->start().value();
  }
  ~Unwatchable() { server_->stop(Deadline::after(std::chrono::seconds(1))); }
  std::string address() const { return server_->address(); }
  int reads = 0;

 private:
  std::unique_ptr<grpc::Server> server_;
};

/// The reads in a second and a half. The pauses are of at least 100, 200, 400, 800 ms; without
/// doubling they were 200 ms each.
int reads_of(const std::function<void(const std::string& address)>& watch) {
  auto threads = fiber::ThreadGroup::create(1).value();
  int reads = 0;
  threads->run([&](size_t) {
    Unwatchable etcd(*threads);
    auto watching = fiber::Scheduler::current().spawn([&] { watch(etcd.address()); }).value();
    fiber::sleep_for(std::chrono::milliseconds(1500)).value();
    reads = etcd.reads;
    watching.cancel();
    watching.join().value();
  });
  return reads;
}

TEST(EtcdWatch, OneThatFailsAtOnceIsTriedEverLessOften) {
  int changes = 0;
  const int of_config = reads_of([&](const std::string& address) {
    EtcdConfigSource::parse("etcd://" + address + "/shop/").value().watch([&] { ++changes; });
  });
  EXPECT_LE(of_config, 5);
  EXPECT_GE(of_config, 2);
  EXPECT_EQ(changes, of_config);
  const int of_registry = reads_of([&](const std::string& address) {
    EtcdOptions options;
    options.endpoints = {address};
    EtcdRegistry::create(options).value()->watch("users", [](auto) {});
  });
  EXPECT_LE(of_registry, 5);
  EXPECT_GE(of_registry, 2);
}

/// Says that it speaks HTTP/2, and nothing more: an etcd whose machine has lost its power.
TEST(EtcdClient, GivesUpAWatchOfAnEndpointThatIsSilent) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
    net::Socket silent;
    auto acceptor = fiber::Scheduler::current().spawn([&] {
      silent = net::Socket::adopt(listener.accept().value()).value();
      constexpr std::string_view kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);
      silent.write_all(kEmptySettings, Deadline::never()).value();
    });
    EtcdOptions options;
    EXPECT_GT(options.keepalive_time, std::chrono::seconds(5)) << "what etcd's servers demand";
    options.endpoints = {listener.local().text()};
    options.keepalive_time = options.keepalive_timeout = std::chrono::milliseconds(10);
    Result<void> ended;
    auto watch = fiber::Scheduler::current().spawn(
        [&] { ended = EtcdClient(options).wait_change("/k", 1); });
    EXPECT_TRUE(watch->join(Deadline::after(std::chrono::seconds(10))).ok()) << "it waits on";
    watch->cancel();
    watch->join().ignore("a test");
    acceptor->join().value();
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error().code(), Code::kUnavailable);
  });
}

/// An etcd that grants leases and keeps them.
std::unique_ptr<grpc::Server> lessor(fiber::ThreadGroup& threads) {
  grpc::ServerOptions options;
  options.address = "127.0.0.1:0";
  auto server = grpc::Server::create(threads, options).value();
  const auto add = [&](const char* path, std::string answer) {
    grpc::MethodHandler handler;
    handler.path = path;
    handler.unary = [answer](grpc::ServerCall&, std::string_view,
                             std::string& reply) -> Result<void> {
      reply = answer;
      return {};
    };
    server->add_method(std::move(handler)).value();
  };
  std::string lease;
  grpc::put_uint(lease, 2, 7);
  grpc::put_uint(lease, 3, 1);
  add("/etcdserverpb.Lease/LeaseGrant", lease);
  add("/etcdserverpb.KV/Put", "");
  grpc::MethodHandler keep_alive;
  keep_alive.path = "/etcdserverpb.Lease/LeaseKeepAlive";
  keep_alive.stream = [lease](grpc::ServerCall& call) { return call.write(lease); };
  server->add_method(std::move(keep_alive)).value();
  return server;
}

TEST(EtcdRegistry, IsNotRegisteredOnceItsLeaseIsOver) {
  auto threads = fiber::ThreadGroup::create(1).value();
  log::set_sink([](std::string_view) {});
  threads->run([&](size_t) {
    auto etcd = lessor(*threads);
    etcd->start().value();
    EtcdOptions options;
    options.endpoints = {etcd->address()};
    options.ttl = std::chrono::seconds(1);
    auto registry = EtcdRegistry::create(options).value();
    registry->start({.id = "a", .name = "users"}).value();
    EXPECT_TRUE(registry->registered());
    fiber::sleep_for(std::chrono::milliseconds(500)).value();
    etcd->stop(Deadline::after(std::chrono::seconds(1)));
    EXPECT_TRUE(registry->registered()) << "the lease lives on for a while";
    // The last keep-alive was before this.
    fiber::sleep_for(options.ttl).value();
    EXPECT_FALSE(registry->registered());
  });
  log::set_sink(nullptr);
}

}  // namespace
}  // namespace bia
