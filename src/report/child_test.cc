#include "report/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "bia/fiber/scheduler.h"
#include "report/sampler.h"
#include "report/series_reader.h"
#include "report/service.h"

namespace report {
namespace {

void in_fiber(std::function<void()> body) {
  auto scheduler = bia::fiber::Scheduler::create();
  ASSERT_TRUE(scheduler.ok());
  ASSERT_TRUE((*scheduler)->spawn(std::move(body)).ok());
  (*scheduler)->run(bia::fiber::Scheduler::Until::kNoFibers);
}

std::string temp_file() { return testing::TempDir() + "report_test_" + std::to_string(getpid()); }

TEST(Child, GivesItsOutputExitCodeAndCpuTime) {
  in_fiber([] {
    Child::Options options;
    options.arguments = {"sh", "-c", "echo hello; exit 3"};
    options.output_path = temp_file();
    auto child = Child::start(options);
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(child->wait(), 3);
    EXPECT_EQ(read_file(options.output_path), "hello\n");
    EXPECT_GE(child->cpu_seconds(), 0);
    std::remove(options.output_path.c_str());
  });
}

TEST(Child, AProgramThatIsNotThereIsAnErrorThatNamesIt) {
  Child::Options options;
  options.arguments = {"/nowhere/at-all"};
  auto child = Child::start(options);
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().message(), "/nowhere/at-all: No such file or directory");
}

TEST(Child, EndsWithItsOwner) {
  pid_t pid = 0;
  in_fiber([&] {
    Child::Options options;
    options.arguments = {"sleep", "60"};
    auto child = Child::start(options);
    ASSERT_TRUE(child.ok());
    pid = child->pid();
    EXPECT_TRUE(sample_process(pid).has_value());
  });
  EXPECT_FALSE(sample_process(pid).has_value());
}

TEST(SampleProcess, SeesThisProcess) {
  auto sample = sample_process(getpid());
  ASSERT_TRUE(sample.has_value());
  EXPECT_GT(sample->rss_bytes, 100'000u);
  EXPECT_GT(sample->virtual_bytes, sample->rss_bytes);
  EXPECT_GE(sample->threads, 1u);
  EXPECT_GE(sample->open_files, 3u);
  EXPECT_FALSE(sample_process(999'999'999).has_value());
}

TEST(SeriesReader, TakesCompleteLinesAsTheFileGrows) {
  std::string path = temp_file() + "_series";
  SeriesReader reader(path);
  reader.poll();
  EXPECT_TRUE(reader.points().empty());
  std::ofstream file(path);
  file << R"({"t":0.2,"count":10,"failed":1,"avg":2,"p95":3,"p99":4})" << "\n"
       << R"({"t":0.4,"cou)" << std::flush;
  reader.poll();
  ASSERT_EQ(reader.points().size(), 1u);
  file << R"(nt":30,"failed":0,"avg":4,"p95":5,"p99":6})" << "\nrubbish\n" << std::flush;
  reader.poll();
  EXPECT_EQ(reader.count(), 40u);
  EXPECT_DOUBLE_EQ(reader.total_of_points().avg_ms, 3.5);
  EXPECT_FALSE(reader.total().has_value());
  file << R"({"total":{"count":40,"failed":1,"seconds":0.4,"curve":[[50,2]],"histogram":[[2,40]]}})"
       << "\n"
       << std::flush;
  reader.poll();
  ASSERT_TRUE(reader.total().has_value());
  EXPECT_EQ(reader.total()->histogram[0].second, 40u);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace report
