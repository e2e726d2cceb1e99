// k6/net/grpc against a server in the same process.
#include <google/protobuf/descriptor.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "bia/codec/proto_source.h"
#include "bia/grpc/server.h"
#include "bia/net/socket.h"
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kProto = R"(syntax = "proto3";
package hello;
message HelloRequest { string name = 1; }
message HelloReply { string message = 1; int64 serial = 2; }
service Greeter {
  rpc SayHello (HelloRequest) returns (HelloReply);
  rpc Numbers (HelloRequest) returns (stream HelloReply);
}
)";

/// The name of a HelloRequest, or the whole text where it is none.
bia::Result<void> say_hello(bia::grpc::ServerCall& call, std::string_view request,
                            std::string& reply) {
  if (request.size() < 2) {
    call.add_trailing_metadata("x-why", "empty");
    return bia::Error(bia::Code::kInvalidArgument, "EMPTY", "name is empty");
  }
  std::string name(request.substr(2));
  if (name == "slow") bia::fiber::sleep_for(std::chrono::milliseconds(200)).ignore("test");
  if (name == "meta") name = call.metadata("x-a");
  call.add_initial_metadata("x-head", "h");
  call.add_trailing_metadata("x-tail", "t");
  std::string text = "Hello " + name;
  reply = "\x0a";
  reply += static_cast<char>(text.size());
  reply += text + "\x10\x07";
  return {};
}

class GrpcModuleTest : public ScriptTest {
 protected:
  GrpcModuleTest() {
    // Tests run side by side, a process each.
    folder_ = ::testing::TempDir() + "zelus_grpc_test_" + std::to_string(getpid());
    mkdir(folder_.c_str(), 0777);
    std::ofstream(folder_ + "/hello.proto") << kProto;
  }
  ~GrpcModuleTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> grpc(const std::string& body, int iterations = 1) {
    in_user([&] {
      bia::grpc::ServerOptions options;
      options.address = "127.0.0.1:0";
      auto server = bia::grpc::Server::create(*group_, options);
      ASSERT_TRUE(server.ok());
      bia::grpc::MethodHandler handler;
      handler.path = "/hello.Greeter/SayHello";
      handler.unary = &say_hello;
      ASSERT_TRUE((*server)->add_method(std::move(handler)).ok());
      auto protos = bia::codec::ProtoSource::from_files({"hello.proto"}, {folder_});
      ASSERT_TRUE(protos.ok()) << protos.error().message();
      (*server)->add_file((*protos)->files()[0]);
      ASSERT_TRUE((*server)->start().ok());
      address_ = (*server)->address();
      runtime_options_.env = {{"ADDR", address_}, {"DIR", folder_}};
      ASSERT_EQ(load("import grpc, { Client, StatusOK } from 'k6/net/grpc'; const A = __ENV.ADDR; "
                     "const show = (...a) => console.log(...a);\n"
                     "const c = new Client(); const loaded = c.load([__ENV.DIR], 'hello.proto'); "
                     "const P = { plaintext: true };\n"
                     "const tried = (f) => { try { show(JSON.stringify(f())); } catch (e) { "
                     "show(String(e)); } };\n"
                     "export default async function () {\n" +
                     body + "\n}"),
                "");
      {
        auto user = make_user();
        for (int i = 0; i < iterations; ++i) outcome_ = user->run_iteration({0, 0});
      }
      (*server)->stop(bia::Deadline::after(std::chrono::seconds(1)));
    });
    std::vector<std::string> out;
    for (const std::string& line : logger_.lines) {
      size_t end = line.find(" source=console");
      out.push_back(end == std::string::npos
                        ? line
                        : line.substr(line.find(": ") + 2, end - line.find(": ") - 2));
    }
    return out;
  }
  std::string folder_, address_;
};

TEST_F(GrpcModuleTest, InvokesAndSamples) {
  auto lines = grpc(R"(show(JSON.stringify(loaded)); c.connect(A, P);
    const r = c.invoke('hello.Greeter/SayHello', { name: 'ann' });
    show(r.status, r.status === StatusOK, grpc.StatusInvalidArgument, r.message.message, r.status.toString());
    show(JSON.stringify(r)); show(JSON.stringify(c.invoke('/hello.Greeter/SayHello', {})));
    show(JSON.stringify(c.invoke('hello.Greeter/SayHello', { name: 'meta' }, { metadata: { 'x-a': '1' }, tags: { my: 'tag' }, timeout: '2s' }).message));
    show(JSON.stringify(c.invoke('hello.Greeter/SayHello', { name: 'x' }, { discardResponseMessage: true }).message));
    c.close();)");
  EXPECT_THAT(
      lines,
      ElementsAre(
          StartsWith(
              R"([{"package":"hello","service":"Greeter","full_method":"/hello.Greeter/SayHello","name":"SayHello","is_client_stream":false,"is_server_stream":false},)"),
          "0 true 3 Hello ann 0",
          R"({"message":{"message":"Hello ann","serial":"7"},"error":null,"headers":{"content-type":["application/grpc"],"x-head":["h"]},"trailers":{"x-tail":["t"]},"status":0})",
          AllOf(
              HasSubstr(
                  R"("message":{"message":"","serial":"0"},"error":{"code":3,"message":"name is empty","details":[]})"),
              HasSubstr(R"("status":3})")),
          R"({"message":"Hello 1","serial":"7"})", "null"));
  std::string tags =
      "group=,method=SayHello,name=/hello.Greeter/"
      "SayHello,scenario=default,service=hello.Greeter,status=";
  std::string url = ",url=" + address_ + "/hello.Greeter/SayHello 1 ";
  EXPECT_THAT(series("grpc_req_duration"), ::testing::Contains(StartsWith(tags + "3" + url)));
  EXPECT_THAT(series("grpc_req_duration"), ::testing::Contains(HasSubstr("my=tag,name=")));
  EXPECT_THAT(series("data_sent"), ElementsAre(::testing::Not(::testing::EndsWith(" 1 0"))));
}

