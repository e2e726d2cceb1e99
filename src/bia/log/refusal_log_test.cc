#include "bia/log/refusal_log.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bia/bia/log.h"

namespace bia {
namespace {

TEST(LineBudget, HoldsItsLimitAndCountsTheRest) {
  LineBudget budget;
  const TimePoint begin = now();
  for (int i = 0; i < kRefusalLinesMax; ++i) EXPECT_TRUE(budget.take(begin)) << i;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(budget.take(begin));
  EXPECT_FALSE(budget.take(begin + std::chrono::milliseconds(999)));
  EXPECT_TRUE(budget.take(begin + std::chrono::seconds(1)));
  EXPECT_EQ(budget.left_out(), 6u);
  EXPECT_EQ(budget.left_out(), 0u);
}

TEST(RefusalLog, SaysWhoseItWasAndWhyAndBoundsItsLines) {
  std::vector<std::string> lines;
  log::set_sink([&](std::string_view line) { lines.emplace_back(line); });
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const http::RefusalHook told = refusal_log("HTTP");
  for (int i = 0; i < 2 * kRefusalLinesMax; ++i)
    told({http::Refusal::Of::kRequest, "BAD_CHUNK", 400, ends[0]});
  told({http::Refusal::Of::kConnection, "rapid_reset", 0, -1});
  log::set_sink(nullptr);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(lines.size(), size_t{kRefusalLinesMax});
  ASSERT_FALSE(lines.empty());
  EXPECT_NE(lines[0].find("[HTTP] refused a request of a local peer: BAD_CHUNK (400)"),
            std::string::npos)
      << lines[0];
}

}  // namespace
}  // namespace bia
