#include "zelus/run/rest_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::run {
namespace {

using testing::HasSubstr;

class FakeRun final : public RestSubject {
 public:
  FakeRun()
      : thresholds_(
            metrics::Thresholds::none({}, metrics::Registry(), metrics::SystemTags::none())) {}
  Status status() const override {
    Status status;
    status.number = 7;
    status.vus = 2;
    status.vus_max = 3;
    status.running = true;
    status.stopped = stopped;
    return status;
  }
  void stop() override { stopped = true; }
  Result<void> set_paused(bool paused) override {
    if (paused)
      return bia::Error(bia::Code::kFailedPrecondition, "PAUSE", "execution is already paused");
    resumed = true;
    return {};
  }
  Result<void> scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max) override {
    scaled = {vus, vus_max};
    if (scale_refusal)
      return bia::Error(bia::Code::kFailedPrecondition, scale_refusal, "not these numbers");
    return {};
  }
  Result<metrics::Snapshot> snapshot() override {
    metrics::Snapshot snapshot;
    snapshot.add_metric({"hits", metrics::MetricType::kCounter, metrics::Contains::kDefault})
        .total.add(4, 0);
    snapshot.add_metric({"none", metrics::MetricType::kCounter, metrics::Contains::kDefault});
    snapshot.add_metric({"time", metrics::MetricType::kTrend, metrics::Contains::kTime})
        .total.add(1.5, 0);
    return snapshot;
  }
  const metrics::Thresholds& thresholds() const override { return thresholds_; }
  bia::Duration elapsed() const override { return std::chrono::seconds(2); }
  Result<std::string> root_group() override {
    return std::string(
        R"({"name":"","path":"","id":"r","groups":[{"name":"g","path":"::g","id":"1","groups":[],)"
        R"("checks":[{"name":"c","path":"::g::c","id":"2","passes":1,"fails":0}]}],"checks":[]})");
  }
  std::optional<std::string> setup_data() const override { return data; }
  void set_setup_data(std::optional<std::string> json) override { data = std::move(json); }
  Result<void> call_setup() override {
    return bia::Error(bia::Code::kUnknown, "SCRIPT_EXCEPTION", "no setup today");
  }
  Result<void> call_teardown() override { return {}; }

  bool stopped = false, resumed = false;
  std::pair<std::optional<int64_t>, std::optional<int64_t>> scaled;
  const char* scale_refusal = nullptr;
  std::optional<std::string> data;

 private:
  metrics::Thresholds thresholds_;
};

TEST(RestApi, Status) {
  FakeRun run;
  RestAnswer answer = rest_answer(run, "GET", "/v1/status", "");
  EXPECT_EQ(answer.content_type, "application/json; charset=utf-8");
  EXPECT_EQ(
      answer.body,
      R"({"data":{"type":"status","id":"default","attributes":{"status":7,"paused":false,"vus":2,"vus-max":3,)"
      R"("stopped":false,"running":true,"tainted":false}}})");
  EXPECT_EQ(rest_answer(run, "POST", "/v1/status", "").status, 405);
}

TEST(RestApi, PatchStatus) {
  FakeRun run;
  auto patch = [&](std::string_view attributes) {
    return rest_answer(run, "PATCH", "/v1/status",
                       std::string(R"({"data":{"type":"status","id":"default","attributes":)") +
                           std::string(attributes) + "}}");
  };
  EXPECT_EQ(patch(R"({"paused":false,"stopped":false})").status, 200);
  EXPECT_TRUE(run.resumed);
  EXPECT_EQ(patch(R"({"paused":true})").status, 500);
  EXPECT_EQ(patch(R"({"vus":5,"vus-max":7})").status, 200);
  EXPECT_EQ(run.scaled, (std::pair<std::optional<int64_t>, std::optional<int64_t>>(5, 7)));
  run.scale_refusal = "CONFIG_UPDATE";
  EXPECT_EQ(patch(R"({"vus":5})").status, 400);
  EXPECT_THAT(patch(R"({"vus":5})").body, HasSubstr("Config update error"));
  run.scale_refusal = "EXECUTION_CONFIG";
  EXPECT_EQ(patch(R"({"vus":null,"vus-max":1})").status, 500);
  EXPECT_THAT(patch(R"({"vus-max":1})").body, HasSubstr("Execution config error"));
  EXPECT_THAT(patch(R"({"stopped":true})").body, HasSubstr(R"("stopped":true)"));
  EXPECT_EQ(patch("5").status, 400);
  EXPECT_EQ(rest_answer(run, "PATCH", "/v1/status", "{").status, 400);
  EXPECT_EQ(rest_answer(run, "PATCH", "/v1/status", "[]").status, 200);
}

TEST(RestApi, Metrics) {
  FakeRun run;
  EXPECT_EQ(
      rest_answer(run, "GET", "/v1/metrics/hits", "").body,
      R"({"data":{"type":"metrics","id":"hits","attributes":{"type":"counter","contains":"default","tainted":null,"sample":{"count":4,"rate":2}}}})");
  RestAnswer all = rest_answer(run, "GET", "/v1/metrics", "");
  EXPECT_EQ(all.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(
      all.body,
      HasSubstr(R"j("sample":{"avg":1.5,"max":1.5,"med":1.5,"min":1.5,"p(90)":1.5,"p(95)":1.5})j"));
  EXPECT_THAT(all.body, testing::Not(HasSubstr("none")));
  EXPECT_EQ(
      rest_answer(run, "GET", "/v1/metrics/nosuch", "").body,
      R"({"errors":[{"status":"404","title":"Not Found","detail":"No metric with that ID was found"}]})");
}

TEST(RestApi, Groups) {
  FakeRun run;
  EXPECT_EQ(
      rest_answer(run, "GET", "/v1/groups", "").body,
      R"({"data":[{"type":"groups","id":"r","attributes":{"path":"","name":"","checks":null},"relationships":{"groups":{"data":)"
      R"([{"type":"groups","id":"1"}]},"parent":{"data":null}}},{"type":"groups","id":"1","attributes":{"path":"::g","name":"g",)"
      R"("checks":[{"id":"2","path":"::g::c","name":"c","passes":1,"fails":0}]},"relationships":{"groups":{"data":[]},"parent":)"
      R"({"data":{"type":"groups","id":"r"}}}}]})");
  EXPECT_THAT(rest_answer(run, "GET", "/v1/groups/1", "").body,
              HasSubstr(R"({"data":{"type":"groups","id":"1")"));
  EXPECT_EQ(rest_answer(run, "GET", "/v1/groups/9", "").status, 404);
}

TEST(RestApi, SetupAndTeardown) {
  FakeRun run;
  EXPECT_EQ(rest_answer(run, "GET", "/v1/setup", "").body,
            R"({"data":{"type":"setupData","id":"default","attributes":{}}})");
  EXPECT_THAT(rest_answer(run, "PUT", "/v1/setup", R"({"a":1})").body,
              HasSubstr(R"("attributes":{"data":{"a":1}})"));
  EXPECT_EQ(rest_answer(run, "PUT", "/v1/setup", "{").status, 400);
  EXPECT_EQ(run.data, R"({"a":1})");
  EXPECT_THAT(rest_answer(run, "POST", "/v1/setup", "").body, HasSubstr("no setup today"));
  EXPECT_EQ(rest_answer(run, "POST", "/v1/teardown", "").body, "");
  EXPECT_EQ(rest_answer(run, "GET", "/v1/teardown", "").status, 405);
  EXPECT_EQ(rest_answer(run, "GET", "/v1/nothing", "").body, "404 page not found\n");
}

}  // namespace
}  // namespace zelus::run
