#include "http/client/client_tunnel.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/client/client_connection.h"
#include "http/client/client_socks.h"

namespace bia::http {

Result<std::string> open_tunnel(net::Socket& socket, const Proxy& proxy, std::string_view host,
                                uint16_t port, Deadline deadline) {
  if (proxy.kind == Proxy::Kind::kSocks5) {
    BIA_TRY(open_socks(socket, proxy, host, port, deadline));
    return std::string();
  }
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
  // RFC 9110 section 9.3.6: the tunnel begins behind the head, whatever the head says of a body.
  const std::string_view rest = buffer.view().substr(parser.head_bytes());
  if (parser.status() == 200) return std::string(rest);
  // Go's words: what the proxy says.
  Error refused(Code::kUnavailable, "PROXY_REFUSED",
                parser.reason().empty() ? "unknown status code" : std::string(parser.reason()));
  constexpr size_t kAnswerBytesMax = 2048;
  return std::move(refused).with_metadata(std::string(kProxyAnswer),
                                          std::string(buffer.view().substr(0, kAnswerBytesMax)));
}

}  // namespace bia::http
