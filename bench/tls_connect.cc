// Full TLS handshakes, some at a time, by OpenSSL and epoll alone; nothing of this project, so that
// it is as fair to others' servers:
//   bench_tls_connect PORT HANDSHAKES [AT_A_TIME]
// A connection ends once the server has ended it, so that the server has seen the whole handshake.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Connection {
  SSL* ssl = nullptr;
  int fd = -1;
  bool shaken = false;
};

class Load {
 public:
  Load(int port, long wanted) : wanted_(wanted), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    address_.sin_family = AF_INET;
    address_.sin_port = htons(static_cast<uint16_t>(port));
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  int run(size_t at_a_time) {
    std::vector<Connection> all(at_a_time);
    for (Connection& each : all) begin(each);
    while (open_ > 0) {
      epoll_event events[64];
      const int count = epoll_wait(epoll_, events, 64, 5000);
      if (count == 0) {
        std::printf("nothing happened for 5 s\n");
        return 1;
      }
      for (int i = 0; i < count; ++i) go_on(*static_cast<Connection*>(events[i].data.ptr));
    }
    std::printf("%ld handshakes, %ld failed, %ld resumed: %s\n", done_, failed_, resumed_,
                agreed_.c_str());
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void begin(Connection& one) {
    if (started_ >= wanted_) return;
    ++started_;
    ++open_;
    one.shaken = false;
    one.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    one.ssl = SSL_new(context_);
    SSL_set_fd(one.ssl, one.fd);
    SSL_set_connect_state(one.ssl);
    SSL_set_tlsext_host_name(one.ssl, "localhost");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &one;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (connect(one.fd, address, sizeof address_) != 0 && errno != EINPROGRESS) end(one, false);
  }

  void go_on(Connection& one) {
    if (one.fd < 0) return;
    ERR_clear_error();
    if (!one.shaken) {
      const int result = SSL_do_handshake(one.ssl);
      if (result != 1) {
        const int why = SSL_get_error(one.ssl, result);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) end(one, false);
        return;
      }
      one.shaken = true;
      note(one.ssl);
      SSL_shutdown(one.ssl);
      shutdown(one.fd, SHUT_WR);
    }
    char rest[4096];
    for (;;) {
      const ssize_t count = read(one.fd, rest, sizeof rest);
      if (count > 0) continue;
      if (count == 0 || (errno != EAGAIN && errno != EINTR)) end(one, true);
      return;
    }
  }

  void note(SSL* ssl) {
    resumed_ += SSL_session_reused(ssl);
    if (!agreed_.empty()) return;
    int signature = 0;
    SSL_get_peer_signature_type_nid(ssl, &signature);
    EVP_PKEY* key = X509_get0_pubkey(SSL_get0_peer_certificate(ssl));
    char curve[64] = "";
    size_t size = 0;
    EVP_PKEY_get_group_name(key, curve, sizeof curve, &size);
    const char* group = OBJ_nid2sn(static_cast<int>(SSL_get_negotiated_group(ssl)));
    agreed_ = std::string(SSL_get_version(ssl)) + ", " + SSL_get_cipher_name(ssl) + ", " + group +
              ", " + OBJ_nid2sn(signature) + " " + curve;
  }

  void end(Connection& one, bool good) {
    SSL_free(one.ssl);
    close(one.fd);
    one.fd = -1;
    --open_;
    ++(good ? done_ : failed_);
    begin(one);
  }

  long wanted_;
  SSL_CTX* context_;
  sockaddr_in address_{};
  int epoll_ = epoll_create1(0);
  long started_ = 0;
  long open_ = 0;
  long done_ = 0;
  long failed_ = 0;
  long resumed_ = 0;
  std::string agreed_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_tls_connect PORT HANDSHAKES [AT_A_TIME]\n");
    return 2;
  }
  const long at_a_time = argc > 3 ? std::atol(argv[3]) : 50;
  return Load(std::atoi(argv[1]), std::atol(argv[2])).run(static_cast<size_t>(at_a_time));
}
