#include "service/greeter.h"

namespace helloworld::service {

using ::helloworld::v1::HelloReply;
using ::helloworld::v1::HelloRequest;

bia::Result<HelloReply> GreeterService::SayHello(bia::Context& /*context*/,
                                                 const HelloRequest& request) {
  const biz::Greeter greeter = BIA_TRY(usecase_.create_greeter({request.name()}));
  HelloReply reply;
  reply.set_message("Hello " + greeter.hello);
  return reply;
}

}  // namespace helloworld::service
