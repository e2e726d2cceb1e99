#include <fmt/format.h>

#include "http/client_connection.h"

namespace bia::http {

Result<void> open_tunnel(net::Socket& socket, const Proxy& proxy, std::string_view host,
                         uint16_t port, Deadline deadline) {
  const bool v6 = host.find(':') != std::string_view::npos;
  const std::string target =
      v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
  if (!proxy.authorization.empty())
    request += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
  request += "\r\n";
  BIA_TRY(socket.write_all(request, deadline));
  const Limits limits;
  ResponseParser parser(limits);
  Buffer buffer;
  buffer.reserve(1024);
  for (;;) {
    const Parsed parsed = buffer.empty() ? Parsed::kNeedMore : parser.parse(buffer.view());
    if (parsed == Parsed::kBad)
      return Error(Code::kUnavailable, "PROXY_REFUSED",
                   fmt::format("the proxy's answer: {}", parser.problem().message));
    if (parsed == Parsed::kComplete) break;
    buffer.reserve(1024);
    const size_t count = BIA_TRY(socket.read_some(buffer.space(), deadline));
    if (count == 0) return Error(Code::kUnavailable, "UNEXPECTED_EOF", "EOF");
    buffer.filled(count);
  }
  // Go's words: what the proxy says.
  if (parser.status() != 200)
    return Error(Code::kUnavailable, "PROXY_REFUSED",
                 parser.reason().empty() ? "unknown status code" : std::string(parser.reason()));
  if (buffer.size() > parser.head_bytes())
    return Error(Code::kUnavailable, "PROXY_REFUSED",
                 "the proxy sent something before the server could have");
  return {};
}

}  // namespace bia::http
