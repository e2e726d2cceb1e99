// Streaming calls, health and reflection between our client and our server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "bia/grpc/reflection_client.h"
#include "grpc/proto_wire.h"
#include "grpc/test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using test::call;
using test::streaming;
using test::unary;
using test::value_of;
using test::with_server;
using testing::HasSubstr;

Result<void> echo_all(ServerCall& c) {
  std::string message;
  while (BIA_TRY(c.read(message))) BIA_TRY(c.write(message));
  return {};
}

TEST(Stream, ChatsInBothDirections) {
  with_server({streaming("/t.S/Chat", echo_all)}, [](Server& server) {
    Channel channel(server.address());
    auto stream = channel.stream("/t.S/Chat", {}).value();
    std::string got;
    for (int i = 0; i < 100; ++i) {
      stream.write(std::to_string(i)).value();
      ASSERT_TRUE(stream.read(got).value());
      EXPECT_EQ(got, std::to_string(i));
    }
    EXPECT_EQ(value_of(stream.headers(), "content-type"), "application/grpc");
    stream.close_send();
    EXPECT_FALSE(stream.read(got).value());
    EXPECT_EQ(stream.finish().code, Code::kOk);
    EXPECT_FALSE(stream.write("late").ok());
  });
}

TEST(Stream, AUnaryCallWaitsForItsMessageAsLongAsItMayTake) {
  ServerOptions options;
  options.timeout = milliseconds(60);
  bool handled = false;
  const auto method = unary("/t.S/Echo", [&](ServerCall& c, std::string_view in, std::string& out) {
    handled = true;
    return test::echo(c, in, out);
  });
  const auto overdue = [](Server& server, const Deadline& earliest) {
    Channel channel(server.address());
    auto first = channel.stream("/t.S/Echo", {}).value();
    auto second = channel.stream("/t.S/Echo", {}).value();
    std::string got;
    for (ClientStream* stream : {&first, &second}) {
      const auto more = stream->read(got);
      EXPECT_FALSE(more.ok() && *more);
      EXPECT_EQ(stream->finish().code, Code::kDeadlineExceeded);
    }
    EXPECT_TRUE(earliest.expired());
    EXPECT_EQ(test::refused_messages(server), "overdue 2");
    EXPECT_EQ(call(channel, "/t.S/Echo", "x").message, "x") << "on the same connection";
  };
  with_server(
      {method}, [&](Server& server) { overdue(server, Deadline::after(milliseconds(60))); },
      options);
  EXPECT_TRUE(std::exchange(handled, false));
  options.timeout = Duration::zero();
  options.stall_timeout = milliseconds(80);
  with_server(
      {method}, [&](Server& server) { overdue(server, Deadline::after(milliseconds(80))); },
      options);
  with_server(
      {method},
      [&](Server& server) {
        // One that comes slowly, and one that its connection's end cuts.
        Channel channel(server.address());
        auto slow = channel.stream("/t.S/Echo", {}).value();
        auto cut = channel.stream("/t.S/Echo", {}).value();
        for (int i = 0; i < 4; ++i) fiber::sleep_for(milliseconds(30)).value();
        EXPECT_EQ(test::refused_messages(server), "overdue 2");
      },
      options);
}

