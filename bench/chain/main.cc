// The greeter with the default chain or without: bench_chain -conf FILE -set chain=full|none. The
// rest of the chain is configuration: metrics.enabled; tracing and log lines are off in both.
#include "bia/bia/app.h"
#include "helloworld/v1/greeter.bia.h"

namespace {

class Greeter final : public helloworld::v1::GreeterService {
 public:
  bia::Result<helloworld::v1::HelloReply> SayHello(
      bia::Context&, const helloworld::v1::HelloRequest& request) override {
    helloworld::v1::HelloReply reply;
    reply.set_message("Hello " + request.name());
    return reply;
  }
};

bia::Result<void> wire(bia::App& app) {
  const std::string chain = BIA_TRY(app.config().string("chain"));
  if (chain == "full") {
    app.use(bia::recovery_middleware());
    app.use(bia::validation_middleware());
  }
  return app.add(app.own(std::make_unique<Greeter>()));
}

}  // namespace

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "bench_chain", .version = "v0"}, wire);
}
