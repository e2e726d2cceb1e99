// What goes on beside a run: progress lines, the gauges of users, thresholds, signals.
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "zelus/run/progress.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Error;
using bia::fiber::Scheduler;
using options::LogLevel;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kExitThresholds = 99, kExitExternalAbort = 105;
constexpr Duration kThresholdPeriod = seconds(2);
/// k6 begins to count before it makes the users, which takes it milliseconds: a run of whole
/// seconds ends behind its last count, with its users still there.
constexpr Duration kGaugeLead = milliseconds(10);
constexpr Duration kBottleneckElapsedMin = seconds(5);
constexpr double kBottleneckShare = 0.95;
constexpr Duration kSnapshotPatience = seconds(30);
constexpr size_t kLeftWidthMax = 30;

std::string_view signal_name(int number) {
  if (number == SIGINT) return "interrupt";
  return number == SIGTERM ? "terminated" : "quit";
}

/// What the signal does to a program that does not handle it.
[[noreturn]] void die_by(int number) {
  std::signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(number);
  ::_exit(128 + number);
}

/// Calls `work` at start + n × period - lead until the fiber is cancelled.
template <typename Work>
void every(Duration period, Work work, Duration lead = {}) {
  for (bia::TimePoint due = bia::now() + period - lead;; due += period) {
    if (!bia::fiber::sleep_until(due)) return;
    // After a stall the ticks missed are left out.
    if (bia::now() > due + period) due = bia::now();
    work();
  }
}

}  // namespace

void TestRun::draw_progress(bool go_back) {
  BarStyle style;
  style.tty = setup_.terminal->out_is_tty();
  style.color = style.tty && !setup_.global->no_color;
  if (style.tty) {
    if (int columns = terminal_columns(setup_.terminal->out_fd()); columns > 0)
      style.columns = columns;
    style.width_delta = width_delta_;
  }
  style.left_width = std::string_view("Init").size();
  for (const std::string& name : engine_->names())
    style.left_width = std::max(style.left_width, name.size());
  style.left_width = std::min(style.left_width, kLeftWidthMax);
  RenderedBars bars = render_bars(bars_of(*engine_), style, go_back);
  width_delta_ = next_width_delta(width_delta_, style.columns, bars.longest);
  setup_.terminal->show_progress(std::move(bars.text));
}

void TestRun::start_progress() {
  if (setup_.global->quiet) return;
  drawing_ = true;
  Duration period =
      setup_.terminal->out_is_tty() ? Duration(milliseconds(100)) : Duration(seconds(1));
  auto fiber = Scheduler::current().spawn(
      [this, period] { every(period, [this] { draw_progress(/*go_back=*/true); }); });
  if (fiber) progress_ = std::move(*fiber);
}

void TestRun::stop_progress() {
  if (!drawing_) return;
  drawing_ = false;
  if (progress_.valid()) {
    progress_.cancel();
    progress_.join().ignore("it ends by itself");
  }
  draw_progress(/*go_back=*/false);
  setup_.terminal->drop_progress();
}

void TestRun::start_gauges() {
  auto fiber = Scheduler::current().spawn([this] {
    metrics::Shard& shard = *shards_[0];
    const metrics::TagSet* tags = shard.tags().empty();
    if (options_.tags) tags = shard.tags().of({options_.tags->begin(), options_.tags->end()});
    every(
        seconds(1),
        [&] {
          metrics::Moment now{metrics::unix_now_ns(), nullptr};
          shard.add(metrics::kVus, tags, static_cast<double>(state_->vus_active()), now);
          shard.add(metrics::kVusMax, tags, static_cast<double>(state_->vus_initialized()), now);
        },
        kGaugeLead);
  });
  if (fiber) helpers_.push_back(std::move(*fiber));
}

bia::Duration process_cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto time = [](const timeval& value) {
    return seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
  };
  return time(usage.ru_utime) + time(usage.ru_stime);
}

