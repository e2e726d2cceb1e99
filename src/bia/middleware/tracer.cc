// The exporter: spans as bytes through a mailbox to one fiber, which sends them in batches.
#include <fmt/format.h>
#include <sys/random.h>

#include <atomic>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "bia/bia/log.h"
#include "bia/bia/tracing.h"
#include "bia/fiber/mailbox.h"
#include "bia/grpc/client.h"
#include "bia/http/client.h"
#include "bia/middleware/otlp.h"
#include "bia/middleware/tracing_endpoint.h"

namespace bia {
namespace {

constexpr std::string_view kGrpcPath =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr int kAttemptsMax = 3;

/// Ids have to differ, not to be secret; a generator a thread, seeded by the kernel.
uint64_t random_bits() {
  static thread_local uint64_t state = [] {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
      seed = uint64_t(now().time_since_epoch().count());
    return seed;
  }();
  uint64_t z = state += 0x9E3779B97F4A7C15ull;  // splitmix64
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

}  // namespace

class Tracer::Impl {
 public:
  TracingOptions options;
  TracingEndpoint to;
  std::atomic<uint64_t> exported{0}, dropped{0}, failed{0};
  std::unique_ptr<fiber::Mailbox<std::string>> box;
  fiber::Fiber exporter;

  void run();
  Result<void> send(const std::string& body);
  Result<void> send_grpc(const std::string& body, Deadline deadline);
  Result<void> send_http(const std::string& body, Deadline deadline);
  void send_batch(const std::vector<std::string>& spans, size_t begin, size_t end);

