#include "zelus/modules/source/remote_modules.h"

#include <fmt/format.h>

#include "bia/net/tls.h"
#include "zelus/modules/source/module_lock.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {
constexpr int kRedirectsMax = 10;
constexpr bia::Duration kPatience = std::chrono::seconds(60);

/// No network, or none to that host: what a copy on disk may stand for.
bool is_unreachable(const Error& error) {
  const std::string_view reason = error.reason();
  return reason == "CONNECTION_REFUSED" || reason == "NO_SUCH_HOST" || reason == "UNREACHABLE" ||
         reason == "CONNECT_FAILED" || reason == "DIAL_TIMEOUT" || reason == "REQUEST_TIMEOUT";
}

Error not_cached(const std::string& url, const ModuleCache& cache) {
  return Error(Code::kNotFound, "NOT_CACHED",
               fmt::format("{} is not in the cache ({}), and --modules-offline forbids the "
                           "network; run once without it",
                           url, cache.folder().empty() ? "none: HOME is not set" : cache.folder()));
}

Error failed(const std::string& url, const Error& error, const Url& at) {
  std::string why = error.message();
  if (error.reason() == "CONNECTION_REFUSED")
    why = fmt::format("dial tcp {}:{}: connect: connection refused", at.host, at.port);
  return Error(error.code(), error.reason(), fmt::format("Get \"{}\": {}", url, why));
}
}  // namespace

Result<void> RemoteModules::make_client() {
  if (client_) return {};
  bia::http::ClientOptions options;
  if (!options_.proxies) return Error(options_.proxies.error());
  options.proxies = *options_.proxies;
  bia::net::TlsClientOptions tls;
  tls.alpn = {"http/1.1"};
  options.tls = BIA_TRY(bia::net::TlsClient::create(tls));
  options.body_bytes_max = kBytesMax;
  client_ = std::make_unique<bia::http::Client>(options);
  return {};
}

Result<std::string> RemoteModules::get(const std::string& url, const std::string& shown,
                                       bia::Deadline deadline, int& status) {
  BIA_TRY(make_client());
  Url at = BIA_TRY(parse_url(url));
  for (int hops = 0; hops <= kRedirectsMax; ++hops) {
    if (at.scheme != "https")
      return Error(Code::kInvalidArgument, "NOT_HTTPS",
                   fmt::format("{} leads to {}, which is not https", shown, at.encoded));
    if (!at.port_too_large.empty())
      return Error(
          Code::kInvalidArgument, "BAD_PORT",
          fmt::format("Get \"{}\": dial tcp: address {}: invalid port", shown, at.port_too_large));
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
      return failed(shown, sent.error(), at);
    status = response.status;
    std::string_view location = response.headers.get("Location");
    bool redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!redirect || location.empty()) return std::move(response.body);
    at = BIA_TRY(resolve_url(at, location));
  }
  return Error(Code::kFailedPrecondition, "TOO_MANY_REDIRECTS",
               fmt::format("Get \"{}\": stopped after {} redirects", shown, kRedirectsMax));
}

Result<std::string> RemoteModules::download(const std::string& url) {
  bia::Deadline deadline = bia::Deadline::after(kPatience);
  std::string plain = url.substr(0, url.find('#'));
  std::string marked = plain + (plain.find('?') == std::string::npos ? "?" : "&") + "_k6=1";
  int status = 0;
  auto text = get(marked, plain, deadline, status);
  if (text ? status != 200 : !is_unreachable(text.error()))
    text = get(plain, plain, deadline, status);
  if (!text || status == 200) return text;
  if (status == 404) return Error(Code::kNotFound, "NOT_FOUND", fmt::format("not found: {}", url));
  return Error(Code::kUnavailable, "BAD_STATUS",
               fmt::format("wrong status code ({}) for: {}", status, url));
}

Result<std::string> RemoteModules::locked(const std::string& url, const std::string& hash) {
  auto text = cache_.by_hash(hash);
  if (text) return std::move(*text);
  if (options_.offline) return not_cached(url, cache_);
  std::string fresh = BIA_TRY(download(url));
  const std::string got = sha256_hex(fresh);
  if (got != hash) {
    return Error(Code::kFailedPrecondition, "LOCK_MISMATCH",
                 fmt::format("{} is no longer what {} has: SHA-256 {} came, {} was locked; if the "
                             "change is meant, run once with --modules-lock",
                             url, options_.lock_name, got, hash));
  }
  cache_.put(url, fresh);
  return fresh;
}

Result<std::string> RemoteModules::unlocked(const std::string& url) {
  if (options_.offline) {
    auto kept = cache_.by_url(url);
    if (!kept) return not_cached(url, cache_);
    return std::move(*kept);
  }
  auto text = download(url);
  if (text) {
    cache_.put(url, *text);
  } else if (is_unreachable(text.error())) {
    if (auto kept = cache_.by_url(url)) {
      logger_.log(options::LogLevel::kWarning,
                  "A module could not be fetched; the last copy on disk is used",
                  {{"error", text.error().message()}, {"url", url}});
      return std::move(*kept);
    }
  }
  return text;
}

Result<std::string> RemoteModules::fetch(const std::string& url) {
  if (options_.lock && !options_.taken) {
    auto line = options_.lock->find(url);
    if (line == options_.lock->end()) {
      return Error(Code::kFailedPrecondition, "NOT_LOCKED",
                   fmt::format("{} has no {}; run once with --modules-lock to add it",
                               options_.lock_name, url));
    }
    return locked(url, line->second);
  }
  auto text = unlocked(url);
  if (text && options_.taken) (*options_.taken)[url] = sha256_hex(*text);
  return text;
}

}  // namespace zelus::modules
