// The client of gRPC's interoperability cases: interop_client HOST:PORT CASE [gzip] [ca=FILE], the
// latter over TLS. Exits 0 where the case passes, else it says what was wrong.
#include "bia/bia/client.h"

#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "bia/fiber/scheduler.h"
#include "interop.pb.h"

namespace {

using namespace grpc::testing;
using bia::Code;
using bia::Result;
using bia::grpc::CallOptions;
using bia::grpc::Channel;
using bia::grpc::Metadata;
using bia::grpc::UnaryReply;
using std::chrono::milliseconds;

constexpr int kRequestBytes = 271828;
constexpr int kReplyBytes = 314159;
constexpr int kOut[] = {31415, 9, 2653, 58979};
constexpr int kIn[] = {27182, 8, 1828, 45904};

bia::Error wrong(const std::string& what) { return bia::Error(Code::kInternal, "WRONG", what); }
Result<void> expect(bool good, const std::string& what) {
  if (good) return {};
  return wrong(what);
}
Result<void> expect_status(const bia::grpc::Status& status, Code code, const std::string& message) {
  return expect(status.code == code && status.message == message,
                "status " + std::to_string(int(status.code)) + ": " + status.message);
}

using Stream = bia::ClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse>;
Result<Stream> open(Channel& channel, const char* method, const CallOptions& options = {}) {
  return Stream(
      BIA_TRY(channel.stream(std::string("/grpc.testing.TestService/") + method, options)));
}
SimpleRequest large_request() {
  SimpleRequest request;
  request.set_response_size(kReplyBytes);
  request.mutable_payload()->set_body(std::string(kRequestBytes, '\0'));
  return request;
}
StreamingOutputCallRequest ask(int out, int in) {
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(out);
  request.mutable_payload()->set_body(std::string(size_t(in), '\0'));
  return request;
}
UnaryReply unary(Channel& channel, const std::string& path,
                 const google::protobuf::Message& request, const CallOptions& options = {}) {
  UnaryReply reply;
  channel.unary(path, request.SerializeAsString(), options, reply);
  return reply;
}
UnaryReply unary_call(Channel& channel, const SimpleRequest& request,
                      const CallOptions& options = {}) {
  return unary(channel, "/grpc.testing.TestService/UnaryCall", request, options);
}

Result<void> empty_unary(Channel& channel) {
  UnaryReply reply = unary(channel, "/grpc.testing.TestService/EmptyCall", Empty());
  BIA_TRY(expect_status(reply.status, Code::kOk, ""));
  return expect(reply.message.empty(), "a reply that is not empty");
}

Result<void> large_unary(Channel& channel) {
  UnaryReply reply = unary_call(channel, large_request());
  BIA_TRY(expect_status(reply.status, Code::kOk, ""));
  SimpleResponse message;
  return expect(message.ParseFromString(reply.message) &&
                    message.payload().body() == std::string(kReplyBytes, '\0'),
                "a payload of another size");
}

Result<void> client_streaming(Channel& channel) {
  auto stream = BIA_TRY(channel.stream("/grpc.testing.TestService/StreamingInputCall", {}));
  StreamingInputCallRequest request;
  for (int size : kIn) {
    request.mutable_payload()->set_body(std::string(size_t(size), '\0'));
    BIA_TRY(stream.write(request.SerializeAsString()));
  }
  stream.close_send();
  std::string bytes;
  BIA_TRY(expect(BIA_TRY(stream.read(bytes)), "no reply"));
  StreamingInputCallResponse reply;
  BIA_TRY(expect(reply.ParseFromString(bytes) && reply.aggregated_payload_size() == 74922,
                 "another sum"));
  return expect_status(stream.finish(), Code::kOk, "");
}

Result<void> server_streaming(Channel& channel) {
  Stream stream = BIA_TRY(open(channel, "StreamingOutputCall"));
  StreamingOutputCallRequest request;
  for (int size : kOut) request.add_response_parameters()->set_size(size);
  BIA_TRY(stream.write(request));
  stream.close_send();
  StreamingOutputCallResponse reply;
  for (int size : kOut) {
    BIA_TRY(expect(BIA_TRY(stream.read(reply)), "too few replies"));
    BIA_TRY(expect(int(reply.payload().body().size()) == size, "a reply of another size"));
  }
  BIA_TRY(expect(!BIA_TRY(stream.read(reply)), "too many replies"));
  return stream.finish();
}

Result<void> ping_pong(Channel& channel) {
  Stream stream = BIA_TRY(open(channel, "FullDuplexCall"));
  StreamingOutputCallResponse reply;
  for (int i = 0; i < 4; ++i) {
    BIA_TRY(stream.write(ask(kOut[i], kIn[i])));
    BIA_TRY(expect(BIA_TRY(stream.read(reply)), "too few replies"));
    BIA_TRY(expect(int(reply.payload().body().size()) == kOut[i], "a reply of another size"));
  }
  stream.close_send();
  BIA_TRY(expect(!BIA_TRY(stream.read(reply)), "too many replies"));
  return stream.finish();
}

Result<void> empty_stream(Channel& channel) {
  Stream stream = BIA_TRY(open(channel, "FullDuplexCall"));
  stream.close_send();
  StreamingOutputCallResponse reply;
  BIA_TRY(expect(!BIA_TRY(stream.read(reply)), "a reply to nothing"));
  return stream.finish();
}

std::string value_of(const Metadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata) {
    if (name == key) return value;
  }
  return "(none)";
}

