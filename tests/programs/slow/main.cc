// A service whose handlers wait, spin, throw and fail, and whose hooks say when they run.
#include <unistd.h>

#include <stdexcept>

#include "bia/bia/app.h"
#include "bia/fiber/scheduler.h"
#include "slow.bia.h"

namespace {

class Slow final : public slow::v1::SlowService {
 public:
  bia::Result<slow::v1::WaitReply> Wait(bia::Context&,
                                        const slow::v1::WaitRequest& request) override {
    BIA_TRY(bia::fiber::sleep_for(std::chrono::milliseconds(request.milliseconds())));
    return answer(request);
  }
  bia::Result<slow::v1::WaitReply> Spin(bia::Context&,
                                        const slow::v1::WaitRequest& request) override {
    const auto end = bia::now() + std::chrono::milliseconds(request.milliseconds());
    while (bia::now() < end) {
    }
    return answer(request);
  }
  bia::Result<slow::v1::WaitReply> Ignore(bia::Context&,
                                          const slow::v1::WaitRequest& request) override {
    const auto end = bia::now() + std::chrono::milliseconds(request.milliseconds());
    while (bia::now() < end) {
      bia::fiber::sleep_for(std::chrono::milliseconds(1)).ignore("that is the point");
    }
    return answer(request);
  }
  bia::Result<slow::v1::WaitReply> Offload(bia::Context&,
                                           const slow::v1::WaitRequest& request) override {
    bia::fiber::offload([&] { usleep(static_cast<useconds_t>(request.milliseconds()) * 1000); });
    return answer(request);
  }
  bia::Result<void> Count(bia::Context&, const slow::v1::WaitRequest& request,
                          bia::ServerWriter<slow::v1::WaitReply>& out) override {
    slow::v1::WaitReply reply;
    for (int i = 1; i <= request.milliseconds(); ++i) {
      reply.set_milliseconds(i);
      BIA_TRY(out.write(reply));
    }
    return {};
  }
  bia::Result<slow::v1::WaitReply> Sum(bia::Context&,
                                       bia::ServerReader<slow::v1::WaitRequest>& in) override {
    slow::v1::WaitRequest request;
    slow::v1::WaitReply reply;
    while (BIA_TRY(in.read(request)))
      reply.set_milliseconds(reply.milliseconds() + request.milliseconds());
    bia::log::info("sum " + std::to_string(reply.milliseconds()));
    return reply;
  }
  bia::Result<void> Echo(bia::Context&, bia::ServerReader<slow::v1::WaitRequest>& in,
                         bia::ServerWriter<slow::v1::WaitReply>& out) override {
    slow::v1::WaitRequest request;
    while (BIA_TRY(in.read(request))) BIA_TRY(out.write(answer(request)));
    return {};
  }
  bia::Result<slow::v1::WaitReply> Throw(bia::Context&, const slow::v1::WaitRequest&) override {
    throw std::runtime_error("boom: a secret");
  }
  bia::Result<slow::v1::WaitReply> Fail(bia::Context&, const slow::v1::WaitRequest&) override {
    return bia::Error::from_http(422, "UNPROCESSABLE", "cannot be").with_metadata("id", "7");
  }

 private:
  static slow::v1::WaitReply answer(const slow::v1::WaitRequest& request) {
    slow::v1::WaitReply reply;
    reply.set_milliseconds(request.milliseconds());
    return reply;
  }
};

bia::App::Hook says(const char* what) {
  return [what]() -> bia::Result<void> {
    bia::log::info(what);
    return {};
  };
}

bia::Result<void> wire(bia::App& app) {
  if (app.config().has("fail_wiring")) {
    if (*app.config().string("fail_wiring") == "throw")
      throw std::runtime_error("thrown while wiring");
    return bia::Error(bia::Code::kUnavailable, "DB", "no database").with_hint("start it");
  }
  app.before_start(says("before start"));
  app.after_start(says("after start"));
  app.before_stop(says("before stop"));
  app.after_stop(says("after stop"));
  app.use(bia::access_log_middleware());
  app.use(bia::recovery_middleware());
  app.use([](bia::Context& context, bia::Request, bia::Next next) -> bia::Result<bia::Reply> {
    context.add_reply_header("x-operation", context.operation());
    return next();
  });
  return app.add(app.own(std::make_unique<Slow>()));
}

}  // namespace

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "slow", .version = "1.2.3", .id = "id-1"}, wire);
}
