// Unary calls between our client and our server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "bia/net/socket.h"
#include "grpc/test_support.h"
#include "grpc/wire.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using test::call;
using test::streaming;
using test::unary;
using test::value_of;
using test::with_server;
using testing::HasSubstr;

Result<void> echo(ServerCall&, std::string_view request, std::string& reply) {
  reply += request;
  return {};
}

TEST(Unary, EchoesAndReusesTheReply) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    Channel channel(server.address());
    UnaryReply reply;
    for (std::string text : {"one", "", "three"}) {
      channel.unary("/t.S/Echo", text, {}, reply);
      EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
      EXPECT_EQ(reply.message, text);
      EXPECT_EQ(value_of(reply.headers, "content-type"), "application/grpc");
      EXPECT_EQ(reply.headers.size(), 1u);
      EXPECT_EQ(reply.bytes_sent, text.size() + 5);
      EXPECT_EQ(reply.bytes_received, text.size() + 5);
    }
    EXPECT_GT(channel.bytes_sent(), 0u);
    EXPECT_GT(channel.bytes_received(), 0u);
  });
}

TEST(Unary, CarriesMetadataBothWays) {
  auto handler = [](ServerCall& c, std::string_view, std::string& reply) -> Result<void> {
    reply = c.metadata("x-text");
    EXPECT_EQ(c.metadata("x-bytes-bin"), std::string_view("\x00\xff\x01", 3));
    EXPECT_EQ(c.metadata("absent"), "");
    EXPECT_EQ(c.metadata("user-agent"), "tester/1");
    EXPECT_EQ(value_of(c.all_metadata(), "x-text"), "hi there");
    EXPECT_EQ(value_of(c.all_metadata(), "te"), "");
    EXPECT_THAT(c.peer(), HasSubstr("127.0.0.1:"));
    EXPECT_EQ(c.path(), "/t.S/Meta");
    c.add_initial_metadata("X-First", "1");
    c.add_trailing_metadata("x-last-bin", std::string_view("\x00\x80", 2));
    c.add_trailing_metadata("grpc-status", "7");  // Reserved: not sent.
    return {};
  };
  with_server({unary("/t.S/Meta", handler)}, [](Server& server) {
    ChannelOptions channel_options;
    channel_options.user_agent = "tester/1";
    Channel channel(server.address(), channel_options);
    Metadata metadata{{"x-text", "hi there"}, {"x-bytes-bin", std::string("\x00\xff\x01", 3)}};
    CallOptions options;
    options.metadata = &metadata;
    UnaryReply reply = call(channel, "/t.S/Meta", "", options);
    EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
    EXPECT_EQ(reply.message, "hi there");
    EXPECT_EQ(value_of(reply.headers, "x-first"), "1");
    EXPECT_EQ(value_of(reply.trailers, "x-last-bin"), std::string("\x00\x80", 2));
  });
}

TEST(Unary, RefusesBadMetadataLocally) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    Channel channel(server.address());
    for (const Metadata& metadata : {Metadata{{"grpc-status", "1"}}, Metadata{{"sp ace", "1"}},
                                     Metadata{{"x", "new\nline"}}}) {
      CallOptions options;
      options.metadata = &metadata;
      EXPECT_EQ(call(channel, "/t.S/Echo", "", options).status.code, Code::kInternal);
    }
    EXPECT_EQ(call(channel, "/t.S/Echo", "still").message, "still");
  });
}

TEST(Unary, SendsErrorsWithReasonAndMetadata) {
  auto handler = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kNotFound, "USER_NOT_FOUND", "no \xc3\xa4 user 100%\n")
        .with_metadata("id", "7");
  };
  auto plain = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kUnknown, "", "just text");
  };
  auto throwing = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    throw std::runtime_error("secret");
  };
  with_server(
      {unary("/t.S/Error", handler), unary("/t.S/Plain", plain), unary("/t.S/Throw", throwing)},
      [](Server& server) {
        Channel channel(server.address());
        UnaryReply reply = call(channel, "/t.S/Error", "");
        EXPECT_EQ(reply.status.code, Code::kNotFound);
        EXPECT_EQ(reply.status.message, "no \xc3\xa4 user 100%\n");
        Error error =
            error_from_status(reply.status.code, reply.status.message, reply.status.details);
        EXPECT_EQ(error.reason(), "USER_NOT_FOUND");
        ASSERT_EQ(error.metadata().size(), 1u);
        EXPECT_EQ(error.metadata()[0].second, "7");
        reply = call(channel, "/t.S/Plain", "");
        EXPECT_EQ(reply.status.code, Code::kUnknown);
        EXPECT_EQ(reply.status.details, "");
        reply = call(channel, "/t.S/Throw", "");
        EXPECT_EQ(reply.status.code, Code::kInternal);
        EXPECT_THAT(reply.status.message, testing::Not(HasSubstr("secret")));
      });
}

