#include "zelus/modules/http/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "bia/http/redirect.h"
#include "http/http2/http2_protocol.h"
#include "zelus/modules/http/content_encoding.h"
#include "zelus/modules/http/http_debug.h"
#include "zelus/modules/http/http_user.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

/// What k6 makes of a failure: its code, its short text, Go's text (parity/k6.md 5.2).
struct Failure {
  int code;
  std::string text;
  std::string go_text;
};

/// Who was to be reached, "host:port".
std::string dial_target(const bia::Error& error, std::string_view peer) {
  const std::string_view message = error.message();  // "connect 127.0.0.1:80: Connection refused"
  if (constexpr std::string_view kConnect = "connect "; message.starts_with(kConnect)) {
    const std::string_view rest = message.substr(kConnect.size());
    return std::string(rest.substr(0, rest.find(": ")));
  }
  return std::string(peer);
}

/// Codes 1610, 1630 and 1650, and above them HTTP/2's own number.
Failure classify_http2(const bia::Error& error) {
  const std::string_view reason = error.reason();
  const int base = reason == "HTTP2_GOAWAY" ? 1610 : reason == "HTTP2_STREAM" ? 1630 : 1650;
  for (const auto& [key, value] : error.metadata()) {
    if (key != "http2_error") continue;
    const unsigned long number = std::stoul(value);
    const std::string_view what = base == 1610   ? "received GoAway"
                                  : base == 1630 ? "stream error"
                                                 : "connection error";
    const std::string_view name =
        bia::http::http2_error_name(static_cast<bia::http::Http2Error>(number));
    if (number > 13) {
      return {base,
              fmt::format("http2: {} with http2 ErrCode unknown error code 0x{:x}", what, number),
              error.message()};
    }
    return {base + 1 + static_cast<int>(number),
            fmt::format("http2: {} with http2 ErrCode {}", what, name),
            base == 1650 ? fmt::format("connection error: {}", name) : error.message()};
  }
  return {base, error.message(), error.message()};
}

/// Where the system refuses to dial for a reason that k6 has no code for.
std::optional<Failure> classify_dial(const bia::Error& error, const std::string& address) {
  if (!error.message().starts_with("connect ")) return std::nullopt;
  for (const auto& [key, value] : error.metadata()) {
    if (key != "errno") continue;
    const int number = std::stoi(value);
    std::string text = std::strerror(number);  // Go's begin with a small letter.
    if (!text.empty()) text[0] = static_cast<char>(text[0] | 0x20);
    return Failure{1213, fmt::format("dial: unknown errno {} error with msg `{}`", number, text),
                   fmt::format("dial tcp {}: connect: {}", address, text)};
  }
  return std::nullopt;
}

Failure classify(const bia::Error& error, std::string_view peer) {
  std::string_view reason = error.reason();
  std::string address = dial_target(error, peer);
  if (reason == "CONNECTION_REFUSED")
    return {1212, "dial: connection refused",
            fmt::format("dial tcp {}: connect: connection refused", address)};
  if (reason == "DIAL_TIMEOUT" ||
      (reason == "CONNECTION_TIMED_OUT" && error.message().starts_with("connect ")))
    return {1211, "dial: i/o timeout", "dial: i/o timeout"};
  if (reason == "NO_SUCH_HOST")
    return {1101, "lookup: no such host",
            fmt::format("lookup {}: no such host", peer.substr(0, peer.rfind(':')))};
  if (reason == "LOOKUP_FAILED") {
    if (error.message().ends_with("i/o timeout"))
      return {1050, "request timeout", "request timeout"};
    return {1100, error.message(), error.message()};
  }
  if (reason == "TLS_ALERT") return {1010, error.message(), error.message()};
  if (reason == "HOST_BLOCKED") return {1111, "hostname is blocked", error.message()};
  if (reason == "IP_BLACKLISTED") return {1110, "ip is blacklisted", error.message()};
  if (reason == "CONNECTION_RESET") {
    const bool dial = error.message().starts_with("connect ");
    const std::string_view what = dial                                   ? "dial"
                                  : error.message().starts_with("write") ? "write"
                                                                         : "read";
    return {1220, fmt::format("{}: connection reset by peer", what),
            fmt::format("{} tcp {}: {}: connection reset by peer", what, address,
                        dial ? "connect" : what)};
  }
  if (reason == "BROKEN_PIPE")
    return {1201, "write: broken pipe", fmt::format("write tcp {}: write: broken pipe", address)};
  if (reason == "SOCKS_REFUSED") return {1200, error.message(), error.message()};
  if (reason == "TLS_UNKNOWN_AUTHORITY") return {1310, "x509: unknown authority", error.message()};
  if (reason == "TLS_HOST_MISMATCH")
    return {1311, "x509: certificate doesn't match hostname", error.message()};
  if (reason == "TLS_NOT_TLS") return {1301, error.message(), error.message()};
  if (reason == "TLS_HANDSHAKE_TIMEOUT")
    return {1000, "net/http: TLS handshake timeout", "net/http: TLS handshake timeout"};
  if (reason.starts_with("HTTP2_")) return classify_http2(error);
  if (error.code() == Code::kDeadlineExceeded) return {1050, "request timeout", "request timeout"};
  if (auto dial = classify_dial(error, address)) return *std::move(dial);
  return {1000, error.message(), error.message()};
}

