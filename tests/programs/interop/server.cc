// The server of gRPC's interoperability cases.
#include "bia/bia/app.h"
#include "bia/fiber/scheduler.h"
#include "interop.bia.h"

namespace {

using namespace grpc::testing;

constexpr const char* kInitial = "x-grpc-test-echo-initial";
constexpr const char* kTrailing = "x-grpc-test-echo-trailing-bin";

void echo_metadata(bia::Context& context) {
  const std::string_view initial = context.header(kInitial);
  if (!initial.empty()) context.add_reply_header(kInitial, initial);
  const std::string_view trailing = context.header(kTrailing);
  if (!trailing.empty()) context.add_reply_trailer(kTrailing, trailing);
}

bia::Result<void> wanted_status(const EchoStatus& status) {
  if (status.code() == 0) return {};
  return bia::Error(static_cast<bia::Code>(status.code()), "", status.message());
}

class Interop final : public TestServiceService {
 public:
  bia::Result<Empty> EmptyCall(bia::Context&, const Empty&) override { return Empty(); }

  bia::Result<SimpleResponse> UnaryCall(bia::Context& context,
                                        const SimpleRequest& request) override {
    echo_metadata(context);
    BIA_TRY(wanted_status(request.response_status()));
    SimpleResponse reply;
    reply.mutable_payload()->set_body(std::string(size_t(request.response_size()), '\0'));
    return reply;
  }

  bia::Result<void> StreamingOutputCall(
      bia::Context&, const StreamingOutputCallRequest& request,
      bia::ServerWriter<StreamingOutputCallResponse>& out) override {
    return answer(request, out);
  }

  bia::Result<StreamingInputCallResponse> StreamingInputCall(
      bia::Context&, bia::ServerReader<StreamingInputCallRequest>& in) override {
    StreamingInputCallRequest request;
    StreamingInputCallResponse reply;
    while (BIA_TRY(in.read(request))) {
      reply.set_aggregated_payload_size(reply.aggregated_payload_size() +
                                        int(request.payload().body().size()));
    }
    return reply;
  }

  bia::Result<void> FullDuplexCall(bia::Context& context,
                                   bia::ServerReader<StreamingOutputCallRequest>& in,
                                   bia::ServerWriter<StreamingOutputCallResponse>& out) override {
    echo_metadata(context);
    StreamingOutputCallRequest request;
    while (BIA_TRY(in.read(request))) {
      BIA_TRY(wanted_status(request.response_status()));
      BIA_TRY(answer(request, out));
    }
    return {};
  }

 private:
  static bia::Result<void> answer(const StreamingOutputCallRequest& request,
                                  bia::ServerWriter<StreamingOutputCallResponse>& out) {
    StreamingOutputCallResponse reply;
    for (const ResponseParameters& wanted : request.response_parameters()) {
      if (wanted.interval_us() > 0)
        BIA_TRY(bia::fiber::sleep_for(std::chrono::microseconds(wanted.interval_us())));
      reply.mutable_payload()->set_body(std::string(size_t(wanted.size()), '\0'));
      BIA_TRY(out.write(reply));
    }
    return {};
  }
};

bia::Result<void> wire(bia::App& app) { return app.add(app.own(std::make_unique<Interop>())); }

}  // namespace

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "interop", .version = "1", .id = "interop"}, wire);
}
