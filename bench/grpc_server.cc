// A gRPC server with a canned unary method, helloworld.v1.Greeter/SayHello: what the transport
// alone costs. usage: bench_grpc_server PORT [THREADS]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"

int main(int argc, char** argv) {
  bia::fiber::block_signals();
  auto threads =
      bia::fiber::ThreadGroup::create(argc > 2 ? static_cast<size_t>(std::atoi(argv[2])) : 1);
  bia::grpc::ServerOptions options;
  options.address = std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "0");
  auto server = bia::grpc::Server::create(**threads, options);
  bia::grpc::MethodHandler hello;
  hello.path = "/helloworld.v1.Greeter/SayHello";
  hello.unary = [](bia::grpc::ServerCall&, std::string_view request,
                   std::string& reply) -> bia::Result<void> {
    // HelloReply{message: "Hello " + name} from HelloRequest{name}, for names of up to 100 bytes.
    std::string_view name = request.size() > 2 ? request.substr(2) : std::string_view();
    reply += '\x0a';
    reply += static_cast<char>(name.size() + 6);
    reply += "Hello ";
    reply += name;
    return {};
  };
  if (auto added = (*server)->add_method(std::move(hello)); !added) return 1;
  (*threads)->run([&](size_t thread) {
    if (thread != 0) return;
    if (auto started = (*server)->start(); !started) {
      std::fprintf(stderr, "%s\n", started.error().text().c_str());
      return;
    }
    std::printf("listening on %s\n", (*server)->address().c_str());
    std::fflush(stdout);
    bia::fiber::wait_signal().ignore("any signal ends the program");
    (*server)->stop(bia::Deadline::after(std::chrono::seconds(1)));
  });
}
