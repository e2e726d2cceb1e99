#include "bia/etcd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bia/fiber/threads.h"

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

}  // namespace
}  // namespace bia
