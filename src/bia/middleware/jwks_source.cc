#include <fmt/format.h>

#include <algorithm>

#include "bia/bia/jwt.h"
#include "bia/bia/log.h"
#include "bia/fiber/scheduler.h"
#include "bia/http/client.h"
#include "bia/http/uri.h"
#include "bia/net/tls.h"
#include "fiber/snapshot.h"

namespace bia {
namespace {

constexpr size_t kBodyBytesMax = 1024 * 1024;
constexpr Duration kRetryMin = std::chrono::seconds(1);

}  // namespace

class JwksSource::Impl {
 public:
  using Keys = fiber::Snapshot<JwtKeys>;

  Impl(JwksOptions from, http::ClientOptions client_options, const http::Uri& uri)
      : options(std::move(from)),
        client(std::move(client_options)),
        host(uri.host),
        port(uri.port),
        https(uri.scheme == "https") {
    http::percent_encode_path(uri.path.empty() ? "/" : uri.path, target);
    if (uri.has_query) target.append("?").append(uri.query);
  }

  Result<void> read() {
    http::ClientRequest request;
    request.scheme =
        https ? http::ClientRequest::Scheme::kHttps : http::ClientRequest::Scheme::kHttp;
    request.host = host;
    request.port = port;
    request.target = target;
    http::ClientResponse response;
    http::Timings timings;
    if (auto sent = client.send(request, response, timings, Deadline::after(options.timeout));
        !sent.ok())
      return std::move(sent).error().in(options.url);
    if (response.status != 200)
      return Error(Code::kUnavailable, "JWKS",
                   fmt::format("{}: HTTP {}", options.url, response.status));
    // Not again: the log need not tell twice what of it is left out.
    if (keys->load() && response.body == last) return {};
    auto fresh = JwtKeys::jwks(response.body);
    if (!fresh.ok()) return std::move(fresh).error().in(options.url);
    keys->store(std::make_shared<const JwtKeys>(std::move(*fresh)));
    last = std::move(response.body);
    return {};
  }

  void run() {
    bool failing = false;
    for (;;) {
      const Duration pause =
          failing ? std::min(std::max(options.interval / 10, kRetryMin), options.interval)
                  : options.interval;
      if (!fiber::sleep_for(pause)) return;
      const Result<void> done = read();
      if (fiber::cancelled()) return;
      if (!done.ok() && !failing)
        log::warn("jwks: the last good keys stay: " + done.error().text());
      if (done.ok() && failing) log::info(fmt::format("jwks: {} answers again", options.url));
      failing = !done.ok();
    }
  }

  JwksOptions options;
  http::Client client;
  std::string host;
  uint16_t port;
  bool https;
  std::string target;
  std::string last;  ///< what `keys` are of
  std::shared_ptr<Keys> keys = std::make_shared<Keys>();
  fiber::Fiber reader;
};

Result<std::unique_ptr<JwksSource>> JwksSource::create(JwksOptions options) {
  const std::string url = options.url;
  const http::Uri uri = BIA_TRY(http::parse_uri(url));
  if ((uri.scheme != "http" && uri.scheme != "https") || uri.has_userinfo ||
      options.interval <= Duration::zero())
    return Error(Code::kInvalidArgument, "JWKS",
                 "the address of keys is http:// or https:// without a user, the interval above 0");
  http::ClientOptions client_options;
  client_options.body_bytes_max = kBodyBytesMax;
  if (uri.scheme == "https") {
    net::TlsClientOptions tls;
    tls.ca_file = options.ca_file;
    tls.alpn = {"http/1.1"};
    client_options.tls = BIA_TRY(net::TlsClient::create(std::move(tls)));
  }
  auto impl = std::make_unique<Impl>(std::move(options), std::move(client_options), uri);
  BIA_TRY(impl->read());
  impl->reader =
      BIA_TRY(fiber::Scheduler::current().spawn([running = impl.get()] { running->run(); }));
  return std::unique_ptr<JwksSource>(new JwksSource(std::move(impl)));
}

JwksSource::JwksSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

JwksSource::~JwksSource() {
  impl_->reader.cancel();
  impl_->reader.join().ignore("cancelled");
}

std::function<std::shared_ptr<const JwtKeys>()> JwksSource::keys() const {
  return [keys = impl_->keys] { return keys->load(); };
}

}  // namespace bia