TEST(Unary, TakesDetailsAsLargeAsGrpcGoDoes) {
  const std::string large(10'000'000, 'd');
  auto handler = [&](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kAborted, "LARGE", "see the details").with_metadata("all", large);
  };
  with_server({unary("/t.S/Error", handler)}, [&](Server& server) {
    Channel channel(server.address());
    UnaryReply reply = call(channel, "/t.S/Error", "");
    EXPECT_EQ(reply.status.code, Code::kAborted) << reply.status.message;
    Error error = error_from_status(reply.status.code, reply.status.message, reply.status.details);
    ASSERT_EQ(error.metadata().size(), 1u);
    EXPECT_EQ(error.metadata()[0].second.size(), large.size());
  });
}

TEST(Unary, NamesUnknownMethodsAsGrpcGoDoes) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    Channel channel(server.address());
    EXPECT_EQ(call(channel, "/x.Y/Z", "").status.message, "unknown service x.Y");
    EXPECT_EQ(call(channel, "/t.S/Nope", "").status.message, "unknown method Nope for service t.S");
    UnaryReply reply = call(channel, "/nothing", "");
    EXPECT_EQ(reply.status.code, Code::kUnimplemented);
    EXPECT_EQ(reply.status.message, "malformed method name: \"/nothing\"");
  });
}

TEST(Unary, EndsAtTheDeadlineOfTheCaller) {
  bool server_saw = false;
  auto handler = [&](ServerCall& c, std::string_view, std::string&) -> Result<void> {
    EXPECT_FALSE(c.deadline().is_never());
    auto slept = fiber::sleep_for(std::chrono::seconds(30));
    server_saw = !slept;
    return slept;
  };
  with_server({unary("/t.S/Sleep", handler)}, [&](Server& server) {
    Channel channel(server.address());
    CallOptions options;
    TimePoint start = now();
    options.deadline = Deadline(start + milliseconds(50));
    UnaryReply reply = call(channel, "/t.S/Sleep", "", options);
    EXPECT_EQ(reply.status.code, Code::kDeadlineExceeded);
    EXPECT_GE(now() - start, milliseconds(49));
    while (!server_saw) fiber::yield();
  });
}

TEST(Unary, EndsAtTheTimeoutOfTheServer) {
  auto handler = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return fiber::sleep_for(std::chrono::seconds(30));
  };
  ServerOptions options;
  options.timeout = milliseconds(40);
  with_server(
      {unary("/t.S/Sleep", handler)},
      [](Server& server) {
        Channel channel(server.address());
        TimePoint start = now();
        EXPECT_EQ(call(channel, "/t.S/Sleep", "").status.code, Code::kDeadlineExceeded);
        EXPECT_GE(now() - start, milliseconds(39));
      },
      options);
}

TEST(Unary, IsAnsweredAtTheDeadlineWhileItsHandlerGoesOn) {
  bool go_on = true;
  auto handler = [&](ServerCall& c, std::string_view, std::string& reply) -> Result<void> {
    c.add_initial_metadata("late", "1");
    while (go_on) fiber::yield();
    reply = "late";
    return {};
  };
  ServerOptions options;
  options.timeout = milliseconds(5);
  with_server(
      {unary("/t.S/Late", handler), unary("/t.S/Echo", echo)},
      [&](Server& server) {
        Channel channel(server.address());
        UnaryReply reply = call(channel, "/t.S/Late", "");
        EXPECT_EQ(reply.status.code, Code::kDeadlineExceeded);
        EXPECT_EQ(reply.status.message, "context deadline exceeded");
        go_on = false;
        EXPECT_EQ(call(channel, "/t.S/Echo", "x").status.code, Code::kOk);
      },
      options);
}