TEST(Stream, SendsManyAndGetsOne) {
  auto sum = [](ServerCall& c) -> Result<void> {
    size_t total = 0;
    std::string message;
    while (BIA_TRY(c.read(message))) total += message.size();
    c.add_trailing_metadata("x-count", std::to_string(total));
    return c.write(std::to_string(total));
  };
  with_server({streaming("/t.S/Sum", sum)}, [](Server& server) {
    Channel channel(server.address());
    auto stream = channel.stream("/t.S/Sum", {}).value();
    for (int i = 0; i < 300; ++i) stream.write(std::string(10'000, 'x')).value();
    stream.close_send();
    std::string got;
    ASSERT_TRUE(stream.read(got).value());
    EXPECT_EQ(got, "3000000");
    EXPECT_EQ(stream.finish().code, Code::kOk);
    EXPECT_EQ(value_of(stream.trailers(), "x-count"), "3000000");
  });
}

TEST(Stream, GetsManyWithoutHoldingThemAll) {
  size_t written = 0;
  auto flood = [&](ServerCall& c) -> Result<void> {
    std::string message(10'000, 'y');
    for (; written < 1000; ++written) BIA_TRY(c.write(message));
    return Error(Code::kAborted, "DONE", "that is all");
  };
  ServerOptions options;
  with_server(
      {streaming("/t.S/Flood", flood)},
      [&](Server& server) {
        ChannelOptions channel_options;
        channel_options.window_bytes = 100'000;
        Channel channel(server.address(), channel_options);
        auto stream = channel.stream("/t.S/Flood", {}).value();
        stream.close_send();
        fiber::sleep_for(milliseconds(50)).value();
        // The window, the server's queue and one message: the handler is suspended, not the memory
        // filled.
        EXPECT_LT(written, 30u);
        std::string got;
        size_t count = 0;
        while (stream.read(got).value()) count += got.size() == 10'000;
        EXPECT_EQ(count, 1000u);
        Status status = stream.finish();
        EXPECT_EQ(status.code, Code::kAborted);
        EXPECT_EQ(status.message, "that is all");
      },
      options);
}

TEST(Stream, HoldsBackAWriterWhoseReaderSleeps) {
  auto lazy = [](ServerCall& c) -> Result<void> {
    BIA_TRY(fiber::sleep_for(milliseconds(60)));
    return echo_all(c);
  };
  ServerOptions options;
  options.window_bytes = 65'535;
  with_server(
      {streaming("/t.S/Lazy", lazy)},
      [](Server& server) {
        Channel channel(server.address());
        auto stream = channel.stream("/t.S/Lazy", {}).value();
        size_t written = 0;
        auto writer = fiber::Scheduler::current()
                          .spawn([&] {
                            for (; written < 100; ++written)
                              stream.write(std::string(10'000, 'z')).value();
                            stream.close_send();
                          })
                          .value();
        fiber::sleep_for(milliseconds(30)).value();
        EXPECT_LT(written, 20u);
        std::string got;
        size_t count = 0;
        while (stream.read(got).value()) ++count;
        EXPECT_EQ(count, 100u);
        writer.join().value();
        EXPECT_EQ(stream.finish().code, Code::kOk);
      },
      options);
}

TEST(Stream, CarriesMessagesLargerThanTheWindows) {
  ServerOptions options;
  options.window_bytes = 65'535;
  options.message_bytes_max = 6 << 20;
  with_server(
      {streaming("/t.S/Chat", echo_all)},
      [](Server& server) {
        ChannelOptions channel_options;
        channel_options.window_bytes = 65'535;
        channel_options.message_bytes_max = 6 << 20;
        Channel channel(server.address(), channel_options);
        auto stream = channel.stream("/t.S/Chat", {}).value();
        std::string big(5 << 20, 'b'), got;
        stream.write(big).value();
        stream.close_send();
        ASSERT_TRUE(stream.read(got).value());
        EXPECT_TRUE(got == big);
        EXPECT_FALSE(stream.read(got).value());
      },
      options);
}

TEST(Stream, HoldsTheLimitOnMessages) {
  ServerOptions options;
  options.message_bytes_max = 100;
  with_server(
      {streaming("/t.S/Chat", echo_all)},
      [](Server& server) {
        Channel channel(server.address());
        auto stream = channel.stream("/t.S/Chat", {}).value();
        std::string got;
        stream.write(std::string(100, 'x')).value();
        EXPECT_TRUE(stream.read(got).value());
        stream.write(std::string(101, 'x')).value();
        EXPECT_FALSE(stream.read(got).value());
        Status status = stream.finish();
        EXPECT_EQ(status.code, Code::kResourceExhausted);
        EXPECT_EQ(status.message, "grpc: received message larger than max (101 vs. 100)");
      },
      options);
}

TEST(Stream, EndsAtItsDeadlineOnBothSides) {
  Code server_saw = Code::kOk;
  auto wait = [&](ServerCall& c) -> Result<void> {
    std::string message;
    auto got = c.read(message);
    server_saw = got ? Code::kOk : got.error().code();
    return Error(server_saw, "", "ended");
  };
  with_server({streaming("/t.S/Wait", wait)}, [&](Server& server) {
    Channel channel(server.address());
    CallOptions options;
    TimePoint start = now();
    options.deadline = Deadline(start + milliseconds(40));
    auto stream = channel.stream("/t.S/Wait", options).value();
    std::string got;
    EXPECT_FALSE(stream.read(got).value());
    EXPECT_EQ(stream.finish().code, Code::kDeadlineExceeded);
    EXPECT_LT(now() - start, milliseconds(250));
    while (server_saw == Code::kOk) fiber::yield();
  });
}

TEST(Stream, IsCancelledByItsCallerAndByDroppingIt) {
  size_t cancelled = 0;
  auto wait = [&](ServerCall& c) -> Result<void> {
    std::string message;
    auto got = c.read(message);
    cancelled += !got && got.error().code() == Code::kCancelled && c.cancelled();
    return {};
  };
  with_server({streaming("/t.S/Wait", wait)}, [&](Server& server) {
    Channel channel(server.address());
    {
      auto stream = channel.stream("/t.S/Wait", {}).value();
      fiber::sleep_for(milliseconds(10)).value();
      stream.cancel();
      EXPECT_EQ(stream.finish().code, Code::kCancelled);
      auto dropped = channel.stream("/t.S/Wait", {}).value();
      fiber::sleep_for(milliseconds(10)).value();
    }
    while (cancelled < 2) fiber::yield();
  });
}

TEST(Stream, FailsWhenTheConnectionIsLost) {
  with_server({streaming("/t.S/Chat", echo_all)}, [](Server& server) {
    Channel channel(server.address());
    auto stream = channel.stream("/t.S/Chat", {}).value();
    stream.write("x").value();
    std::string got;
    ASSERT_TRUE(stream.read(got).value());
    server.stop(Deadline::after(milliseconds(10)));
    EXPECT_FALSE(stream.read(got).value());
    EXPECT_EQ(stream.finish().code, Code::kUnavailable);
  });
}

TEST(Stream, OutlivesItsChannelObject) {
  with_server({streaming("/t.S/Chat", echo_all)}, [](Server& server) {
    auto channel = std::make_unique<Channel>(server.address());
    auto stream = channel->stream("/t.S/Chat", {}).value();
    channel.reset();
    std::string got;
    EXPECT_FALSE(stream.read(got).value());
    EXPECT_EQ(stream.finish().code, Code::kUnavailable);
  });
}

std::string health_request(std::string_view service) {
  std::string bytes;
  put_bytes(bytes, 1, service);
  return bytes;
}

TEST(Health, ChecksAndWatches) {
  with_server({}, [](Server& server) {
    server.set_health("a.B", Server::Health::kServing);
    Channel channel(server.address());
    EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", "").message, "\x08\x01");
    EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", health_request("a.B")).message,
              "\x08\x01");
    UnaryReply reply = call(channel, "/grpc.health.v1.Health/Check", health_request("x"));
    EXPECT_EQ(reply.status.code, Code::kNotFound);
    EXPECT_EQ(reply.status.message, "unknown service");
    EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", "\x0a\x7f").status.code,
              Code::kInternal);
    auto watch = channel.stream("/grpc.health.v1.Health/Watch", {}).value();
    watch.write(health_request("late")).value();
    watch.close_send();
    std::string got;
    ASSERT_TRUE(watch.read(got).value());
    EXPECT_EQ(got, "\x08\x03");
    server.set_health("late", Server::Health::kServing);
    ASSERT_TRUE(watch.read(got).value());
    EXPECT_EQ(got, "\x08\x01");
    server.set_health("late", Server::Health::kNotServing);
    ASSERT_TRUE(watch.read(got).value());
    EXPECT_EQ(got, "\x08\x02");
    server.set_health("late", Server::Health::kServing);
    ASSERT_TRUE(watch.read(got).value());
    TimePoint start = now();
    server.stop(Deadline::after(std::chrono::seconds(5)));
    EXPECT_LT(now() - start, std::chrono::seconds(1));
    ASSERT_TRUE(watch.read(got).value());
    EXPECT_EQ(got, "\x08\x02");
    EXPECT_FALSE(watch.read(got).value());
    EXPECT_EQ(watch.finish().code, Code::kUnavailable);
  });
}

TEST(Health, ShutDownHoldsForAllServicesAndKeepsWatches) {
  with_server({}, [](Server& server) {
    server.set_health("a.B", Server::Health::kServing);
    Channel channel(server.address());
    auto watch = channel.stream("/grpc.health.v1.Health/Watch", {}).value();
    watch.write(health_request("a.B")).value();
    std::string got;
    ASSERT_TRUE(watch.read(got).value());
    server.shut_down_health();
    ASSERT_TRUE(watch.read(got).value());
    EXPECT_EQ(got, "\x08\x02");
    server.set_health("a.B", Server::Health::kServing);
    for (std::string_view name : {"", "a.B"})
      EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", health_request(name)).message,
                "\x08\x02");
    watch.cancel();
    EXPECT_EQ(watch.finish().code, Code::kCancelled);  // Not what a stop ends it with.
  });
}

// What a server answers to one request, field by field of the response.
std::string reflect(Channel& channel, uint32_t field, std::string_view argument,
                    uint32_t answer_field, std::string_view version = "v1") {
  auto stream = channel
                    .stream("/grpc.reflection." + std::string(version) +
                                ".ServerReflection/ServerReflectionInfo",
                            {})
                    .value();
  std::string request, response, found;
  put_bytes(request, field, argument);
  stream.write(request).value();
  stream.close_send();
  if (!stream.read(response).value())
    return "status " + std::to_string(static_cast<int>(stream.finish().code));
  FieldReader fields(response);
  while (fields.next()) {
    if (fields.field() == answer_field) found = fields.bytes();
  }
  return found;
}

std::vector<std::string> files_of(const std::string& answer) {
  std::vector<std::string> names;
  FieldReader fields(answer);
  while (fields.next()) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(
        file.ParseFromArray(fields.bytes().data(), static_cast<int>(fields.bytes().size())));
    names.push_back(file.name());
  }
  return names;
}

TEST(Reflection, KnowsWhatErrorsCarry) {
  with_server({unary("/t.S/Echo", test::echo)}, [](Server& server) {
    Channel channel(server.address());
    for (const char* type : {"google.rpc.ErrorInfo", "google.rpc.BadRequest.FieldViolation"})
      EXPECT_EQ(files_of(reflect(channel, 4, type, 4)),
                std::vector<std::string>{"google/rpc/error_details.proto"});
  });
}

TEST(Reflection, AnswersAllKindsOfRequests) {
  google::protobuf::DescriptorPool pool;
  google::protobuf::FileDescriptorProto base, file;
  base.set_name("base.proto");
  base.set_package("t");
  base.set_syntax("proto2");
  auto* extendable = base.add_message_type();
  extendable->set_name("Extendable");
  auto* range = extendable->add_extension_range();
  range->set_start(100);
  range->set_end(200);
  file.set_name("top.proto");
  file.set_package("t");
  file.set_syntax("proto2");
  file.add_dependency("base.proto");
  file.add_service()->set_name("S");
  for (int number : {150, 120}) {
    auto* extension = file.add_extension();
    extension->set_name("e" + std::to_string(number));
    extension->set_extendee(".t.Extendable");
    extension->set_number(number);
    extension->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    extension->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  }
  ASSERT_TRUE(pool.BuildFile(base));
  const auto* top = pool.BuildFile(file);
  ASSERT_TRUE(top);
  auto echo = [](ServerCall&, std::string_view, std::string&) -> Result<void> { return {}; };
  with_server({unary("/t.S/Echo", echo)}, [&](Server& server) {
    server.add_file(top);
    Channel channel(server.address());
    EXPECT_THAT(reflect(channel, 7, "*", 6), HasSubstr("t.S"));
    EXPECT_THAT(reflect(channel, 7, "*", 6, "v1alpha"), HasSubstr("grpc.health.v1.Health"));
    EXPECT_THAT(files_of(reflect(channel, 4, "t.S", 4)),
                testing::ElementsAre("top.proto", "base.proto"));
    EXPECT_THAT(files_of(reflect(channel, 3, "base.proto", 4)), testing::ElementsAre("base.proto"));
    EXPECT_THAT(files_of(reflect(channel, 4, "grpc.health.v1.Health", 4)),
                testing::ElementsAre("grpc/health/v1/health.proto"));
    std::string extension;
    put_bytes(extension, 1, "t.Extendable");
    put_uint(extension, 2, 120);
    EXPECT_THAT(files_of(reflect(channel, 5, extension, 4)), testing::Contains("top.proto"));
    EXPECT_THAT(reflect(channel, 6, "t.Extendable", 5), testing::EndsWith("\x12\x03\x78\x96\x01"));
    for (uint32_t kind : {3u, 4u, 5u, 6u})
      EXPECT_THAT(reflect(channel, kind, kind == 5 ? "\x0a\x01y" : "no.Such", 7),
                  HasSubstr("not found"));
    EXPECT_EQ(reflect(channel, 1, "host only", 7), "status 3");
    EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", health_request("t.S")).message,
              "\x08\x01");
    EXPECT_THAT(reflect_services(channel, {}, Deadline::never()).value(), testing::Contains("t.S"));
    EXPECT_EQ(reflect_files(channel, "t.S", {}, Deadline::never()).value().size(), 2u);
  });
}

