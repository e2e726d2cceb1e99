// The floor of an HTTP/1.1 server: one thread, level-triggered epoll, no parsing beyond the empty
// line, a canned answer of the service's size. What no server can do without: what ours costs above
// it is what we are responsible for. usage: epoll_http PORT [FILE WITH ANOTHER BODY]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 1024) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/// False when the peer is gone.
bool answer(int fd, std::string_view canned) {
  static char buffer[65536];
  ssize_t got = read(fd, buffer, sizeof buffer);
  if (got <= 0) return false;
  std::string_view bytes(buffer, static_cast<size_t>(got));
  for (size_t at = 0; (at = bytes.find("\r\n\r\n", at)) != std::string_view::npos; at += 4) {
    if (write(fd, canned.data(), canned.size()) < 0) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: epoll_http PORT [BODY_FILE]\n");
    return 2;
  }
  std::string body = "{\"message\":\"Hello [object Object]\"}";
  if (argc > 2) {
    std::ifstream file(argv[2], std::ios::binary);
    body.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::string canned =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 12:00:00 "
      "GMT\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  int listener = listen_on(std::atoi(argv[1]));
  int epoll = epoll_create1(0);
  watch(epoll, listener);
  epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted = accept(listener, nullptr, nullptr);
        int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, accepted);
      } else if (!answer(fd, canned)) {
        close(fd);
      }
    }
  }
}
