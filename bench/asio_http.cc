// The canned answer of fiber_http.cc on Boost.Asio's callbacks, the cheapest way to use it (no
// fibers): for docs/decisions/0001. usage: bench_asio_http PORT
#include <boost/asio.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string answer_of(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 12:00:00 "
         "GMT\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const std::string& answer)
      : socket_(std::move(socket)), answer_(answer) {}
  void read() {
    socket_.async_read_some(
        asio::buffer(bytes_),
        [self = shared_from_this()](boost::system::error_code error, size_t count) {
          if (!error && std::string_view(self->bytes_, count).ends_with("\r\n\r\n")) self->write();
        });
  }

 private:
  void write() {
    asio::async_write(socket_, asio::buffer(answer_),
                      [self = shared_from_this()](boost::system::error_code error, size_t) {
                        if (!error) self->read();
                      });
  }
  tcp::socket socket_;
  const std::string& answer_;
  char bytes_[4096];
};

void accept(tcp::acceptor& acceptor, const std::string& answer) {
  acceptor.async_accept([&](boost::system::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket), answer)->read();
    }
    accept(acceptor, answer);
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::string answer = answer_of("{\"message\":\"Hello [object Object]\"}");
  asio::io_context context(1);
  tcp::acceptor acceptor(context,
                         {tcp::v4(), static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080)});
  accept(acceptor, answer);
  context.run();
}