constexpr int kRequestTimeout = 1050;
constexpr int kTcpError = 1200;
constexpr int kDialError = 1210;

/// Of a request to `url`. Go wraps what keeps it from a proxy, and k6 looks no further then.
Failure classify(const bia::Error& error, const Url& url) {
  for (const auto& [key, proxy] : error.metadata()) {
    if (key != bia::http::kProxyKey) continue;
    if (error.reason() == "DIAL_TIMEOUT")
      return {kRequestTimeout, "request timeout", "request timeout"};
    std::string text = "proxyconnect tcp: " + classify(error, proxy).go_text;
    return {kTcpError, text, text};
  }
  return classify(error, fmt::format("{}:{}", url.host, url.port));
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool has_body_for_redirect(int status) { return status == 307 || status == 308; }

/// Go leaves these out once a redirect has dropped the body.
bool describes_content(std::string_view name) {
  constexpr std::string_view kNames[] = {"Content-Encoding", "Content-Language", "Content-Location",
                                         "Content-Type"};
  return std::any_of(std::begin(kNames), std::end(kNames), [name](std::string_view field) {
    return bia::http::field_name_equals(name, field);
  });
}

/// Go sends a body that is given and empty in chunks, but not with these.
bool usually_lacks_body(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",     "HEAD",     "DELETE",
                                           "OPTIONS", "PROPFIND", "SEARCH"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

}  // namespace

bool ExpectedStatuses::contains(int status) const {
  return std::any_of(ranges.begin(), ranges.end(),
                     [status](Range r) { return r.min <= status && status <= r.max; });
}

std::string go_method(std::string_view method) {
  std::string out(method);
  for (size_t i = 1; i < out.size(); ++i)
    out[i] = out[i] >= 'A' && out[i] <= 'Z' ? static_cast<char>(out[i] | 0x20) : out[i];
  return out.empty() ? "Get" : out;
}

void Exchange::clear() {
  request.method.clear();
  request.url.reset();
  request.headers.fields().clear();
  request.body.clear();
  request.plain_body.clear();
  request.refused.clear();
  request.auth = HttpRequest::Auth::kBasic;
  request.cookies.clear();
  request.expected.reset();
  response.clear();
  // A large body does not stay with the reused object.
  if (response.body.capacity() > 64 * 1024) std::string().swap(response.body);
  if (request.body.capacity() > 64 * 1024) std::string().swap(request.body);
  timings = {};
  final_url.reset();
  status = 0;
  error_code = 0;
  error.clear();
  log_error.clear();
  interrupted = false;
  body_kept = false;
  redirected = false;
  sent_cookies.clear();
  referer_.clear();
  target_.reset();
  content_dropped_ = false;
  authorization_.clear();
  digest_user_.clear();
  challenged_ = false;
  ntlm_step_ = NtlmStep::kOff;
  refusal_.reset();
  foreign_ = false;
}

const bia::http::Headers* Exchange::build_headers(Vu& vu, const Url& url, std::string_view method,
                                                  bool with_body) {
  const bool first = final_url == nullptr;
  const bool empty_chunks = with_body && request.body.empty() && !usually_lacks_body(method);
  bool jar = request.jar != nullptr && !request.jar->empty();
  bool plain = request.headers.size() == 0 && !jar && request.cookies.empty() && !url.has_user &&
               referer_.empty() && authorization_.empty() && digest_user_.empty() && !empty_chunks;
  if (plain) return &vu.thread().http->default_headers();
  wire_headers_.fields().clear();
  if (!request.headers.has("User-Agent") && !vu.script().options.user_agent.empty()) {
    wire_headers_.add("User-Agent", vu.script().options.user_agent);
  }
  if (empty_chunks) wire_headers_.add("Transfer-Encoding", "chunked");
  for (const auto& [name, value] : request.headers) {
    // Go's transport frames by itself.
    if (bia::http::field_name_equals(name, "Content-Length") ||
        bia::http::field_name_equals(name, "Transfer-Encoding") ||
        bia::http::field_name_equals(name, "Trailer") ||
        bia::http::field_name_equals(name, "Cookie"))
      continue;
    if ((!authorization_.empty() || ntlm_step_ != NtlmStep::kOff) &&
        bia::http::field_name_equals(name, "Authorization"))
      continue;
    if (foreign_ && (bia::http::field_name_equals(name, "Authorization") ||
                     bia::http::field_name_equals(name, "Host")))
      continue;
    if (content_dropped_ && describes_content(name)) continue;
    // Go: an empty Host is the URL's, an empty User-Agent none.
    if (value.empty() && (bia::http::field_name_equals(name, "Host") ||
                          bia::http::field_name_equals(name, "User-Agent")))
      continue;
    wire_headers_.add(name, bia::trim(value));
  }
  if (!authorization_.empty()) {
    wire_headers_.add("Authorization", authorization_);
  } else if ((url.has_user || !digest_user_.empty()) && ntlm_step_ == NtlmStep::kOff &&
             (foreign_ || !request.headers.has("Authorization"))) {
    wire_headers_.add(
        "Authorization",
        "Basic " + bia::base64_encode(url.has_user ? url.credentials() : digest_user_));
  }
  if (!referer_.empty() && !request.headers.has("Referer")) wire_headers_.add("Referer", referer_);
  std::string line = cookie_line(vu, url);
  if (!line.empty()) wire_headers_.add("Cookie", line);
  if (first) sent_cookies = std::move(line);
  return &wire_headers_;
}

void Exchange::fail(const bia::Error& failure, const Url& url, std::string_view method) {
  if (failure.code() == Code::kCancelled) {
    interrupted = true;
    return;
  }
  Failure known = classify(failure, url);
  status = 0;
  error_code = known.code;
  error = std::move(known.text);
  // As Go's client tells of a body, or of a head, that it could not read.
  if (response.status != 0) {
    log_error = std::move(known.go_text);
    return;
  }
  const bool broken_head = failure.reason() == "BAD_RESPONSE" || error == "unexpected EOF";
  log_error = fmt::format("{} \"{}\": {}{}", go_method(method), url.shown(),
                          broken_head ? "net/http: HTTP/1.x transport connection broken: " : "",
                          known.go_text);
}

bool Exchange::hop(Vu& vu, bia::http::Client& client, const Url& url, std::string_view method,
                   bool with_body, bia::Deadline deadline) {
  bia::http::ClientRequest wire;
  wire.method = method;
  if (url.scheme == "https") wire.scheme = bia::http::ClientRequest::Scheme::kHttps;
  wire.host = url.host;
  wire.port = url.port;
  wire.target = url.target;
  wire.headers = build_headers(vu, url, method, with_body);
  if (with_body) wire.body = request.body;
  wire.response_body = request.response_type == ResponseType::kNone
                           ? bia::http::ClientRequest::Body::kDiscard
                           : bia::http::ClientRequest::Body::kKeep;
  HttpDebug debug(vu, request.tags);
  debug.request(wire);
  response.clear();
  auto sent = client.send(wire, response, timings, deadline);
  vu.count_bytes(timings.bytes_sent, timings.bytes_received);
  if (!sent) {
    fail(sent.error(), url, method);
    response.headers.fields().clear();
    return false;
  }
  debug.response(response);
  if (!response.body.empty()) {
    if (std::string encodings = response.headers.joined("Content-Encoding"); !encodings.empty()) {
      if (auto decoded = decode_content(encodings, response.body); !decoded) {
        fail_unpacking(decoded.error());
        return false;
      }
    }
  }
  status = response.status;
  error_code = status >= 400 ? 1000 + status : 0;
  error.clear();
  return true;
}

void Exchange::fail_unpacking(const bia::Error& failure) {
  status = 0;
  response.headers.fields().clear();
  error = log_error = failure.message();
  error_code = 1000;
  if (failure.reason() == "CUT_ENCODING" || failure.reason() == "CORRUPT_ENCODING") return;
  error_code = 1701;
  error = log_error = fmt::format("error decompressing response body ({})", error);
  // k6 wraps what most of its decoders say twice.
  if (failure.reason() == "BAD_ENCODING")
    error = fmt::format("error decompressing response body ({})", log_error);
}

void Exchange::keep_cookies(const Url& url) {
  if (request.jar == nullptr) return;
  for (const auto& [name, value] : response.headers) {
    Cookie cookie;
    if (bia::http::field_name_equals(name, "Set-Cookie") && parse_set_cookie(value, cookie))
      request.jar->set(url, std::move(cookie), unix_now_ms());
  }
}

void Exchange::record(Vu& vu, const std::shared_ptr<const Url>& url, std::string_view method) {
  HttpOutcome outcome;
  outcome.base = request.tags;
  outcome.url = url;
  outcome.method = method;
  outcome.status = status;
  outcome.error_code = error_code;
  outcome.error = error;
  outcome.proto_minor = response.version == 2 ? 2 : response.version_minor;
  if (status != 0 && response.tls) outcome.tls_version = response.tls->version;
  outcome.has_expected = request.default_expected || request.expected != nullptr;
  outcome.expected = request.default_expected
                         ? status >= 200 && status < 400
                         : request.expected != nullptr && request.expected->contains(status);
  // k6: the first answer to digest shall be 401, to NTLM it may be.
  if (challenged_)
    outcome.expected =
        status == 401 || (request.auth == HttpRequest::Auth::kNtlm && outcome.expected);
  if (vu.script().has(metrics::SystemTag::kIp) && response.remote.port() != 0)
    outcome.ip = response.remote.host();
  metrics::Shard& shard = vu.shard();
  const HttpSeries& series = vu.thread().http->series(shard, outcome);
  metrics::Moment moment = vu.moment();
  shard.add(series.timed[0], 1, moment);
  const Duration parts[] = {duration() + vu.take_start_delay(),
                            timings.blocked,
                            timings.connecting,
                            timings.tls_handshaking,
                            timings.sending,
                            timings.waiting,
                            timings.receiving};
  for (size_t i = 0; i < std::size(parts); ++i)
    shard.add(series.timed[i + 1], ms(parts[i]), moment);
  if (outcome.has_expected) shard.add(series.failed, outcome.expected ? 0 : 1, moment);
}

bool Exchange::find_target(const Url& url, std::string_view method) {
  target_.reset();
  if (!is_redirect(status)) return true;
  std::string_view location = response.headers.get("Location");
  if (location.empty()) return true;
  auto next = resolve_url(url, location);
  if (next) {
    target_ = std::move(*next);
    return true;
  }
  fail_early(
      url, method,
      fmt::format("failed to parse Location header \"{}\": {}", location, next.error().message()));
  return false;
}

bool Exchange::redirect(Vu& vu, std::shared_ptr<const Url>& url, std::string& method,
                        bool& with_body, int hops) {
  if (!target_) return false;
  if (hops > request.redirects) {
    if (!request.redirects_set) {
      vu.script().log(LogLevel::kWarning,
                      fmt::format("Stopped after {} redirects and returned the redirection; pass "
                                  "{{ redirects: n }} in request params or set global "
                                  "maxRedirects to silence this",
                                  hops),
                      {{"url", request.url->encoded}});
    }
    return false;
  }
  if (!has_body_for_redirect(status)) {
    if (method != "GET" && method != "HEAD") method = "GET";
    with_body = false;
    content_dropped_ = true;
  }
  foreign_ = foreign_ || !bia::http::is_same_site(url->host, target_->host);
  referer_ = url->scheme == "https" && target_->scheme == "http" ? "" : url->bare();
  digest_user_.clear();
  auto cached = vu.thread().urls.get(target_->encoded);
  url = cached ? *cached : std::make_shared<const Url>(*std::move(target_));
  final_url = url;
  redirected = true;
  return true;
}

void Exchange::fail_early(const Url& url, std::string_view method, std::string text) {
  status = 0;
  response.clear();
  error_code = 1000;
  error = std::move(text);
  log_error = fmt::format("{} \"{}\": {}", go_method(method), url.shown(), error);
}

void Exchange::refuse(Vu& vu, const std::shared_ptr<const Url>& url, std::string_view method,
                      std::string text, int code) {
  fail_early(*url, method, std::move(text));
  error_code = code;
  timings = {};
  if (final_url == nullptr) sent_cookies = cookie_line(vu, *url);
  record(vu, url, method);
}

void Exchange::perform(Vu& vu, HttpUser& user) {
  std::shared_ptr<const Url> url = request.url;
  std::string method = request.method;
  bool with_body = request.has_body;
  if (request.auth == HttpRequest::Auth::kDigest && url->has_user) {
    if (auto bare = vu.thread().urls.get(url->bare())) {
      digest_user_ = url->credentials();
      url = *bare;
    }
  }
  vu.script().wait_for_rate();
  if (!request.refused.empty()) return refuse(vu, url, method, request.refused);
  if (request.timeout <= bia::Duration(0))
    return refuse(vu, url, method, "request timeout", kRequestTimeout);
  bia::Deadline deadline = bia::Deadline::after(request.timeout);
  for (int hops = 1;; ++hops) {
    bia::http::Client* client = nullptr;
    if (url->scheme == "http" && !user.dials_by_tls()) {
      client = &user.client();
    } else if (url->scheme == "http" || url->scheme == "https") {
      auto connects = user.tls_client();
      if (!connects) return fail_early(*url, method, connects.error().message());
      client = *connects;
    } else {
      return refuse(vu, url, method,
                    fmt::format("unsupported protocol scheme \"{}\"", url->scheme));
    }
    if (url->host.empty()) return refuse(vu, url, method, "http: no Host in request URL");
    if (!url->port_too_large.empty()) {
      return refuse(vu, url, method,
                    fmt::format("dial tcp: address {}: invalid port", url->port_too_large),
                    kDialError);
    }
    const bool ntlm = request.auth == HttpRequest::Auth::kNtlm;
    if (ntlm && ntlm_step_ == NtlmStep::kOff && !credentials(*url).empty())
      ntlm_step_ = NtlmStep::kAnonymous;
    challenged_ = final_url == nullptr && request.auth != HttpRequest::Auth::kBasic;
    bool ok = hop(vu, *client, *url, method, with_body, deadline);
    if (!ok && !interrupted) interrupted = vu.should_stop();
    if (interrupted) return;
    if (ok) ok = find_target(*url, method);
    record(vu, url, method);
    final_url = url;
    if (!ok && ntlm_step_ < NtlmStep::kNegotiated) return;
    if (!ok) {
      back_to_refusal();
    } else if (request.auth != HttpRequest::Auth::kBasic &&
               answer_challenge(*url, method, with_body)) {
      --hops;
      continue;
    }
    keep_cookies(*url);
    authorization_.clear();
    ntlm_step_ = NtlmStep::kOff;
    if (!redirect(vu, url, method, with_body, hops)) break;
  }
  body_kept = request.response_type != ResponseType::kNone && status >= 200 && status != 204 &&
              status != 304;
}

}  // namespace zelus::modules
