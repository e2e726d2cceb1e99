// Unary calls by our client, as `zelus grpc` makes them but without its bookkeeping: what the
// client's transport alone costs. usage: bench_grpc_client ADDRESS CONNECTIONS WORKERS_A_CONNECTION
// CALLS
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/grpc/client.h"

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  auto number = [&](int i) { return static_cast<size_t>(std::atoll(argv[i])); };
  size_t left = number(4), good = 0;
  std::string request =
      "\x0a\x34"
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  auto scheduler = bia::fiber::Scheduler::create().value();
  std::vector<std::unique_ptr<bia::grpc::Channel>> channels;
  for (size_t c = 0; c < number(2); ++c) {
    channels.push_back(std::make_unique<bia::grpc::Channel>(argv[1]));
    for (size_t w = 0; w < number(3); ++w) {
      auto fiber = scheduler->spawn([&, channel = channels.back().get()] {
        bia::grpc::UnaryReply reply;
        while (left > 0) {
          --left;
          bia::grpc::CallOptions options;
          options.deadline = bia::Deadline::after(std::chrono::seconds(20));
          channel->unary("/helloworld.v1.Greeter/SayHello", request, options, reply);
          good += reply.status.code == bia::Code::kOk && reply.message.size() == request.size() + 6;
        }
      });
      if (!fiber) return 1;
    }
  }
  auto end = scheduler->spawn([&] {
    while (left > 0) bia::fiber::sleep_for(std::chrono::milliseconds(10)).ignore("never cancelled");
    bia::fiber::sleep_for(std::chrono::milliseconds(50)).ignore("never cancelled");
    channels.clear();
  });
  scheduler->run(bia::fiber::Scheduler::Until::kNoFibers);
  std::printf("%zu good calls\n", good);
}
