#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace bia::http {

struct Proxy {
  /// kHttp: requests to http:// go to it whole, https:// through a tunnel (RFC 9110 section 9.3.6).
  /// kSocks5: all go through a connection that it makes (RFC 1928).
  enum class Kind : uint8_t { kHttp, kSocks5 } kind = Kind::kHttp;
  /// Of kHttp: https://, it is spoken to by TLS.
  bool tls = false;
  std::string host;
  uint16_t port = 80;
  /// Of kHttp: "Basic dXNlcjpwYXNz"; empty: none.
  std::string authorization;
  /// Of kSocks5; both empty: none.
  std::string user, password;
};

/// Which requests go through a proxy, as Go's net/http takes it from the environment: HTTP_PROXY
/// for http://, HTTPS_PROXY for https://, but not for what NO_PROXY lists (names with those below
/// them, ".name" those below alone, addresses, networks "10.0.0.0/8", each with a ":port" where one
/// is meant; "*": none) nor for this machine (localhost, 127.0.0.0/8, ::1). Each in lower case too.
class ProxyRules {
 public:
  /// `variable` gives a variable's value, "" where there is none. Errors: kInvalidArgument for a
  /// proxy that is no URL of http, https or socks5.
  using Variable = std::function<std::string(std::string_view)>;
  static Result<ProxyRules> from_environment(const Variable& variable);
  /// Those for gRPC, as grpc-go has them: HTTPS_PROXY with NO_PROXY alone, for TLS and cleartext
  /// alike (`find` with kHttps). Errors: kUnimplemented for a proxy of https://, too.
  static Result<ProxyRules> grpc_from_environment(const Variable& variable);
  /// The process's own environment.
  static std::string process_variable(std::string_view name);
  enum class Scheme : uint8_t { kHttp, kHttps };
  /// Null: straight to the host. Lives as long as the rules.
  const Proxy* find(Scheme scheme, std::string_view host, uint16_t port) const;
  /// The proxy for http:// is spoken to by TLS.
  bool http_by_tls() const { return http_.tls; }
  bool empty() const { return http_.host.empty() && https_.host.empty(); }

 private:
  static constexpr int kNoPort = -1;
  struct Exception {
    std::string name;     ///< lower case; with a dot in front, those below it alone
    std::string network;  ///< the bytes of an address
    unsigned bits = 0;    ///< of `network` that count
    int port = 0;         ///< 0: any; kNoPort: none
  };
  static Exception parse_exception(std::string_view text);
  bool excepts(std::string_view host, uint16_t port) const;
  Proxy http_, https_;
  bool except_all_ = false;
  std::vector<Exception> exceptions_;
};

}  // namespace bia::http
