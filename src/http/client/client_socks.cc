#include "http/client/client_socks.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <string>

namespace bia::http {

namespace {

constexpr char kVersion = 5, kPasswordVersion = 1;
constexpr char kNoAuthentication = 0, kPassword = 2;
constexpr char kConnect = 1, kIpv4 = 1, kName = 3, kIpv6 = 4;
constexpr size_t kTextBytesMax = 255;

/// "10.0.0.1:80", "[::1]:80"
std::string joined(std::string_view host, uint16_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

/// Address type and address.
std::string address_of(std::string_view host) {
  const std::string text(host);
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
    return kIpv4 + std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
    return kIpv6 + std::string(bytes.data(), 16);
  return kName + std::string(1, static_cast<char>(host.size())) + text;
}

std::string reply_text(uint8_t code) {
  constexpr std::string_view kTexts[] = {"succeeded",
                                         "general SOCKS server failure",
                                         "connection not allowed by ruleset",
                                         "network unreachable",
                                         "host unreachable",
                                         "connection refused",
                                         "TTL expired",
                                         "command not supported",
                                         "address type not supported"};
  return "unknown error " + (code < std::size(kTexts) ? std::string(kTexts[code])
                                                      : fmt::format("unknown code: {}", code));
}

class Conversation {
 public:
  Conversation(net::Socket& socket, const Proxy& proxy, std::string_view host, uint16_t port,
               Deadline deadline)
      : socket_(socket),
        proxy_(proxy),
        host_(host),
        port_(port),
        way_(fmt::format("{}->{}", joined(proxy.host, proxy.port), joined(host, port))),
        deadline_(deadline) {}

  Result<void> run() {
    if (host_.size() > kTextBytesMax) return refused("FQDN too long");
    BIA_TRY(agree());
    std::string request{kVersion, kConnect, 0};
    request += address_of(host_);
    request += {static_cast<char>(port_ >> 8), static_cast<char>(port_ & 0xff)};
    BIA_TRY(socket_.write_all(request, deadline_));
    std::array<char, 4> head{};
    BIA_TRY(read(head.data(), head.size()));
    if (head[0] != kVersion) return wrong_version(head[0]);
    if (head[1] != 0) return refused(reply_text(static_cast<uint8_t>(head[1])));
    std::array<char, kTextBytesMax + 2> bound{};
    size_t bytes = head[3] == kIpv4 ? 4 : 16;
    if (head[3] == kName) {
      BIA_TRY(read(bound.data(), 1));
      bytes = static_cast<uint8_t>(bound[0]);
    } else if (head[3] != kIpv4 && head[3] != kIpv6) {
      return refused("unknown address type");
    }
    return read(bound.data(), bytes + 2);
  }

 private:
  Result<void> agree() {
    const bool named = !proxy_.user.empty() || !proxy_.password.empty();
    const std::string greeting = named ? std::string{kVersion, 2, kNoAuthentication, kPassword}
                                       : std::string{kVersion, 1, kNoAuthentication};
    BIA_TRY(socket_.write_all(greeting, deadline_));
    std::array<char, 2> answer{};
    BIA_TRY(read(answer.data(), answer.size()));
    if (answer[0] != kVersion) return wrong_version(answer[0]);
    if (answer[1] == kNoAuthentication) return {};
    if (answer[1] != kPassword || !named) return refused("no acceptable authentication methods");
    if (proxy_.user.empty() || proxy_.user.size() > kTextBytesMax ||
        proxy_.password.size() > kTextBytesMax)
      return refused("invalid username/password");
    std::string login{kPasswordVersion, static_cast<char>(proxy_.user.size())};
    login += proxy_.user;
    login += static_cast<char>(proxy_.password.size());
    login += proxy_.password;
    BIA_TRY(socket_.write_all(login, deadline_));
    BIA_TRY(read(answer.data(), answer.size()));
    if (answer[0] != kPasswordVersion) return refused("invalid username/password version");
    return answer[1] == 0 ? Result<void>() : refused("username/password authentication failed");
  }

  Result<void> read(char* bytes, size_t count) {
    for (size_t got = 0; got < count;) {
      const size_t more = BIA_TRY(socket_.read_some({bytes + got, count - got}, deadline_));
      if (more == 0) return refused(got == 0 ? "EOF" : "unexpected EOF");
      got += more;
    }
    return {};
  }

  Error wrong_version(char version) const {
    return refused(fmt::format("unexpected protocol version {}", static_cast<uint8_t>(version)));
  }
  Error refused(std::string_view why) const {
    return Error(Code::kUnavailable, "SOCKS_REFUSED",
                 fmt::format("socks connect tcp {}: {}", way_, why));
  }

  net::Socket& socket_;
  const Proxy& proxy_;
  std::string_view host_;
  uint16_t port_;
  std::string way_;  ///< Go's: from the proxy to the host
  Deadline deadline_;
};

}  // namespace

Result<void> open_socks(net::Socket& socket, const Proxy& proxy, std::string_view host,
                        uint16_t port, Deadline deadline) {
  return Conversation(socket, proxy, host, port, deadline).run();
}

}  // namespace bia::http