Result<void> custom_metadata(Channel& channel) {
  const std::string initial = "test_initial_metadata_value";
  const std::string trailing = "\xab\xab\xab";
  const Metadata sent{{"x-grpc-test-echo-initial", initial},
                      {"x-grpc-test-echo-trailing-bin", trailing}};
  CallOptions options;
  options.metadata = &sent;
  UnaryReply reply = unary_call(channel, large_request(), options);
  BIA_TRY(expect_status(reply.status, Code::kOk, ""));
  BIA_TRY(expect(value_of(reply.headers, sent[0].first) == initial, "unary: initial metadata"));
  BIA_TRY(expect(value_of(reply.trailers, sent[1].first) == trailing, "unary: trailing metadata"));
  Stream stream = BIA_TRY(open(channel, "FullDuplexCall", options));
  BIA_TRY(stream.write(ask(kReplyBytes, kRequestBytes)));
  stream.close_send();
  StreamingOutputCallResponse message;
  BIA_TRY(expect(BIA_TRY(stream.read(message)), "stream: no reply"));
  BIA_TRY(expect(!BIA_TRY(stream.read(message)), "stream: too many replies"));
  BIA_TRY(stream.finish());
  BIA_TRY(expect(value_of(stream.stream().headers(), sent[0].first) == initial,
                 "stream: initial metadata"));
  return expect(value_of(stream.stream().trailers(), sent[1].first) == trailing,
                "stream: trailing metadata");
}

Result<void> status_code_and_message(Channel& channel) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message("test status message");
  BIA_TRY(
      expect_status(unary_call(channel, request).status, Code::kUnknown, "test status message"));
  Stream stream = BIA_TRY(open(channel, "FullDuplexCall"));
  StreamingOutputCallRequest first;
  *first.mutable_response_status() = request.response_status();
  BIA_TRY(stream.write(first));
  stream.close_send();
  StreamingOutputCallResponse reply;
  BIA_TRY(expect(!BIA_TRY(stream.read(reply)), "a reply"));
  return expect_status(stream.stream().finish(), Code::kUnknown, "test status message");
}

Result<void> special_status_message(Channel& channel) {
  const std::string text =
      "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n";
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message(text);
  return expect_status(unary_call(channel, request).status, Code::kUnknown, text);
}

Result<void> unimplemented_method(Channel& channel) {
  const UnaryReply reply = unary(channel, "/grpc.testing.TestService/UnimplementedCall", Empty());
  return expect(reply.status.code == Code::kUnimplemented, reply.status.message);
}
Result<void> unimplemented_service(Channel& channel) {
  const UnaryReply reply =
      unary(channel, "/grpc.testing.UnimplementedService/UnimplementedCall", Empty());
  return expect(reply.status.code == Code::kUnimplemented, reply.status.message);
}

Result<void> cancel_after_begin(Channel& channel) {
  auto stream = BIA_TRY(channel.stream("/grpc.testing.TestService/StreamingInputCall", {}));
  stream.cancel();
  const bia::grpc::Status status = stream.finish();
  return expect(status.code == Code::kCancelled, status.message);
}

Result<void> cancel_after_first_response(Channel& channel) {
  Stream stream = BIA_TRY(open(channel, "FullDuplexCall"));
  BIA_TRY(stream.write(ask(kOut[0], kIn[0])));
  StreamingOutputCallResponse reply;
  BIA_TRY(expect(BIA_TRY(stream.read(reply)), "no reply"));
  stream.stream().cancel();
  const bia::grpc::Status status = stream.stream().finish();
  return expect(status.code == Code::kCancelled, status.message);
}

Result<void> timeout_on_sleeping_server(Channel& channel) {
  CallOptions options;
  options.deadline = bia::Deadline::after(milliseconds(1));
  auto opened = open(channel, "FullDuplexCall", options);
  if (!opened.ok())
    return expect(opened.error().code() == Code::kDeadlineExceeded, opened.error().message());
  opened->write(ask(0, kRequestBytes)).ignore("the deadline may have passed");
  const bia::grpc::Status status = opened->stream().finish();
  return expect(status.code == Code::kDeadlineExceeded, status.message);
}

const std::map<std::string, Result<void> (*)(Channel&)> kCases{
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"custom_metadata", custom_metadata},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
};

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = argc >= 3 ? kCases.find(argv[2]) : kCases.end();
  if (wanted == kCases.end()) {
    std::fprintf(stderr, "usage: interop_client HOST:PORT CASE [gzip] [ca=FILE]\n");
    return 2;
  }
  auto scheduler = bia::fiber::Scheduler::create().value();
  int code = 1;
  auto body = [&] {
    bia::grpc::ChannelOptions options;
    for (int i = 3; i < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == "gzip") options.compression = bia::grpc::Compression::kGzip;
      if (!word.starts_with("ca=")) continue;
      bia::net::TlsClientOptions tls;
      tls.ca_file = word.substr(3);
      tls.alpn = {"h2"};
      options.tls = bia::net::TlsClient::create(std::move(tls)).value();
    }
    Channel channel(argv[1], options);
    const Result<void> done = wanted->second(channel);
    code = done.ok() ? 0 : 1;
    if (!done.ok()) std::fprintf(stderr, "%s: %s\n", argv[2], done.error().message().c_str());
    channel.close();
  };
  scheduler->spawn(body).value();
  scheduler->run(bia::fiber::Scheduler::Until::kNoFibers);
  return code;
}