TEST_F(GrpcModuleTest, TextsAreThoseOfK6) {
  auto lines = grpc(R"(
    tried(() => c.load([], 'x')); tried(() => c.invoke('a/b', {})); tried(() => c.connect('127.0.0.1:1', P)); tried(() => c.connect(A, { plaintext: true, foo: 1 }));
    tried(() => c.connect(A, { plaintext: 1 })); tried(() => c.connect(A, { plaintext: true, timeout: 'x' })); tried(() => c.connect()); tried(() => c.connect(A, { timeout: 50 }));
    tried(() => c.connect(A, P)); const M = 'hello.Greeter/SayHello';
    tried(() => c.invoke(M)); tried(() => c.invoke(M, null)); tried(() => c.invoke(M, {}, { foo: 1 })); tried(() => c.invoke(M, {}, { metadata: { a: 1 } }));
    tried(() => c.invoke(M, {}, { metadata: { 'a-bin': 'x' } })); tried(() => c.invoke(M, { name: 1 })); tried(() => c.invoke(M, { nome: 1 }));
    tried(() => c.invoke('', {})); tried(() => c.invoke('x', {})); tried(() => c.invoke(M, {}, { tags: { a: {} } })); tried(() => new grpc.Stream(c, M)); tried(() => c.close());
    tried(() => c.invoke(M, {}));)");
  EXPECT_THAT(
      lines,
      ElementsAre("GoError: load must be called in the init context",
                  "GoError: no gRPC connection, you must call connect first",
                  "GoError: connection error: desc = \"transport: error while dialing: dial tcp "
                  "127.0.0.1:1: connect: connection refused\"",
                  "GoError: invalid grpc.connect() parameters: unknown connect param: \"foo\"",
                  "GoError: invalid grpc.connect() parameters: invalid plaintext value: '1', it "
                  "needs to be boolean",
                  "GoError: invalid grpc.connect() parameters: invalid timeout value: time: "
                  "invalid duration \"x\"",
                  HasSubstr("missing port in address"),
                  "GoError: context deadline exceeded: connection error: desc = \"transport: "
                  "authentication handshake failed: tls: first record does not look like a TLS "
                  "handshake\"",
                  "true", "GoError: request cannot be nil",
                  "TypeError: Cannot convert undefined or null to object",
                  "GoError: invalid GRPC's client.invoke() parameters: unknown param: \"foo\"",
                  "GoError: invalid GRPC's client.invoke() parameters: invalid metadata param: "
                  "\"a\" value must be a string",
                  "GoError: invalid GRPC's client.invoke() parameters: invalid metadata param: "
                  "\"a-bin\" value must be binary",
                  "GoError: unable to serialise request object to protocol buffer: proto: (line "
                  "1:9): invalid value for string field name: 1",
                  "GoError: unable to serialise request object to protocol buffer: proto: (line "
                  "1:2): unknown field \"nome\"",
                  "GoError: method to invoke cannot be empty",
                  "GoError: method \"/x\" not found in file descriptors",
                  HasSubstr("metric tags: invalid value for metric tag 'a'"),
                  HasSubstr("Stream of k6/net/grpc is not built yet"), "undefined",
                  "GoError: no gRPC connection, you must call connect first"));
}

TEST_F(GrpcModuleTest, DeadlinesHealthAndReflection) {
  auto lines = grpc(
      R"(c.connect(A, P); const r = c.invoke('hello.Greeter/SayHello', { name: 'slow' }, { timeout: 20 }); show(r.status, r.error.code);
    show(JSON.stringify(c.healthCheck('hello.Greeter'))); tried(() => c.healthCheck('nosuch'));
    const d = new grpc.Client(); d.connect(A, { plaintext: true, reflect: true }); show(d.invoke('hello.Greeter/SayHello', { name: 'r' }).message.message); d.close();)");
  EXPECT_THAT(lines,
              ElementsAre("4 4", "{\"status\":1}",
                          StartsWith("GoError: rpc error: code = NotFound desc = "), "Hello r"));
}

