// A service with all the middleware, whose Wait calls its like at `peer`, if it is told one: by
// hand, or with `through: grpc` or `through: http` by a ServiceClient with all its middleware.
#include "bia/bia/app.h"
#include "bia/bia/discovery.h"
#include "bia/bia/jwt.h"
#include "bia/bia/propagation.h"
#include "bia/bia/rate_limit.h"
#include "bia/bia/selected.h"
#include "bia/bia/service_client.h"
#include "bia/bia/tracing.h"
#include "bia/fiber/scheduler.h"
#include "slow.bia.h"

namespace {

class Chained final : public slow::v1::SlowService {
 public:
  Chained(bia::ServicePool* peer, bia::ServiceClient* grpc, bia::ServiceClient* http,
          bia::Duration hold)
      : peer_(peer), grpc_(grpc), http_(http), hold_(hold) {}
  bia::Result<slow::v1::WaitReply> Wait(bia::Context& context,
                                        const slow::v1::WaitRequest& request) override {
    if (const auto* metadata = context.find<bia::ServerMetadata>()) {
      for (const auto& [name, value] : metadata->entries) context.add_reply_header(name, value);
    }
    if (grpc_) return slow::v1::SlowClient(*grpc_, context).Wait(request);
    if (http_) return slow::v1::SlowHttpClient(*http_, context).Wait(request);
    if (!peer_) {
      const bia::Result<void> waited = bia::fiber::sleep_for(hold_);
      if (!waited.ok() && waited.error().code() == bia::Code::kCancelled)
        bia::log::info("the wait was cancelled");
      slow::v1::WaitReply reply;
      reply.set_milliseconds(request.milliseconds());
      return reply;
    }
    const bia::Outgoing outgoing(context);
    return peer_->call([&](bia::grpc::Channel& channel) {
      return slow::v1::SlowClient(channel).Wait(request, outgoing.grpc());
    });
  }
  bia::Result<slow::v1::WaitReply> Spin(bia::Context& context,
                                        const slow::v1::WaitRequest&) override {
    context.add_reply_header("x-subject", context.find<bia::JwtClaims>()->subject);
    return slow::v1::WaitReply();
  }
  bia::Result<slow::v1::WaitReply> Fail(bia::Context& context,
                                        const slow::v1::WaitRequest&) override {
    slow::v1::WaitRequest request;
    if (grpc_) return slow::v1::SlowClient(*grpc_, context).Fail(request);
    if (http_) return slow::v1::SlowHttpClient(*http_, context).Fail(request);
    return bia::Error::from_http(422, "UNPROCESSABLE", "cannot be");
  }
  bia::Result<void> Count(bia::Context& context, const slow::v1::WaitRequest& request,
                          bia::ServerWriter<slow::v1::WaitReply>& writer) override {
    if (grpc_) {
      auto call = BIA_TRY(slow::v1::SlowClient(*grpc_, context).Count());
      BIA_TRY(call.write(request));
      call.close_send();
      slow::v1::WaitReply reply;
      while (BIA_TRY(call.read(reply))) BIA_TRY(writer.write(reply));
      return call.finish();
    }
    slow::v1::WaitReply reply;
    for (int i = 1; i <= request.milliseconds(); ++i) {
      reply.set_milliseconds(i);
      BIA_TRY(writer.write(reply));
    }
    return {};
  }

 private:
  bia::ServicePool* peer_;
  bia::ServiceClient* grpc_;
  bia::ServiceClient* http_;
  bia::Duration hold_;  ///< before each answer to Wait
};

/// `peer`, `peer_etcd` (an address, or all of an etcd's settings), `peer_ca`.
bia::Result<bia::PoolOptions> pool_options(const bia::Config& config, const std::string& scheme) {
  bia::PoolOptions options{.target = BIA_TRY(config.string("peer")), .scheme = scheme};
  if (config.has("peer_etcd.endpoints")) {
    options.etcd = BIA_TRY(bia::read_etcd_options(config, "peer_etcd"));
  } else if (config.has("peer_etcd")) {
    options.etcd.endpoints = {BIA_TRY(config.string("peer_etcd"))};
  }
  if (config.has("peer_ca")) {
    bia::net::TlsClientOptions tls;
    tls.roots = bia::net::TlsClientOptions::Roots::kNone;
    tls.ca_file = BIA_TRY(config.string("peer_ca"));
    tls.alpn = {"h2"};
    options.tls = BIA_TRY(bia::net::TlsClient::create(std::move(tls)));
  }
  return options;
}

bia::Result<bia::ServiceClient*> client(bia::App& app, const std::string& scheme) {
  bia::ServiceClientOptions options;
  options.pool = BIA_TRY(pool_options(app.config(), scheme));
  options.retry.attempts = 2;
  if (app.config().has("hedge")) {
    options.hedge.copies = 2;
    options.hedge.delay = BIA_TRY(app.config().duration("hedge"));
  }
  auto& made = app.own(BIA_TRY(bia::ServiceClient::create(std::move(options))));
  made.use(bia::recovery_middleware());
  if (app.tracer()) made.use(bia::tracing_middleware(*app.tracer()));
  made.use(bia::access_log_middleware());
  made.use(bia::client_metrics_middleware(app.metrics()));
  made.use(bia::request_id_middleware());
  made.use(bia::metadata_middleware());
  made.use(bia::circuit_breaker_middleware());
  return &made;
}

bia::Result<void> wire(bia::App& app) {
  bia::Duration hold = bia::Duration::zero();
  if (app.config().has("hold")) hold = BIA_TRY(app.config().duration("hold"));
  app.use(bia::request_id_middleware());
  app.use(bia::access_log_middleware());
  app.use(bia::recovery_middleware());
  app.use(bia::metadata_middleware());
  app.use(bia::rate_limit_middleware());
  auto keys = BIA_TRY(bia::JwtKeys::secret(bia::JwtAlgorithm::kHs256, "secret"));
  app.use(BIA_TRY(bia::selected({.paths = {std::string(slow::v1::SlowService::kSpin)}},
                                bia::jwt_middleware(std::move(keys)))));
  bia::ServicePool* peer = nullptr;
  if (app.config().has("through")) {
    const std::string scheme = BIA_TRY(app.config().string("through"));
    bia::ServiceClient* made = BIA_TRY(client(app, scheme));
    const bool grpc = scheme == "grpc";
    return app.add(app.own(
        std::make_unique<Chained>(nullptr, grpc ? made : nullptr, grpc ? nullptr : made, hold)));
  }
  if (app.config().has("peer")) {
    auto options = BIA_TRY(pool_options(app.config(), "grpc"));
    peer = &app.own(BIA_TRY(bia::ServicePool::create(std::move(options))));
  }
  return app.add(app.own(std::make_unique<Chained>(peer, nullptr, nullptr, hold)));
}

}  // namespace

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "chained", .version = "1.2.3", .id = "id-1"}, wire);
}