TEST(Unary, CompressesBothWays) {
  ServerOptions server_options;
  server_options.message_bytes_max = 1'000'000;
  with_server(
      {unary("/t.S/Echo", echo)},
      [](Server& server) {
        ChannelOptions options;
        options.compression = Compression::kGzip;
        options.message_bytes_max = 1'000'000;
        Channel channel(server.address(), options);
        for (size_t size : {0, 1, 100, 50'000, 1'000'000}) {
          const std::string request(size, 'a');
          UnaryReply reply = call(channel, "/t.S/Echo", request);
          EXPECT_EQ(reply.status.message, "");
          EXPECT_EQ(reply.message, request);
          if (size > 1000) {
            EXPECT_LT(reply.bytes_received, size / 10);
          }
        }
        EXPECT_LT(channel.bytes_sent(), 20'000u);
        EXPECT_EQ(call(channel, "/t.S/Echo", std::string(1'000'001, 'a')).status.message,
                  "grpc: received message after decompression larger than max 1000000");
        options.message_bytes_max = 99;
        Channel small(server.address(), options);
        EXPECT_EQ(call(small, "/t.S/Echo", std::string(100, 'a')).status.message,
                  "grpc: received message after decompression larger than max 99");
        Channel plain(server.address());
        UnaryReply reply = call(plain, "/t.S/Echo", std::string(50'000, 'a'));
        EXPECT_EQ(reply.bytes_received, 50'000u + kPrefixBytes);
      },
      server_options);
}

TEST(Unary, CancelsTheHandlerWithItsCaller) {
  bool cancelled = false;
  auto handler = [&](ServerCall& c, std::string_view, std::string&) -> Result<void> {
    auto slept = fiber::sleep_for(std::chrono::seconds(30));
    cancelled = c.cancelled() && !slept && slept.error().code() == Code::kCancelled;
    return slept;
  };
  ServerOptions options;
  options.timeout = Duration(0);
  with_server(
      {unary("/t.S/Sleep", handler)},
      [&](Server& server) {
        Channel channel(server.address());
        UnaryReply reply;
        auto caller = fiber::Scheduler::current()
                          .spawn([&] { channel.unary("/t.S/Sleep", "", {}, reply); })
                          .value();
        fiber::sleep_for(milliseconds(20)).value();
        caller.cancel();
        caller.join().value();
        EXPECT_EQ(reply.status.code, Code::kCancelled);
        while (!cancelled) fiber::yield();
      },
      options);
}

TEST(Unary, HoldsTheLimitOnMessages) {
  ServerOptions options;
  options.message_bytes_max = 1000;
  with_server(
      {unary("/t.S/Echo", echo)},
      [](Server& server) {
        Channel channel(server.address());
        EXPECT_EQ(call(channel, "/t.S/Echo", std::string(1000, 'x')).message.size(), 1000u);
        UnaryReply reply = call(channel, "/t.S/Echo", std::string(1001, 'x'));
        EXPECT_EQ(reply.status.code, Code::kResourceExhausted);
        EXPECT_EQ(reply.status.message, "grpc: received message larger than max (1001 vs. 1000)");
        reply = call(channel, "/t.S/Echo", std::string(3'000'000, 'x'));
        EXPECT_EQ(reply.status.code, Code::kResourceExhausted);
        ChannelOptions small;
        small.message_bytes_max = 10;
        Channel limited(server.address(), small);
        EXPECT_EQ(call(limited, "/t.S/Echo", "0123456789").status.code, Code::kOk);
        EXPECT_EQ(call(limited, "/t.S/Echo", "0123456789a").status.message,
                  "grpc: received message larger than max (11 vs. 10)");
      },
      options);
}

TEST(Unary, HoldsTheLimitOnMessagesThatItSends) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    ChannelOptions options;
    options.send_bytes_max = 1000;
    Channel channel(server.address(), options);
    EXPECT_EQ(call(channel, "/t.S/Echo", std::string(1000, 'x')).message.size(), 1000u);
    UnaryReply reply = call(channel, "/t.S/Echo", std::string(1001, 'x'));
    EXPECT_EQ(reply.status.code, Code::kResourceExhausted);
    EXPECT_EQ(reply.status.message, "trying to send message larger than max (1001 vs. 1000)");
    auto stream = channel.stream("/t.S/Echo", {}).value();
    EXPECT_FALSE(stream.write(std::string(1001, 'x')).ok());
    EXPECT_EQ(stream.finish().code, Code::kResourceExhausted);
    options.compression = Compression::kGzip;
    Channel packing(server.address(), options);
    EXPECT_EQ(call(packing, "/t.S/Echo", std::string(5000, 'x')).status.code, Code::kOk)
        << "it is what goes on the wire that counts";
  });
}

TEST(Unary, CarriesMessagesLargerThanTheWindows) {
  ServerOptions options;
  options.message_bytes_max = 8 << 20;
  options.window_bytes = 65'535;
  with_server(
      {unary("/t.S/Echo", echo)},
      [](Server& server) {
        ChannelOptions channel_options;
        channel_options.message_bytes_max = 8 << 20;
        channel_options.window_bytes = 65'535;
        Channel channel(server.address(), channel_options);
        std::string big(5 << 20, 'a');
        for (size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>(i);
        UnaryReply reply = call(channel, "/t.S/Echo", big);
        EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
        EXPECT_TRUE(reply.message == big);
      },
      options);
}

TEST(Unary, ServesManyCallsOnOneConnectionBeyondTheStreamLimit) {
  ServerOptions options;
  options.streams_max = 10;
  size_t running = 0, most = 0;
  auto handler = [&](ServerCall&, std::string_view request, std::string& reply) -> Result<void> {
    most = std::max(most, ++running);
    auto slept = fiber::sleep_for(milliseconds(1));
    --running;
    reply += request;
    return slept;
  };
  with_server(
      {unary("/t.S/Slow", handler)},
      [&](Server& server) {
        Channel channel(server.address());
        channel.connect(Deadline::never()).value();
        std::vector<fiber::Fiber> callers;
        size_t good = 0;
        for (int i = 0; i < 200; ++i) {
          callers.push_back(fiber::Scheduler::current()
                                .spawn([&, i] {
                                  UnaryReply reply = call(channel, "/t.S/Slow", std::to_string(i));
                                  good += reply.status.code == Code::kOk &&
                                          reply.message == std::to_string(i);
                                })
                                .value());
        }
        for (auto& caller : callers) caller.join().value();
        EXPECT_EQ(good, 200u);
      },
      options);
  EXPECT_GT(most, 1u);
}

TEST(Unary, SharesConnectionsBetweenThreads) {
  with_server(
      {unary("/t.S/Echo", echo)},
      [](Server& server) {
        for (int i = 0; i < 8; ++i) {
          Channel channel(server.address());
          EXPECT_EQ(call(channel, "/t.S/Echo", "x").message, "x");
        }
      },
      {}, 2);
}

TEST(Unary, FailsWhereNobodyListens) {
  with_server({}, [](Server&) {
    std::string address =
        net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value().local().text();
    Channel channel(address);
    UnaryReply reply = call(channel, "/t.S/Echo", "");
    EXPECT_EQ(reply.status.code, Code::kUnavailable);
    EXPECT_THAT(reply.status.message,
                HasSubstr("connection error: desc = \"transport: Error while dialing: "));
    EXPECT_EQ(channel.connect(Deadline::never()).error().code(), Code::kUnavailable);
    Channel bad("nowhere");
    EXPECT_THAT(call(bad, "/t.S/Echo", "").status.message, HasSubstr("not host:port"));
  });
}

TEST(Unary, ReconnectsAfterTheServerWentAway) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = Server::create(*threads, options).value();
    server->add_method(unary("/t.S/Echo", echo)).value();
    server->start().value();
    options.address = server->address();
    ChannelOptions client;
    client.backoff = std::chrono::milliseconds(1);
    Channel channel(server->address(), client);
    EXPECT_EQ(call(channel, "/t.S/Echo", "1").message, "1");
    TimePoint start = now();
    server->stop(Deadline::after(std::chrono::seconds(5)));
    EXPECT_LT(now() - start, std::chrono::seconds(1));
    EXPECT_EQ(call(channel, "/t.S/Echo", "2").status.code, Code::kUnavailable);
    auto again = Server::create(*threads, options).value();
    again->add_method(unary("/t.S/Echo", echo)).value();
    again->start().value();
    CallOptions waits;
    waits.ready = CallOptions::Ready::kWait;
    EXPECT_EQ(call(channel, "/t.S/Echo", "3", waits).message, "3");
    again->stop(Deadline::after(std::chrono::seconds(5)));
  });
}

