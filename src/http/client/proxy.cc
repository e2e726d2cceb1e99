#include "bia/http/proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/base64.h"
#include "base/text.h"
#include "bia/http/uri.h"

namespace bia::http {
namespace {

/// 4 or 16 bytes, 4 for an IPv4 address in IPv6's form too; none where it is no address.
std::string address_bytes(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string name(text);
  char bytes[16];
  if (inet_pton(AF_INET, name.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, name.c_str(), bytes) != 1) return {};
  const std::string address(bytes, 16);
  const std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  return address.starts_with(mapped) ? address.substr(12) : address;
}

bool is_this_machine(std::string_view host, const std::string& address) {
  if (host == "localhost") return true;
  if (address.size() == 4) return address[0] == 127;
  return address.size() == 16 && address == std::string(15, '\0') + '\1';
}

Result<Proxy> parse_proxy(std::string_view name, const std::string& text) {
  Proxy proxy;
  if (text.empty()) return proxy;
  const std::string url = text.find("://") == std::string::npos ? "http://" + text : text;
  auto uri = parse_uri(url);
  const auto bad = [&](std::string_view why) {
    // Not the text itself: it may hold a password.
    return Error(Code::kInvalidArgument, "PROXY", fmt::format("{}: {}", name, why));
  };
  if (!uri) return bad("is no URL; write http://host:port");
  const std::string scheme = lower_case(uri->scheme);
  const bool socks = scheme == "socks5" || scheme == "socks5h";
  if (scheme != "http" && scheme != "https" && !socks) {
    return Error(Code::kUnimplemented, "NOT_BUILT",
                 fmt::format("{}: there are no proxies of {}://; write http://host:port", name,
                             uri->scheme));
  }
  constexpr uint16_t kSocksPort = 1080;
  proxy.kind = socks ? Proxy::Kind::kSocks5 : Proxy::Kind::kHttp;
  proxy.tls = scheme == "https";
  proxy.host = uri->host;
  proxy.port = socks && !uri->has_port ? kSocksPort : uri->port;
  if (uri->has_userinfo) {
    const size_t colon = std::min(uri->userinfo.find(':'), uri->userinfo.size());
    const std::string_view info = uri->userinfo;
    if (!percent_decode(info.substr(0, colon), Plus::kPlusIsPlus, proxy.user) ||
        !percent_decode(info.substr(std::min(colon + 1, info.size())), Plus::kPlusIsPlus,
                        proxy.password))
      return bad("the user has a bad escape");
    if (!socks) {
      proxy.authorization = "Basic ";
      append_base64(proxy.authorization, fmt::format("{}:{}", proxy.user, proxy.password));
    }
  }
  return proxy;
}

}  // namespace

ProxyRules::Exception ProxyRules::parse_exception(std::string_view text) {
  Exception out;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    out.network = address_bytes(text.substr(0, slash));
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), out.bits);
    const bool good = error == std::errc() && end == bits.data() + bits.size() &&
                      out.bits <= 8 * out.network.size();
    if (!good) out.network.clear();
    return out;
  }
  const size_t colon = text.rfind(':');
  const bool bare_v6 = !text.starts_with('[') && text.find(':') != colon;
  if (colon != std::string_view::npos && !bare_v6 &&
      text.find(']', colon) == std::string_view::npos) {
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + colon + 1, text_end, out.port);
    // "b.example:" is any port's, "b.example:http" none's: as it is with Go, who compares texts.
    const bool none = error != std::errc() || end != text_end || out.port <= 0;
    if (none && colon + 1 < text.size()) out.port = kNoPort;
    text = text.substr(0, colon);
  }
  out.network = address_bytes(text);
  out.bits = static_cast<unsigned>(8 * out.network.size());
  if (out.network.empty()) {
    if (text.starts_with("*.")) text.remove_prefix(1);
    out.name = lower_case(text);
  }
  return out;
}

std::string ProxyRules::process_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value != nullptr ? value : "";
}

Result<ProxyRules> ProxyRules::grpc_from_environment(const Variable& variable) {
  auto rules = BIA_TRY(from_environment([&](std::string_view name) {
    return lower_case(name) == "http_proxy" ? std::string() : variable(name);
  }));
  if (!rules.https_.tls) return rules;
  return Error(Code::kUnimplemented, "NOT_BUILT",
               "HTTPS_PROXY: proxies of https:// are not built yet for gRPC; write "
               "http://host:port");
}

Result<ProxyRules> ProxyRules::from_environment(const Variable& variable) {
  const auto either = [&](std::string_view name) {
    std::string value = variable(name);
    return value.empty() ? variable(lower_case(name)) : value;
  };
  ProxyRules rules;
  // In a CGI program HTTP_PROXY is a header that the caller sent (CVE-2016-5386).
  if (variable("REQUEST_METHOD").empty())
    rules.http_ = BIA_TRY(parse_proxy("HTTP_PROXY", either("HTTP_PROXY")));
  rules.https_ = BIA_TRY(parse_proxy("HTTPS_PROXY", either("HTTPS_PROXY")));
  const std::string except = either("NO_PROXY");
  std::string_view rest = except;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    const std::string_view item = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (item == "*") rules.except_all_ = true;
    if (!item.empty()) rules.exceptions_.push_back(parse_exception(item));
  }
  return rules;
}

bool ProxyRules::excepts(std::string_view host, uint16_t port) const {
  const std::string name = lower_case(host);
  const std::string address = address_bytes(name);
  if (except_all_ || is_this_machine(name, address)) return true;
  const auto same_network = [&](const Exception& one) {
    if (one.network.empty() || one.network.size() != address.size()) return false;
    for (unsigned bit = 0; bit < one.bits; ++bit) {
      const unsigned mask = 0x80u >> (bit % 8);
      if (((one.network[bit / 8] ^ address[bit / 8]) & static_cast<int>(mask)) != 0) return false;
    }
    return true;
  };
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](const Exception& one) {
    if (one.port != 0 && one.port != port) return false;
    if (!address.empty()) return same_network(one);
    if (one.name.empty()) return false;
    if (one.name.front() == '.') return name.ends_with(one.name);
    return name == one.name || name.ends_with("." + one.name);
  });
}

const Proxy* ProxyRules::find(Scheme scheme, std::string_view host, uint16_t port) const {
  const Proxy& proxy = scheme == Scheme::kHttps ? https_ : http_;
  return proxy.host.empty() || excepts(host, port) ? nullptr : &proxy;
}

}  // namespace bia::http
