// Kratos' omitempty=false: rpcs without google.api.http over HTTP.
#include "peers.h"
#include "test/v1/unmapped.bia.h"

namespace {
using namespace test::v1;
using bia::Context;
using bia::Result;
using bia::test_support::Peers;

class Service final : public UnmappedService {
 public:
  Result<Words> Say(Context&, const Words& request) override { return request; }
  Result<Words> Ruled(Context&, const Words& request) override { return request; }
  Result<void> Stream(Context&, const Words&, bia::ServerWriter<Words>&) override { return {}; }
};

TEST(Unmapped, IsAPostOfItsName) {
  Service service;
  bia::test_support::serve(service, {}, [](Peers& peers) {
    // The query alone is read, as in Kratos.
    EXPECT_EQ(peers
                  .send("POST", "/rpc/test.v1.Unmapped/Say?text=hi&counts=1&counts=2",
                        R"({"text":"no"})", "application/json")
                  .body,
              R"({"text":"hi","counts":[1,2]})");
    EXPECT_EQ(peers.send("GET", "/rpc/test.v1.Unmapped/Say").status, 405);
    EXPECT_EQ(peers.get("/ruled/x"), R"({"text":"x","counts":[]})");
    EXPECT_EQ(peers.send("POST", "/rpc/test.v1.Unmapped/Ruled").status, 404) << "it has a rule";
    EXPECT_EQ(peers.send("POST", "/rpc/test.v1.Unmapped/Stream").status, 404);
    Words words;
    words.set_text("by the client");
    words.add_counts(7);
    auto said = UnmappedHttpClient(peers.http, "127.0.0.1", peers.port).Say(words);
    ASSERT_TRUE(said.ok()) << said.error().text();
    EXPECT_EQ(said->SerializeAsString(), words.SerializeAsString());
  });
}

}  // namespace