std::string bottleneck_warning(bia::Duration used, bia::Duration elapsed, size_t threads) {
  if (elapsed < kBottleneckElapsedMin || threads == 0) return "";
  double share = static_cast<double>(used.count()) / static_cast<double>(elapsed.count()) /
                 static_cast<double>(threads);
  if (share < kBottleneckShare) return "";
  return fmt::format(
      "zelus itself was the bottleneck: it used {:.0f} % of the processor time of its {} thread{}. "
      "Durations and rates are its own as much as the server's; use fewer users, or more machines",
      share * 100, threads, threads == 1 ? "" : "s");
}

void TestRun::warn_of_bottleneck() {
  // Thread 0 controls, the others run users.
  std::string text = bottleneck_warning(process_cpu_time() - cpu_before_, state_->elapsed(),
                                        setup_.threads->size() - 1);
  if (!text.empty()) setup_.log->log(LogLevel::kWarning, text);
}

void TestRun::start_series_watch() {
  auto fiber =
      Scheduler::current().spawn([this] { every(kThresholdPeriod, [this] { warn_of_series(); }); });
  if (fiber) helpers_.push_back(std::move(*fiber));
}

void TestRun::warn_of_series() {
  size_t count = aggregator_->series_count();
  if (count <= series_limit_) return;
  while (series_limit_ < count) series_limit_ *= 2;
  setup_.log->log(
      LogLevel::kWarning,
      fmt::format("The test has generated metrics with {} unique time series, which is higher than "
                  "the suggested limit of {} and could cause high memory usage. Consider not using "
                  "high-cardinality values like unique IDs as metric tags or, if you need them in "
                  "the URL, use the name metric tag or URL grouping. See "
                  "https://grafana.com/docs/k6/latest/using-k6/tags-and-groups/ for details.",
                  count, kSeriesLimit),
      {{"component", "metrics-engine-ingester"}});
}

void TestRun::start_thresholds() {
  if (thresholds_->empty()) return;
  auto fiber = Scheduler::current().spawn([this] {
    every(kThresholdPeriod, [this] {
      auto snapshot =
          aggregator_->snapshot(metrics::Detail::kTotals, Deadline::after(kSnapshotPatience));
      if (!snapshot) return;
      auto verdict =
          thresholds_->evaluate(*snapshot, state_->elapsed(), metrics::Thresholds::When::kRunning);
      if (!verdict.abort) return;
      engine_->abort(options::with_exit(
          Error(Code::kAborted, "THRESHOLDS_CROSSED",
                fmt::format("thresholds on metrics '{}' were crossed; at least one has abortOnFail "
                            "enabled, stopping test prematurely",
                            fmt::join(verdict.crossed, ", "))),
          kExitThresholds));
    });
  });
  if (fiber) helpers_.push_back(std::move(*fiber));
}

void TestRun::start_signals() {
  auto fiber = Scheduler::current().spawn([this] {
    for (;;) {
      auto number = bia::fiber::wait_signal();
      if (!number) return;
      if (!trapped_ || *number == SIGQUIT) die_by(*number);
      if (signalled_) {
        setup_.log->log(LogLevel::kError, "Aborting k6 in response to signal",
                        {{"sig", signal_name(*number)}});
        // At once, whatever the other threads are in.
        ::_exit(kExitExternalAbort);
      }
      signalled_ = true;
      engine_->abort(options::with_exit(
          Error(Code::kAborted, "SIGNAL",
                fmt::format("test run was aborted because k6 received a '{}' signal",
                            signal_name(*number))),
          kExitExternalAbort));
      linger_.unpark();
    }
  });
  if (fiber) signals_ = std::move(*fiber);
}

/// k6: --linger.
void TestRun::wait_for_signal() {
  if (signalled_) return;
  if (!setup_.global->quiet) {
    setup_.terminal->write_out(
        "The test is done, but --linger was enabled, so k6 is waiting for Ctrl+C to continue...");
  }
  while (!signalled_) {
    if (!linger_.park()) return;
  }
}

}  // namespace zelus::run
