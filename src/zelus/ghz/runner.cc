#include "zelus/ghz/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "zelus/ghz/thread_run.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Error;
using bia::Result;
using bia::TimePoint;
namespace fiber = bia::fiber;

/// Ends the run on SIGINT or when its time is up, on all threads.
class Ender {
 public:
  Ender(Shared& shared, fiber::ThreadGroup& group, std::vector<std::unique_ptr<ThreadRun>>& runs)
      : shared_(shared), group_(group), runs_(runs) {}

  void start() {
    Duration limit = shared_.options.max_duration > Duration::zero() ? shared_.options.max_duration
                                                                     : shared_.options.duration;
    if (limit > Duration::zero()) {
      spawn([this, limit] {
        if (fiber::sleep_until(shared_.start + limit).ok()) end(Shared::End::kTimeout);
      });
    }
    spawn([this] {
      if (fiber::wait_signal().ok()) end(Shared::End::kCancel);
    });
  }
  void cancel() {
    for (fiber::Fiber& watcher : watchers_) watcher.cancel();
    for (fiber::Fiber& watcher : watchers_) watcher.join().ignore("it was cancelled");
  }

 private:
  void spawn(std::function<void()> body) {
    auto spawned = fiber::Scheduler::current().spawn(std::move(body));
    if (spawned.ok()) watchers_.push_back(std::move(*spawned));
  }
  void end(Shared::End how) {
    auto expected = Shared::End::kNormal;
    if (!shared_.end.compare_exchange_strong(expected, how)) return;
    for (size_t i = 0; i < runs_.size(); ++i) {
      ThreadRun* run = runs_[i].get();
      group_.scheduler(i).post([run] { run->stop(); });
    }
  }
  Shared& shared_;
  fiber::ThreadGroup& group_;
  std::vector<std::unique_ptr<ThreadRun>>& runs_;
  std::vector<fiber::Fiber> watchers_;
};

std::string_view end_reason(Shared::End end) {
  switch (end) {
    case Shared::End::kTimeout:
      return "timeout";
    case Shared::End::kCancel:
      return "cancel";
    default:
      return "normal";
  }
}

}  // namespace

Result<Report> run_load(const Options& options, const Target& target, DebugLog* debug) {
  auto group = BIA_TRY(fiber::ThreadGroup::create(options.cpus));
  size_t threads = std::min<size_t>(group->size(), options.connections);
  if (threads < group->size()) group = BIA_TRY(fiber::ThreadGroup::create(threads));
  Shared shared{options, target};
  shared.debug = debug;
  shared.skips_left = options.skip_first;
  shared.threads_left = threads;
  std::unique_ptr<SeriesWriter> series;
  if (!options.series.empty()) {
    series = std::make_unique<SeriesWriter>(options.series, threads);
    if (!series->good())
      return Error(Code::kPermissionDenied, "OUTPUT",
                   fmt::format("open {}: cannot write the series there", options.series));
    shared.series = series.get();
    shared.home = &group->scheduler(0);
  }
  std::vector<std::unique_ptr<ThreadRun>> runs;
  for (size_t i = 0; i < threads; ++i)
    runs.push_back(std::make_unique<ThreadRun>(shared, i, threads));
  shared.start = bia::now();
  shared.start_unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
  Ender ender(shared, *group, runs);
  TimePoint finished{};
  group->run([&](size_t index) {
    if (index == 0) ender.start();
    runs[index]->run();
    bool last = shared.threads_left.fetch_sub(1) == 1;
    // Thread 0 holds the watchers: it waits for the slowest thread, in steps that no figure sees.
    while (index == 0 && !last && shared.threads_left.load() > 0) {
      if (!fiber::sleep_for(std::chrono::milliseconds(1)).ok()) break;
    }
    if (last) finished = bia::now();
    if (index == 0) {
      ender.cancel();
      // What other threads posted before they ended runs in this thread's next turn.
      if (shared.series != nullptr)
        fiber::sleep_for(std::chrono::milliseconds(2)).ignore("the run is over either way");
    }
  });
  for (size_t i = 0; i < threads; ++i) {
    if (runs[i]->failure()) return std::move(*runs[i]->failure());
    if (i > 0) runs[0]->tally().merge(std::move(runs[i]->tally()));
  }
  const int64_t total_ns = (finished - shared.start).count();
  if (debug != nullptr) {
    if (shared.end.load() == Shared::End::kNormal) {
      debug->write(DebugLine("debug", "Received stop from pacer."));
    } else {
      debug->write(DebugLine(
          "debug", fmt::format("Stopping with reason: {}", end_reason(shared.end.load()))));
    }
    for (std::string_view step :
         {"Waiting for report", "Finalizing report", "Closing client connections"})
      debug->write(DebugLine("debug", step));
  }
  if (series != nullptr) series->finish(static_cast<double>(total_ns) / 1e9);
  Report report = make_report(std::move(runs[0]->tally()), total_ns, options.count_errors);
  report.name = options.name;
  report.tags = options.tags;
  report.date_unix_ns = shared.start_unix_ns + total_ns;
  report.end_reason = end_reason(shared.end.load());
  report.options_json = options_json(options);
  return report;
}

}  // namespace zelus::ghz
