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
#include "bia/grpc/client.h"
#include "zelus/ghz/series.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Error;
using bia::Result;
using bia::TimePoint;
namespace fiber = bia::fiber;

/// Request numbers a thread takes at once while many are left.
constexpr uint64_t kClaimBlock = 64;

/// What all threads share: written a few times a block, not a call.
struct Shared {
  const Options& options;
  const Target& target;
  TimePoint start{};
  int64_t start_unix_ns = 0;
  std::atomic<uint64_t> next_number{0};
  std::atomic<uint64_t> skips_left{0};
  std::atomic<size_t> threads_left{0};
  enum class End : int { kNormal, kTimeout, kCancel };
  std::atomic<End> end{End::kNormal};
  SeriesWriter* series = nullptr;    ///< Of thread 0.
  fiber::Scheduler* home = nullptr;  ///< Thread 0's scheduler.
};

/// One thread's share of the run: its channels, its workers, its tally.
class ThreadRun {
 public:
  ThreadRun(Shared& shared, size_t index, size_t threads)
      : shared_(shared), index_(index), threads_(threads), tally_(keep(shared.options.format)) {}

  static Tally::Keep keep(Format format) {
    return format == Format::kSummary ? Tally::Keep::kLatencies : Tally::Keep::kDetails;
  }

  /// In a fiber: makes channels and workers, returns when the last worker has ended.
  void run() {
    const Options& options = shared_.options;
    bia::grpc::ChannelOptions channel_options;
    channel_options.user_agent = "zelus";
    channel_options.authority = options.authority;
    channel_options.connect_timeout = options.connect_timeout;
    channel_options.message_bytes_max = options.recv_bytes_max;
    for (uint64_t i = 0; i < options.connections; ++i) {
      channels_.push_back(i % threads_ == index_
                              ? std::make_unique<bia::grpc::Channel>(options.host, channel_options)
                              : nullptr);
    }
    std::vector<fiber::Fiber> workers;
    for (uint64_t worker = 0; worker < options.concurrency; ++worker) {
      size_t channel = worker % options.connections;
      if (channels_[channel] == nullptr) continue;
      auto spawned =
          fiber::Scheduler::current().spawn([this, worker, channel] { work(worker, channel); });
      if (!spawned.ok()) {
        failure_ = std::make_unique<Error>(std::move(spawned).error());
        stop();
        break;
      }
      workers.push_back(std::move(*spawned));
    }
    fiber::Fiber ticker = start_ticker();
    for (fiber::Fiber& worker : workers) worker.join().ignore("a worker ends by itself");
    finished_ = true;
    if (ticker.valid()) {
      ticker.cancel();
      ticker.join().ignore("it was cancelled");
      post_interval();
    }
    for (auto& channel : channels_) {
      if (channel) channel->close();
    }
  }

  fiber::Fiber start_ticker() {
    if (shared_.series == nullptr) return {};
    auto ticker = fiber::Scheduler::current().spawn([this] {
      for (TimePoint due = shared_.start + metrics::kSeriesInterval; fiber::sleep_until(due).ok();
           due += metrics::kSeriesInterval) {
        post_interval();
      }
    });
    return ticker.ok() ? std::move(*ticker) : fiber::Fiber();
  }

  /// On this thread: no call starts any more, and those in flight end as --duration-stop says.
  void stop() {
    stopping_ = true;
    if (shared_.options.duration_stop == DurationStop::kWait || finished_) return;
    ignoring_ = shared_.options.duration_stop == DurationStop::kIgnore;
    for (auto& channel : channels_) {
      if (channel) channel->close();
    }
  }

  Tally& tally() { return tally_; }
  std::unique_ptr<Error>& failure() { return failure_; }

 private:
  /// The next number of the run; false when all are given or the run is stopped.
  bool claim(uint64_t& number) {
    if (claimed_ == claimed_end_) {
      uint64_t total = shared_.options.total;
      uint64_t block = kClaimBlock;
      if (total > 0) {
        uint64_t given = shared_.next_number.load(std::memory_order_relaxed);
        uint64_t left = given < total ? total - given : 0;
        // Near the end singly, so that the last calls spread over all workers.
        if (left < kClaimBlock * threads_ * 4) block = 1;
      }
      claimed_ = shared_.next_number.fetch_add(block, std::memory_order_relaxed);
      claimed_end_ = claimed_ + block;
      if (total > 0) claimed_end_ = std::max(claimed_, std::min(claimed_end_, total));
    }
    if (claimed_ >= claimed_end_) return false;
    number = claimed_++;
    return true;
  }

