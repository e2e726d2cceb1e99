// The rules of messages that streams bring, one by one, on both sides.
#include "bia/bia/service_client.h"
#include "peers.h"
#include "test/v1/rules.bia.h"

namespace {
using namespace test::v1;
using bia::Context;
using bia::Result;
using bia::test_support::Peers;

class Checked final : public CheckedService {
 public:
  /// Joins the names, and takes no notice of what the reader says.
  Result<Part> Gather(Context&, bia::ServerReader<Part>& reader) override {
    Part sum;
    Part part;
    for (int i = 0; i < 8; ++i) {
      auto got = reader.read(part);
      if (got.ok() && !*got) return sum;
      if (!got.ok()) errors.push_back(got.error().reason());
      seen.push_back(part.part_name());
      sum.set_part_name(sum.part_name() + part.part_name());
    }
    return sum;
  }
  Result<void> Give(Context&, const Part& part, bia::ServerWriter<Part>& writer) override {
    return writer.write(part);
  }
  Result<void> Talk(Context&, bia::ServerReader<Part>& reader,
                    bia::ServerWriter<Part>& writer) override {
    Part part;
    while (BIA_TRY(reader.read(part))) BIA_TRY(writer.write(part));
    return {};
  }
  std::vector<std::string> seen, errors;
};

Part named(const std::string& name) {
  Part part;
  part.set_part_name(name);
  return part;
}

TEST(StreamRules, AreCheckedAsTheServerReads) {
  Checked service;
  bia::test_support::serve(service, {}, [&](Peers& peers) {
    bia::grpc::Channel channel(peers.grpc_address);
    CheckedClient client(channel);
    Part reply;

    auto talk = client.Talk();
    ASSERT_TRUE(talk.ok());
    ASSERT_TRUE(talk->write(named("a")).ok());
    EXPECT_TRUE(*talk->read(reply));
    ASSERT_TRUE(talk->write(Part()).ok());
    auto more = talk->read(reply);
    EXPECT_TRUE(!more.ok() || !*more);
    Result<void> outcome = talk->finish();
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code(), bia::Code::kInvalidArgument);
    EXPECT_EQ(outcome.error().reason(), "VALIDATOR");
    EXPECT_EQ(outcome.error().message(),
              "invalid Part.PartName: value length must be at least 1 runes");
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Checked/Talk VALIDATOR");

    auto gather = client.Gather();
    ASSERT_TRUE(gather.ok());
    for (const char* name : {"a", "", "b"}) ASSERT_TRUE(gather->write(named(name)).ok());
    gather->close_send();
    outcome = gather->finish();
    ASSERT_FALSE(outcome.ok()) << "a handler that goes on does not answer";
    EXPECT_EQ(outcome.error().reason(), "VALIDATOR");
    EXPECT_EQ(service.seen, std::vector<std::string>({"a", "", "", "", "", "", "", ""}))
        << "nothing behind a message that is wrong is read";
    EXPECT_EQ(service.errors, std::vector<std::string>(7, "VALIDATOR"));

    auto give = client.Give();
    ASSERT_TRUE(give.ok());
    ASSERT_TRUE(give->write(Part()).ok());
    EXPECT_EQ(give->finish().error().reason(), "VALIDATOR");
  });
}

TEST(StreamRules, ABrokenMessageEndsTheStreamToo) {
  Checked service;
  bia::test_support::serve(service, {}, [&](Peers& peers) {
    bia::grpc::Channel channel(peers.grpc_address);
    auto stream = channel.stream(CheckedService::kGather, {});
    ASSERT_TRUE(stream.ok());
    ASSERT_TRUE(stream->write("\xff\xff\xff").ok());
    ASSERT_TRUE(stream->write(named("b").SerializeAsString()).ok());
    stream->close_send();
    const bia::grpc::Status status = stream->finish();
    EXPECT_EQ(status.code, bia::Code::kInternal);
    EXPECT_EQ(bia::error_of(status).reason(), "CODEC");
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Checked/Gather CODEC");
  });
}

TEST(StreamRules, AreCheckedAsTheClientWrites) {
  Checked service;
  bia::test_support::serve(service, {}, [&](Peers& peers) {
    std::vector<std::string> outcomes;
    auto through = *bia::ServiceClient::create({.pool = {.target = peers.grpc_address}});
    through->use([&](Context&, bia::Request, bia::Next next) -> Result<bia::Reply> {
      auto reply = next();
      outcomes.push_back(reply.ok() ? "ok" : reply.error().reason());
      return reply;
    });
    through->use(bia::validation_middleware());
    CheckedClient client(*through);
    Part reply;

    auto talk = client.Talk();
    ASSERT_TRUE(talk.ok()) << talk.error().text();
    ASSERT_TRUE(talk->write(named("a")).ok());
    EXPECT_TRUE(*talk->read(reply));
    EXPECT_EQ(talk->write(Part()).error().reason(), "VALIDATOR");
    EXPECT_EQ(talk->write(named("b")).error().reason(), "VALIDATOR");
    EXPECT_EQ(talk->finish().error().reason(), "VALIDATOR");
    EXPECT_EQ(outcomes, std::vector<std::string>({"VALIDATOR"}));
    while (peers.calls.empty()) bia::fiber::yield();
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Checked/Talk CANCELLED")
        << "the peer is told, and it was sent nothing that is wrong";

    auto give = client.Give();
    ASSERT_TRUE(give.ok());
    EXPECT_EQ(give->write(Part()).error().reason(), "VALIDATOR");

    auto good = client.Gather();
    ASSERT_TRUE(good.ok());
    for (const char* name : {"a", "b"}) ASSERT_TRUE(good->write(named(name)).ok());
    good->close_send();
    EXPECT_TRUE(*good->read(reply));
    EXPECT_EQ(reply.part_name(), "ab");
    EXPECT_TRUE(good->finish().ok());
  });
}

TEST(StreamRules, AreNotCheckedWithoutTheMiddleware) {
  Checked service;
  bia::test_support::serve(service, {}, [&](Peers& peers) {
    auto through = *bia::ServiceClient::create({.pool = {.target = peers.grpc_address}});
    auto talk = CheckedClient(*through).Talk();
    ASSERT_TRUE(talk.ok());
    EXPECT_TRUE(talk->write(Part()).ok());
    EXPECT_EQ(talk->finish().error().reason(), "VALIDATOR") << "the server's, over the wire";
  });
}

}  // namespace
