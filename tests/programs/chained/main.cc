// A service with all the middleware, whose Wait calls its like at `peer`, if it is told one.
#include "bia/bia/app.h"
#include "bia/bia/discovery.h"
#include "bia/bia/jwt.h"
#include "bia/bia/propagation.h"
#include "bia/bia/rate_limit.h"
#include "bia/bia/selected.h"
#include "bia/fiber/scheduler.h"
#include "slow.bia.h"

namespace {

class Chained final : public slow::v1::SlowService {
 public:
  explicit Chained(bia::ServicePool* peer) : peer_(peer) {}
  bia::Result<slow::v1::WaitReply> Wait(bia::Context& context,
                                        const slow::v1::WaitRequest& request) override {
    if (const auto* metadata = context.find<bia::ServerMetadata>()) {
      for (const auto& [name, value] : metadata->entries) context.add_reply_header(name, value);
    }
    if (!peer_) {
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
  bia::Result<slow::v1::WaitReply> Fail(bia::Context&, const slow::v1::WaitRequest&) override {
    return bia::Error::from_http(422, "UNPROCESSABLE", "cannot be");
  }

 private:
  bia::ServicePool* peer_;
};

bia::Result<void> wire(bia::App& app) {
  app.use(bia::request_id_middleware());
  app.use(bia::access_log_middleware());
  app.use(bia::recovery_middleware());
  app.use(bia::metadata_middleware());
  app.use(bia::rate_limit_middleware());
  auto keys = BIA_TRY(bia::JwtKeys::secret(bia::JwtAlgorithm::kHs256, "secret"));
  app.use(BIA_TRY(bia::selected({.paths = {std::string(slow::v1::SlowService::kSpin)}},
                                bia::jwt_middleware(std::move(keys)))));
  bia::ServicePool* peer = nullptr;
  if (app.config().has("peer")) {
    bia::PoolOptions options{.target = BIA_TRY(app.config().string("peer"))};
    if (app.config().has("peer_etcd"))
      options.etcd.endpoints = {BIA_TRY(app.config().string("peer_etcd"))};
    peer = &app.own(BIA_TRY(bia::ServicePool::create(std::move(options))));
  }
  return app.add(app.own(std::make_unique<Chained>(peer)));
}

}  // namespace

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "chained", .version = "1.2.3", .id = "id-1"}, wire);
}