  void work(uint64_t worker, size_t channel_index) {
    const Options& options = shared_.options;
    bia::grpc::Channel& channel = *channels_[channel_index];
    bia::grpc::UnaryReply reply;
    bia::grpc::Metadata metadata_scratch;
    std::string message_scratch;
    CallData call;
    call.full_name = shared_.target.full_name;
    call.method_name = shared_.target.method_name;
    call.service_name = shared_.target.service_name;
    call.input_name = shared_.target.input_name;
    call.output_name = shared_.target.output_name;
    call.worker_id = fmt::format("{}g{}c{}", options.name.empty() ? "" : options.name + ":", worker,
                                 channel_index);
    while (!stopping_ && claim(call.request_number)) {
      if (options.rps > 0 && !wait_for_turn(call.request_number)) break;
      auto message = shared_.target.payload.message(call, message_scratch);
      if (!message.ok()) {
        failure_ = std::make_unique<Error>(std::move(message).error());
        stop();
        break;
      }
      if (message->size() > options.send_bytes_max) {
        record(bia::now(), Duration::zero(), Code::kResourceExhausted,
               fmt::format("trying to send message larger than max ({} vs. {})", message->size(),
                           options.send_bytes_max));
        continue;
      }
      bia::grpc::CallOptions call_options;
      call_options.metadata = shared_.target.payload.metadata(call, metadata_scratch);
      TimePoint begin = bia::now();
      if (options.timeout > Duration::zero())
        call_options.deadline = Deadline(begin + options.timeout);
      channel.unary(shared_.target.path, *message, call_options, reply);
      TimePoint end = bia::now();
      if (!ignoring_) record(end, end - begin, reply.status.code, reply.status.message);
    }
  }

  /// --rps: call k is due (k+1) intervals after the start; a late one goes at once.
  bool wait_for_turn(uint64_t number) {
    Duration interval(static_cast<int64_t>(1'000'000'000 / shared_.options.rps));
    TimePoint due = shared_.start + interval * static_cast<int64_t>(number + 1);
    while (!stopping_ && bia::now() < due) {
      // In slices, so that the end of the run is noticed at a low rate.
      if (!fiber::sleep_until(std::min(due, bia::now() + std::chrono::milliseconds(50))).ok())
        return false;
    }
    return !stopping_;
  }

  void record(TimePoint end, Duration latency, Code code, std::string_view message) {
    if (skipping_) {
      uint64_t left = shared_.skips_left.load(std::memory_order_relaxed);
      while (left > 0) {
        if (shared_.skips_left.compare_exchange_weak(left, left - 1, std::memory_order_relaxed))
          return;
      }
      skipping_ = false;
    }
    tally_.add(shared_.start_unix_ns + (end - shared_.start).count(), latency.count(), code,
               message);
    if (shared_.series == nullptr) return;
    interval_.latencies_ms.add(static_cast<double>(latency.count()) / 1e6, 0);
    interval_.failed += code != Code::kOk;
  }

  /// Brings the interval that has ended to thread 0.
  void post_interval() {
    auto interval = std::make_shared<Interval>(std::move(interval_));
    interval_ = Interval();
    size_t number = interval_number_++;
    SeriesWriter* series = shared_.series;
    shared_.home->post([series, number, interval] { series->add(number, std::move(*interval)); });
  }

  Shared& shared_;
  size_t index_;
  size_t threads_;
  Tally tally_;
  std::vector<std::unique_ptr<bia::grpc::Channel>> channels_;
  uint64_t claimed_ = 0;
  uint64_t claimed_end_ = 0;
  Interval interval_;
  size_t interval_number_ = 0;
  bool stopping_ = false;
  bool ignoring_ = false;
  bool finished_ = false;
  bool skipping_ = true;
  std::unique_ptr<Error> failure_;
};

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

Result<Report> run_load(const Options& options, const Target& target) {
  auto group = BIA_TRY(fiber::ThreadGroup::create(options.cpus));
  size_t threads = std::min<size_t>(group->size(), options.connections);
  if (threads < group->size()) group = BIA_TRY(fiber::ThreadGroup::create(threads));
  Shared shared{options, target};
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
  int64_t total_ns = (finished - shared.start).count();
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
