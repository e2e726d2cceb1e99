// Retries and hedges of a client's calls.
#include "bia/client/repeated_call.h"

#include <map>

#include "bia/bia/log.h"
#include "bia/client/balancer.h"
#include "bia/client/service_client_test_support.h"

namespace bia {
namespace {

using namespace std::chrono_literals;

TEST(RepeatedCall, RetriesWhatIsUnavailableAndNothingElse) {
  Peer peer;
  Code code = Code::kUnavailable;
  peer.echo = [&](grpc::ServerCall&, std::string_view request, std::string& reply) -> Result<void> {
    if (peer.calls < 3) return Error(code, "DOWN", "down");
    reply = request;
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc, [](auto& options) {
      options.retry.attempts = 3;
      options.retry.backoff = 1ms;
    });
    EXPECT_EQ(*echo(*client, "x"), "x");
    EXPECT_EQ(peer.calls, 3);
    peer.calls = 0;
    code = Code::kNotFound;
    EXPECT_EQ(echo(*client, "x").error().reason(), "DOWN");
    EXPECT_EQ(peer.calls, 1);
  });
}

TEST(RepeatedCall, StopsRetryingWhereMostCallsFail) {
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kUnavailable, "DOWN", "down");
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc, [](auto& options) {
      options.retry.attempts = 2;
      options.retry.backoff = Duration::zero();
    });
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(echo(*client, "x").ok());
    EXPECT_LT(peer.calls, 25) << "gRPC's retry throttling: ten failures, then half of the tokens";
    EXPECT_GT(peer.calls, 20);
  });
}

TEST(RepeatedCall, HedgesASlowNode) {
  Peer slow;
  bool cancelled = false;
  slow.echo = [&](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    cancelled = fiber::sleep_for(60s).error().code() == Code::kCancelled;
    return Error(Code::kInternal, "SLOW", "");
  };
  slow.run([&](const std::string& first, const std::string&) {
    // The second sending finds the same node, quick now.
    auto client = client_of(first, [](auto& options) {
      options.hedge.copies = 2;
      options.hedge.delay = 5ms;
    });
    auto before = slow.echo;
    int number = 0;
    slow.echo = [&](grpc::ServerCall& call, std::string_view request,
                    std::string& reply) -> Result<void> {
      if (number++ == 0) return before(call, request, reply);
      reply = request;
      return {};
    };
    EXPECT_EQ(*echo(*client, "x"), "x");
    EXPECT_EQ(slow.calls, 2);
    for (int i = 0; i < 1000 && !cancelled; ++i) fiber::sleep_for(1ms).ignore("a test");
    EXPECT_TRUE(cancelled) << "the loser is cancelled";
  });
}

TEST(RepeatedCall, ACopyThatIsCancelledIsNoFailureOfItsNode) {
  const int calls = 2 * int(SreBreaker::Options().requests_min);
  Peer peer;
  std::map<std::string, int> by_connection;
  // The first copies, which all go to the one node, are never answered.
  peer.echo = [&](grpc::ServerCall& call, std::string_view request,
                  std::string& reply) -> Result<void> {
    ++by_connection[call.peer()];
    if (peer.calls % 2 == 1) fiber::sleep_for(60s).ignore("a test");
    reply = request;
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc + "," + grpc, [](auto& options) {
      options.pool.breaker = PoolOptions::Breaker::kOn;
      options.hedge.copies = 2;
      options.hedge.delay = 1ms;
    });
    for (int i = 0; i < calls; ++i) EXPECT_EQ(*echo(*client, "x"), "x");
  });
  ASSERT_EQ(by_connection.size(), 2u);
  for (const auto& [connection, count] : by_connection)
    EXPECT_EQ(count, calls) << "the breaker of " << connection << " has opened";
}

TEST(RepeatedCall, SendsNoCopiesWhereMostCallsFail) {
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kUnavailable, "DOWN", "down");
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc, [](auto& options) { options.hedge.copies = 2; });
    for (int i = 0; i < 20; ++i) EXPECT_EQ(echo(*client, "x").error().reason(), "DOWN");
    EXPECT_LT(peer.calls, 25) << "half of ten tokens: five failed sendings, then no second one";
    EXPECT_GT(peer.calls, 20);
  });
}

}  // namespace
}  // namespace bia