TEST(Server, LetsCallsInFlightEndWhenItStops) {
  auto handler = [](ServerCall&, std::string_view, std::string& reply) -> Result<void> {
    BIA_TRY(fiber::sleep_for(milliseconds(50)));
    reply = "late";
    return {};
  };
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = Server::create(*threads, options).value();
    server->add_method(unary("/t.S/Late", handler)).value();
    server->start().value();
    Channel channel(server->address());
    UnaryReply reply;
    auto caller = fiber::Scheduler::current()
                      .spawn([&] { channel.unary("/t.S/Late", "", {}, reply); })
                      .value();
    fiber::sleep_for(milliseconds(10)).value();
    server->stop(Deadline::after(std::chrono::seconds(5)));
    caller.join().value();
    EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
    EXPECT_EQ(reply.message, "late");
  });
}

TEST(Server, CutsOffWhatStillRunsAtTheDeadline) {
  auto handler = [](ServerCall&, std::string_view, std::string&) -> Result<void> {
    return fiber::sleep_for(std::chrono::hours(1));
  };
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.timeout = Duration(0);
    auto server = Server::create(*threads, options).value();
    server->add_method(unary("/t.S/Hang", handler)).value();
    server->start().value();
    Channel channel(server->address());
    UnaryReply reply;
    auto caller = fiber::Scheduler::current()
                      .spawn([&] { channel.unary("/t.S/Hang", "", {}, reply); })
                      .value();
    fiber::sleep_for(milliseconds(10)).value();
    TimePoint start = now();
    server->stop(Deadline::after(milliseconds(30)));
    EXPECT_LT(now() - start, milliseconds(500));
    caller.join().value();
    EXPECT_EQ(reply.status.code, Code::kUnavailable);
  });
}

