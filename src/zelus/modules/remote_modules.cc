#include "zelus/modules/remote_modules.h"

#include <fmt/format.h>

#include "bia/net/tls.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {
constexpr int kRedirectsMax = 10;
constexpr bia::Duration kPatience = std::chrono::seconds(60);

Error failed(const std::string& url, const Error& error, const Url& at) {
  std::string why = error.message();
  if (error.reason() == "CONNECTION_REFUSED")
    why = fmt::format("dial tcp {}:{}: connect: connection refused", at.host, at.port);
  return Error(error.code(), error.reason(), fmt::format("Get \"{}\": {}", url, why));
}
}  // namespace

Result<std::string> RemoteModules::get(const std::string& url, bia::Deadline deadline,
                                       int& status) {
  if (!client_) {
    bia::http::ClientOptions options;
    bia::net::TlsClientOptions tls;
    tls.alpn = {"http/1.1"};
    options.tls = BIA_TRY(bia::net::TlsClient::create(tls));
    options.body_bytes_max = kBytesMax;
    client_ = std::make_unique<bia::http::Client>(options);
  }
  Url at = BIA_TRY(parse_url(url));
  for (int hops = 0; hops <= kRedirectsMax; ++hops) {
    if (at.scheme != "https")
      return Error(Code::kInvalidArgument, "NOT_HTTPS",
                   fmt::format("{} leads to {}, which is not https", url, at.encoded));
    bia::http::Headers headers;
    headers.set("Host", at.host_header);
    headers.set("User-Agent", "zelus");
    bia::http::ClientRequest request;
    request.scheme = bia::http::ClientRequest::Scheme::kHttps;
    request.host = at.host;
    request.port = at.port;
    request.target = at.target;
    request.headers = &headers;
    bia::http::ClientResponse response;
    bia::http::Timings timings;
    if (auto sent = client_->send(request, response, timings, deadline); !sent)
      return failed(url, sent.error(), at);
    status = response.status;
    std::string_view location = response.headers.get("Location");
    bool redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!redirect || location.empty()) return std::move(response.body);
    at = BIA_TRY(resolve_url(at, location));
  }
  return Error(Code::kFailedPrecondition, "TOO_MANY_REDIRECTS",
               fmt::format("Get \"{}\": stopped after {} redirects", url, kRedirectsMax));
}

Result<std::string> RemoteModules::fetch(const std::string& url) {
  bia::Deadline deadline = bia::Deadline::after(kPatience);
  std::string plain = url.substr(0, url.find('#'));
  std::string marked = plain + (plain.find('?') == std::string::npos ? "?" : "&") + "_k6=1";
  int status = 0;
  auto text = get(marked, deadline, status);
  if (!text || status != 200) text = get(plain, deadline, status);
  if (!text || status == 200) return text;
  return Error(Code::kNotFound, "NOT_FOUND", fmt::format("not found: {}", url));
}

}  // namespace zelus::modules