TEST(Health, IsLeftToAServiceOfOnesOwn) {
  const std::string path = "/grpc.health.v1.Health/Check";
  const auto own = unary(path, [](ServerCall&, std::string_view, std::string& reply) {
    reply = "\x08\x02";
    return Result<void>();
  });
  ServerOptions options;
  options.health = false;
  with_server(
      {own},
      [&](Server& server) {
        Channel channel(server.address());
        EXPECT_EQ(call(channel, path, "").message, "\x08\x02");
        server.set_health("", Server::Health::kServing);
        EXPECT_EQ(channel.stream("/grpc.health.v1.Health/Watch", {}).value().finish().code,
                  Code::kUnimplemented);
      },
      options);
  auto threads = fiber::ThreadGroup::create(1).value();
  auto server = Server::create(*threads, {}).value();
  EXPECT_EQ(server->add_method(own).error().text(),
            "gRPC method /grpc.health.v1.Health/Check is served already (server.grpc.health: false "
            "leaves it to a service of one's own)");
}

TEST(Reflection, IsNotThereWhereItIsLeftOut) {
  ServerOptions options;
  options.reflection = false;
  with_server(
      {unary("/t.S/Echo", test::echo)},
      [&](Server& server) {
        Channel channel(server.address());
        for (const char* version : {"v1", "v1alpha"}) {
          const std::string path =
              fmt::format("/grpc.reflection.{}.ServerReflection/ServerReflectionInfo", version);
          EXPECT_EQ(channel.stream(path, {}).value().finish().code, Code::kUnimplemented);
        }
        EXPECT_EQ(call(channel, "/kratos.api.Metadata/ListServices", "").status.code,
                  Code::kUnimplemented);
        EXPECT_EQ(call(channel, "/t.S/Echo", "x").message, "x");
        EXPECT_EQ(call(channel, "/grpc.health.v1.Health/Check", "").message, "\x08\x01");
      },
      options);
}

}  // namespace
}  // namespace bia::grpc