TEST(Server, RefusesAPortInUseAndPathsTwice) {
  with_server({unary("/t.S/Echo", echo)}, [](Server& server) {
    EXPECT_EQ(server.add_method(unary("/t.S/Echo", echo)).error().code(), Code::kAlreadyExists);
    EXPECT_EQ(server.add_method(unary("t.S/Echo", echo)).error().code(), Code::kInvalidArgument);
    EXPECT_EQ(server.add_method({"/t.S/None", nullptr, nullptr}).error().code(),
              Code::kInvalidArgument);
    auto threads = fiber::ThreadGroup::create(1).value();
    ServerOptions options;
    options.address = "no port";
    EXPECT_EQ(Server::create(*threads, options).error().code(), Code::kInvalidArgument);
  });
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto first = Server::create(*threads, options).value();
    first->start().value();
    options.address = first->address();
    auto second = Server::create(*threads, options).value();
    EXPECT_EQ(second->start().error().code(), Code::kAlreadyExists);
    first->stop(Deadline::never());
  });
}

TEST(Unary, ACallerRefusesMetadataAboveItsLimit) {
  const auto handler = [](ServerCall& c, std::string_view request, std::string&) -> Result<void> {
    for (int i = 0; i < 10; ++i) {
      if (request == "head") c.add_initial_metadata("x-many", "1");
      if (request == "end") c.add_trailing_metadata("x-many", "1");
    }
    return {};
  };
  with_server({unary("/t.S/Meta", handler)}, [](Server& server) {
    ChannelOptions options;
    options.metadata_bytes_max = 300;
    Channel channel(server.address(), options);
    EXPECT_EQ(call(channel, "/t.S/Meta", "").status.code, Code::kOk);
    for (const char* where : {"head", "end"}) {
      const UnaryReply reply = call(channel, "/t.S/Meta", where);
      EXPECT_EQ(reply.status.code, Code::kResourceExhausted) << where;
      EXPECT_EQ(reply.status.message, "response metadata above 300 bytes");
    }
  });
}

}  // namespace
}  // namespace bia::grpc