TEST_F(GrpcModuleTest, AsyncInvokeIsAwaited) {
  auto lines = grpc(R"(c.connect(A, P);
    const [a, b] = await Promise.all(['x', 'y'].map((name) => c.asyncInvoke('hello.Greeter/SayHello', { name }))); show(a.message.message, b.message.message);
    c.asyncInvoke('nosuch', {}).catch((e) => show('caught', e.message));)",
                    2);
  EXPECT_THAT(
      lines,
      ElementsAre("Hello x Hello y", "caught method \"/nosuch\" not found in file descriptors",
                  "Hello x Hello y", "caught method \"/nosuch\" not found in file descriptors"));
}

/// Each other connection ends with its first call, the others say nothing.
void serve_badly(bia::net::Listener& listener) {
  const bia::Deadline limit = bia::Deadline::after(std::chrono::seconds(60));
  constexpr std::string_view kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);
  constexpr std::string_view kHeadersOf1("\1\4\0\0\0\1", 6);
  std::vector<bia::net::Socket> silent;
  for (;;) {
    auto fd = listener.accept();
    if (!fd) return;
    auto socket = bia::net::Socket::adopt(*fd).value();
    socket.write_all(kEmptySettings, limit).value();
    std::string got;
    while (got.find(kHeadersOf1) == std::string::npos) {
      char bytes[1024];
      const auto count = socket.read_some(bytes, limit);
      if (!count || *count == 0) break;
      got.append(bytes, *count);
    }
    socket = {};
    fd = listener.accept();
    if (!fd) return;
    silent.push_back(bia::net::Socket::adopt(*fd).value());
  }
}

// The users of a runtime share its garbage collector: none may run in the middle of it.
TEST_F(GrpcModuleTest, AClientThatIsFreedWhileItConnectsSuspendsNothing) {
  in_user([&] {
    auto& scheduler = bia::fiber::Scheduler::current();
    auto listener =
        bia::net::Listener::bind(bia::net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
    auto server = scheduler.spawn([&] { serve_badly(listener); }).value();
    runtime_options_.env = {{"ADDR", listener.local().text()}, {"DIR", folder_}};
    ASSERT_EQ(load(R"(import { Client } from 'k6/net/grpc';
      let c = new Client();
      c.load([__ENV.DIR], 'hello.proto');
      const M = 'hello.Greeter/SayHello';
      export default function () {
        c.connect(__ENV.ADDR, { plaintext: true });
        console.log(c.invoke(M, {}).error.message);
        console.log(c.invoke(M, {}, { timeout: 5 }).error.message);
        console.log('frees');
        c = null;
        console.log('freed');
      })"),
              "");
    auto user = make_user(1);
    bool suspended = false;
    auto beside = scheduler
                      .spawn([&] {
                        while (!bia::fiber::cancelled()) {
                          suspended =
                              suspended || (!logger_.lines.empty() &&
                                            logger_.lines.back().starts_with("info: frees"));
                          bia::fiber::yield();
                        }
                      })
                      .value();
    user->run_iteration({0, 0});
    EXPECT_FALSE(suspended);
    user.reset();
    beside.cancel_and_join();
    server.cancel_and_join();
  });
  EXPECT_THAT(logger_.lines,
              ElementsAre(HasSubstr("error reading from server: EOF"),
                          HasSubstr("context deadline exceeded while waiting for connections to "
                                    "become ready"),
                          HasSubstr("frees"), HasSubstr("freed")));
}

TEST_F(GrpcModuleTest, LoadSaysWhatIsMissing) {
  in_user([&] {
    EXPECT_THAT(load("import grpc from 'k6/net/grpc'; new grpc.Client().load([], 'nosuch.proto'); "
                     "export default () => {}"),
                StartsWith("GoError: stat /t/nosuch.proto: no such file or directory\n"));
    EXPECT_THAT(load("import grpc from 'k6/net/grpc'; new grpc.Client().load(['/a/b'], "
                     "'../no/./such.proto'); export default () => {}"),
                StartsWith("GoError: could not resolve path \"../no/./such.proto\": stat "
                           "/a/no/such.proto: no such file or directory\n"));
    EXPECT_THAT(
        load("import grpc from 'k6/net/grpc'; new grpc.Client().loadProtoset('x'); export default "
             "() => {}"),
        StartsWith("GoError: couldn't open protoset: stat /t/x: no such file or directory"));
    EXPECT_THAT(load("import grpc from 'k6/net/grpc'; new grpc.Client().connect('a:1'); export "
                     "default () => {}"),
                HasSubstr("connecting to a gRPC server in the init context is not supported"));
    std::ofstream(folder_ + "/bad.proto") << "syntax = \"proto3\"; message {";
    EXPECT_THAT(load("import grpc from 'k6/net/grpc'; new grpc.Client().load(['" + folder_ +
                     "'], 'bad.proto'); export default () => {}"),
                HasSubstr("bad.proto"));
  });
}

}  // namespace
}  // namespace zelus::modules
