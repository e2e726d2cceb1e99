#include "zelus/ghz/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/client.h"
#include "zelus/ghz/series.h"
#include "zelus/ghz/stream_call.h"

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
/// Calls in flight a thread with --async: each holds a fiber. ghz has no limit but its memory.
constexpr size_t kAsyncCallsMax = 20'000;

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
      : shared_(shared),
        index_(index),
        threads_(threads),
        tally_(keep(shared.options.format)),
        pacer_(shared.options.load, shared.options.rps) {}

  static Tally::Keep keep(Format format) {
    const bool figures_only = format == Format::kSummary || format == Format::kInfluxSummary ||
                              format == Format::kPrometheus;
    return figures_only ? Tally::Keep::kLatencies : Tally::Keep::kDetails;
  }

  /// In a fiber: makes channels and workers, returns when the last worker has ended.
  void run() {
    const Options& options = shared_.options;
    bia::grpc::ChannelOptions channel_options;
    channel_options.user_agent = "zelus";
    channel_options.authority = options.authority;
    channel_options.tls = options.tls;
    channel_options.server_name = options.cname;
    channel_options.proxies = options.proxies;
    channel_options.keepalive_time = options.keepalive;
    if (options.keepalive > Duration::zero()) channel_options.keepalive_timeout = options.keepalive;
    if (options.compress) channel_options.compression = bia::grpc::Compression::kGzip;
    channel_options.connect_timeout = options.connect_timeout;
    channel_options.message_bytes_max = options.recv_bytes_max;
    channel_options.send_bytes_max = options.send_bytes_max;
    for (uint64_t i = 0; i < options.connections; ++i) {
      channels_.push_back(i % threads_ == index_
                              ? std::make_unique<bia::grpc::Channel>(options.host, channel_options)
                              : nullptr);
    }
    fiber::Fiber changes;
    if (options.workers.shape == Shape::kConst) {
      set_workers(options.concurrency);
    } else {
      set_workers(options.workers.value(0, 1));
      auto spawned = fiber::Scheduler::current().spawn([this] { change_workers(); });
      if (spawned.ok()) changes = std::move(*spawned);
    }
    fiber::Fiber ticker = start_ticker();
    if (changes.valid()) {
      // Where no worker is left while the schedule goes on, more may come.
      while (!stopping_ && (!exhausted_ || workers_running_ > 0)) idle_.wait().ignore("looked at");
      changes.cancel();
      changes.join().ignore("it was cancelled");
    }
    while (workers_running_ > 0 || calls_running_ > 0) {
      if (!idle_.wait().ok()) fiber::yield();
    }
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
    idle_.wake_all();
    if (shared_.options.duration_stop == DurationStop::kWait || finished_) return;
    ignoring_ = shared_.options.duration_stop == DurationStop::kIgnore;
    for (auto& channel : channels_) {
      if (channel) channel->close();
    }
  }

  Tally& tally() { return tally_; }
  std::unique_ptr<Error>& failure() { return failure_; }

 private:
  /// This thread's share of the workers up to `count`; those above end after their calls.
  void set_workers(uint64_t count) {
    // As ghz, the oldest go first.
    if (count < workers_end_ - workers_begin_) workers_begin_ = workers_end_ - count;
    for (; workers_end_ - workers_begin_ < count; ++workers_end_) {
      const uint64_t worker = workers_end_;
      const size_t channel = worker % shared_.options.connections;
      if (channels_[channel] == nullptr) continue;
      ++workers_running_;
      auto spawned = fiber::Scheduler::current().spawn([this, worker, channel] {
        work(worker, channel);
        --workers_running_;
        idle_.wake_all();
      });
      if (spawned.ok()) continue;
      --workers_running_;
      fail(std::move(spawned).error());
      return;
    }
  }

  /// --concurrency-schedule.
  void change_workers() {
    const Schedule& schedule = shared_.options.workers;
    for (uint64_t steps = 1;; ++steps) {
      const TimePoint at = shared_.start + schedule.step_duration * static_cast<int64_t>(steps);
      if (!fiber::sleep_until(at).ok() || stopping_ || exhausted_) return;
      // One at least: without any the run would never end.
      set_workers(schedule.value(steps, 1));
      if (schedule.settled(steps)) return;
    }
  }

  void fail(Error error) {
    if (!failure_) failure_ = std::make_unique<Error>(std::move(error));
    stop();
  }

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
    if (claimed_ >= claimed_end_) {
      exhausted_ = true;
      return false;
    }
    number = claimed_++;
    return true;
  }

  CallData call_data(uint64_t worker, size_t channel_index) const {
    const Options& options = shared_.options;
    const Target& target = shared_.target;
    CallData call;
    call.full_name = target.full_name;
    call.method_name = target.method_name;
    call.service_name = target.service_name;
    call.input_name = target.input_name;
    call.output_name = target.output_name;
    call.client_streaming = target.client_streaming;
    call.server_streaming = target.server_streaming;
    call.worker_id = fmt::format("{}g{}c{}", options.name.empty() ? "" : options.name + ":", worker,
                                 channel_index);
    return call;
  }

  /// What a call needs of memory, kept from one to the next.
  struct Scratch {
    bia::grpc::UnaryReply reply;
    bia::grpc::Metadata metadata;
    std::string message;
  };

  void work(uint64_t worker, size_t channel_index) {
    bia::grpc::Channel& channel = *channels_[channel_index];
    Scratch scratch;
    CallData call = call_data(worker, channel_index);
    while (!stopping_ && worker >= workers_begin_ && claim(call.request_number)) {
      if (pacer_.limited() && !wait_for_turn(call.request_number)) break;
      if (shared_.options.async) {
        if (!call_async(channel, call)) break;
      } else if (!call_once(channel, call, scratch)) {
        break;
      }
    }
  }

  /// False where the run ends with an error.
  bool call_once(bia::grpc::Channel& channel, const CallData& call, Scratch& scratch) {
    if (call.client_streaming || call.server_streaming)
      return call_stream(channel, call, scratch.metadata);
    const Options& options = shared_.options;
    auto message = shared_.target.payload.message(call, scratch.message);
    if (!message.ok()) {
      fail(std::move(message).error());
      return false;
    }
    bia::grpc::CallOptions call_options;
    call_options.metadata = shared_.target.payload.metadata(call, scratch.metadata);
    const TimePoint begin = bia::now();
    if (options.timeout > Duration::zero())
      call_options.deadline = Deadline(begin + options.timeout);
    channel.unary(shared_.target.path, *message, call_options, scratch.reply);
    const TimePoint end = bia::now();
    if (!ignoring_)
      record(end, end - begin, scratch.reply.status.code, scratch.reply.status.message);
    return true;
  }

  /// --async: the call goes on in a fiber of its own.
  bool call_async(bia::grpc::Channel& channel, const CallData& call) {
    while (calls_running_ >= kAsyncCallsMax) {
      if (!idle_.wait().ok()) return false;
    }
    ++calls_running_;
    auto spawned = fiber::Scheduler::current().spawn([this, &channel, call] {
      Scratch scratch;
      call_once(channel, call, scratch);
      --calls_running_;
      idle_.wake_all();
    });
    if (spawned.ok()) {
      fiber::yield();
      return true;
    }
    --calls_running_;
    fail(std::move(spawned).error());
    return false;
  }

  bool call_stream(bia::grpc::Channel& channel, const CallData& call,
                   bia::grpc::Metadata& scratch) {
    bia::grpc::CallOptions call_options;
    call_options.metadata = shared_.target.payload.metadata(call, scratch);
    const TimePoint begin = bia::now();
    if (shared_.options.timeout > Duration::zero())
      call_options.deadline = Deadline(begin + shared_.options.timeout);
    auto status = run_stream(channel, shared_.options, shared_.target, call, call_options);
    const TimePoint end = bia::now();
    if (!status.ok()) {
      fail(std::move(status).error());
      return false;
    }
    if (!ignoring_) record(end, end - begin, status->code, status->message);
    return true;
  }

  /// --rps and --load-schedule; a late call goes at once.
  bool wait_for_turn(uint64_t number) {
    const Duration after = pacer_.due(number);
    if (after == Duration::max()) return false;  // The rate came to 0: so does the run, as ghz's.
    const TimePoint due = shared_.start + after;
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
  Pacer pacer_;
  // Workers [begin, end) work; those of other threads are counted too.
  uint64_t workers_begin_ = 0;
  uint64_t workers_end_ = 0;
  size_t workers_running_ = 0;
  size_t calls_running_ = 0;  ///< of --async
  fiber::WaitQueue idle_;     ///< for what waits for one of these to fall
  bool exhausted_ = false;    ///< all numbers are given
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