 private:
  std::optional<http::Client> http_;
  std::optional<grpc::Channel> grpc_;
  bool complained_ = false;
};

Result<std::unique_ptr<Tracer>> Tracer::create(TracingOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->to = BIA_TRY(TracingEndpoint::parse(options.endpoint));
  BIA_TRY(check_tracing_headers(options.headers));
  if (options.tls && !impl->to.secure)
    return Error(Code::kInvalidArgument, "TRACING",
                 impl->to.shown +
                     " takes spans without TLS, which is configured for them; write "
                     "https:// or grpcs://");
  if (impl->to.secure && !options.tls) {
    net::TlsClientOptions tls;
    tls.alpn = {impl->to.grpc ? "h2" : "http/1.1"};
    options.tls = BIA_TRY(net::TlsClient::create(std::move(tls)));
  }
  impl->options = std::move(options);
  return std::unique_ptr<Tracer>(new Tracer(std::move(impl)));
}

Tracer::Tracer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tracer::~Tracer() = default;

Result<void> Tracer::start() {
  fiber::Scheduler& scheduler = fiber::Scheduler::current();
  impl_->box =
      std::make_unique<fiber::Mailbox<std::string>>(scheduler, impl_->options.queue_spans_max);
  impl_->exporter = BIA_TRY(scheduler.spawn([impl = impl_.get()] { impl->run(); }));
  return {};
}

void Tracer::stop(Deadline deadline) {
  if (!impl_->exporter.valid()) return;
  // An empty message says: send what there is, and end. A full box empties within a turn.
  while (!impl_->box->send(std::string()) && !deadline.expired()) {
    if (!fiber::sleep_for(std::chrono::milliseconds(1))) break;
  }
  if (!impl_->exporter.join(deadline)) {
    impl_->exporter.cancel();
    impl_->exporter.join().ignore("cancelled");
  }
}

SpanContext Tracer::begin(const SpanContext* parent) const {
  SpanContext mine;
  const uint64_t bits[3] = {random_bits(), random_bits(), random_bits() | 1};
  if (parent) {
    mine.trace_id = parent->trace_id;
    mine.sampled = parent->sampled;
  } else {
    std::memcpy(mine.trace_id.data(), bits, 16);
    mine.trace_id[15] = char(mine.trace_id[15] | 1);
    mine.sampled = impl_->options.sample_ratio >= 1 ||
                   double(bits[1] >> 11) * 0x1p-53 < impl_->options.sample_ratio;
  }
  std::memcpy(mine.span_id.data(), &bits[2], 8);
  return mine;
}

const std::string& Tracer::service_name() const { return impl_->options.service_name; }

void Tracer::end(const Span& span) {
  if (!impl_->box || !impl_->box->send(otlp::encode_span(span)))
    impl_->dropped.fetch_add(1, std::memory_order_relaxed);
}

Tracer::Counters Tracer::counters() const {
  return {impl_->exported.load(), impl_->dropped.load(), impl_->failed.load()};
}

void Tracer::Impl::run() {
  bool ending = false;
  while (!ending) {
    std::vector<std::string> spans;
    Deadline gathered = Deadline::never();
    while (!ending && spans.size() < options.batch_spans_max) {
      auto more = box->receive(gathered);
      if (!more) {
        if (more.error().code() == Code::kCancelled) return;
        break;
      }
      if (gathered.is_never()) gathered = Deadline::after(options.interval);
      for (std::string& span : *more) {
        if (span.empty()) {
          ending = true;
        } else {
          spans.push_back(std::move(span));
        }
      }
    }
    for (size_t at = 0; at < spans.size(); at += options.batch_spans_max)
      send_batch(spans, at, std::min(at + options.batch_spans_max, spans.size()));
  }
}

void Tracer::Impl::send_batch(const std::vector<std::string>& spans, size_t begin, size_t end) {
  const std::string body = otlp::encode_export(options, spans, begin, end);
  Result<void> sent;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (attempt > 0 && !fiber::sleep_for(std::chrono::milliseconds(100) * (1 << attempt))) break;
    sent = send(body);
    if (sent.ok() || sent.error().code() == Code::kInvalidArgument) break;
  }
  (sent.ok() ? exported : failed).fetch_add(end - begin, std::memory_order_relaxed);
  // Once, not with each batch.
  if (!sent.ok() && !complained_)
    log::warn(fmt::format("tracing: {} does not take spans: {}", to.shown, sent.error().text()));
  if (sent.ok() && complained_) log::info(fmt::format("tracing: {} takes spans again", to.shown));
  complained_ = !sent.ok();
}

Result<void> Tracer::Impl::send(const std::string& body) {
  const Deadline deadline = Deadline::after(options.timeout);
  return to.grpc ? send_grpc(body, deadline) : send_http(body, deadline);
}

Result<void> Tracer::Impl::send_grpc(const std::string& body, Deadline deadline) {
  if (!grpc_) {
    grpc::ChannelOptions channel;
    if (to.secure) channel.tls = options.tls;
    channel.server_name = options.tls_server_name;
    grpc_.emplace(to.authority(), std::move(channel));
  }
  grpc::Metadata metadata;
  for (const auto& [name, value] : options.headers) metadata.emplace_back(lower_case(name), value);
  grpc::UnaryReply reply;
  grpc::CallOptions call;
  call.deadline = deadline;
  call.metadata = &metadata;
  grpc_->unary(kGrpcPath, body, call, reply);
  if (reply.status.code == Code::kOk) return {};
  return Error(reply.status.code, "TRACING", reply.status.message);
}

Result<void> Tracer::Impl::send_http(const std::string& body, Deadline deadline) {
  if (!http_) {
    http::ClientOptions client;
    client.tls = options.tls;
    client.tls_server_name = options.tls_server_name;
    http_.emplace(std::move(client));
  }
  http::Headers headers;
  headers.add("Content-Type", "application/x-protobuf");
  for (const auto& [name, value] : options.headers) headers.add(name, value);
  http::ClientRequest request;
  if (to.secure) request.scheme = http::ClientRequest::Scheme::kHttps;
  request.method = "POST";
  request.host = to.host;
  request.port = to.port;
  request.target = to.target;
  request.headers = &headers;
  request.body = body;
  http::ClientResponse response;
  http::Timings timings;
  BIA_TRY(http_->send(request, response, timings, deadline));
  if (response.status >= 200 && response.status < 300) return {};
  return Error::from_http(response.status, "TRACING", fmt::format("HTTP {}", response.status));
}

}  // namespace bia
