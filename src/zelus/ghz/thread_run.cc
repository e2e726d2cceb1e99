#include "zelus/ghz/thread_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "zelus/ghz/stream_call.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Error;
using bia::TimePoint;
namespace fiber = bia::fiber;

/// Request numbers a thread takes at once while many are left.
constexpr uint64_t kClaimBlock = 64;
/// Calls in flight a thread with --async: each holds a fiber. ghz has no limit but its memory.
constexpr size_t kAsyncCallsMax = 20'000;

Tally::Keep keep(Format format) {
  const bool figures_only = format == Format::kSummary || format == Format::kInfluxSummary ||
                            format == Format::kPrometheus;
  return figures_only ? Tally::Keep::kLatencies : Tally::Keep::kDetails;
}

}  // namespace

ThreadRun::ThreadRun(Shared& shared, size_t index, size_t threads)
    : shared_(shared),
      index_(index),
      threads_(threads),
      tally_(keep(shared.options.format)),
      debug_(shared.debug != nullptr ? shared.debug->another() : nullptr),
      pacer_(shared.options.load, shared.options.rps) {}

void ThreadRun::open_connections() {
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
    connections_.push_back(nullptr);
    if (i % threads_ != index_) continue;
    if (debug_)
      debug_->write(DebugLine("debug", "Creating client connection").json("options", "[]"));
    connections_.back() =
        std::make_unique<Connection>(options.host, options.balance, channel_options);
    connections_.back()->open();
  }
}

void ThreadRun::run() {
  const Options& options = shared_.options;
  open_connections();
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
  for (auto& connection : connections_) {
    if (!connection) continue;
    connection->close();
    connection->join();
  }
  connections_.clear();  // On this thread, which they belong to.
}

fiber::Fiber ThreadRun::start_ticker() {
  if (shared_.series == nullptr) return {};
  auto ticker = fiber::Scheduler::current().spawn([this] {
    for (TimePoint due = shared_.start + metrics::kSeriesInterval; fiber::sleep_until(due).ok();
         due += metrics::kSeriesInterval) {
      post_interval();
    }
  });
  return ticker.ok() ? std::move(*ticker) : fiber::Fiber();
}

void ThreadRun::stop() {
  stopping_ = true;
  idle_.wake_all();
  if (shared_.options.duration_stop == DurationStop::kWait || finished_) return;
  ignoring_ = shared_.options.duration_stop == DurationStop::kIgnore;
  for (auto& connection : connections_) {
    if (connection) connection->close();
  }
}

/// This thread's share of the workers up to `count`; those above end after their calls.
void ThreadRun::set_workers(uint64_t count) {
  // As ghz, the oldest go first.
  if (count < workers_end_ - workers_begin_) workers_begin_ = workers_end_ - count;
  if (debug_ && index_ == 0)
    debug_->write(DebugLine("debug", "Worker ticker.")
                      .number("delta", static_cast<int64_t>(count) -
                                           static_cast<int64_t>(workers_end_ - workers_begin_)));
  for (; workers_end_ - workers_begin_ < count; ++workers_end_) {
    const uint64_t worker = workers_end_;
    const size_t channel = worker % shared_.options.connections;
    if (connections_[channel] == nullptr) continue;
    log_worker(worker, channel);
    ++workers_running_;
    auto body = [this, worker, channel] {
      work(worker, channel);
      --workers_running_;
      idle_.wake_all();
    };
    auto spawned = fiber::Scheduler::current().spawn(body, spawn_options());
    if (spawned.ok()) continue;
    --workers_running_;
    fail(std::move(spawned).error());
    return;
  }
}

/// --concurrency-schedule.
void ThreadRun::change_workers() {
  const Schedule& schedule = shared_.options.workers;
  for (uint64_t steps = 1;; ++steps) {
    const TimePoint at = shared_.start + schedule.step_duration * static_cast<int64_t>(steps);
    if (!fiber::sleep_until(at).ok() || stopping_ || exhausted_) return;
    // One at least: without any the run would never end.
    set_workers(schedule.value(steps, 1));
    if (schedule.settled(steps)) return;
  }
}

fiber::SpawnOptions ThreadRun::spawn_options() const {
  fiber::SpawnOptions options;
  if (shared_.target.payload.needs_call_data())
    options.stack_bytes = templates::kTemplateStackBytes;
  return options;
}

void ThreadRun::fail(Error error) {
  if (!failure_) failure_ = std::make_unique<Error>(std::move(error));
  stop();
}

/// The next number of the run; false when all are given or the run is stopped.
bool ThreadRun::claim(uint64_t& number) {
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

CallData ThreadRun::call_data(uint64_t worker, size_t connection_index) const {
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
                               connection_index);
  return call;
}

void ThreadRun::work(uint64_t worker, size_t connection_index) {
  Connection& connection = *connections_[connection_index];
  Scratch scratch;
  CallData call = call_data(worker, connection_index);
  const bool refresh = shared_.target.payload.needs_call_data();
  while (!stopping_ && worker >= workers_begin_ && claim(call.request_number)) {
    if (pacer_.limited() && !wait_for_turn(call.request_number)) break;
    if (refresh) call.refresh();
    if (shared_.options.async) {
      if (!call_async(connection, call)) break;
    } else if (!call_once(connection, call, scratch)) {
      break;
    }
  }
}

/// False where the run ends with an error.
bool ThreadRun::call_once(Connection& connection, const CallData& call, Scratch& scratch) {
  if (call.client_streaming || call.server_streaming) return call_stream(connection, call, scratch);
  const Options& options = shared_.options;
  auto metadata = shared_.target.payload.metadata(call, scratch.metadata);
  auto message = shared_.target.payload.message(call, scratch.message);
  if (!metadata.ok() || !message.ok()) {
    fail(metadata.ok() ? std::move(message).error() : std::move(metadata).error());
    return false;
  }
  if (debug_) log_request(call, *message, *metadata);
  bia::grpc::CallOptions call_options;
  call_options.metadata = *metadata;
  const TimePoint begin = bia::now();
  if (options.timeout > Duration::zero()) call_options.deadline = Deadline(begin + options.timeout);
  const size_t address = connection.pick(call_options.deadline);
  connection.channel(address).unary(shared_.target.path, *message, call_options, scratch.reply);
  const TimePoint end = bia::now();
  bia::grpc::Status& status = scratch.reply.status;
  connection.note(address, status);
  if (!ignoring_) record(end, end - begin, status.code, status.message);
  if (debug_) {
    log_ended(begin, end, status);
    log_response(call, *message, *metadata, scratch.reply);
  }
  return true;
}

/// --async: the call goes on in a fiber of its own.
bool ThreadRun::call_async(Connection& connection, const CallData& call) {
  while (calls_running_ >= kAsyncCallsMax) {
    if (!idle_.wait().ok()) return false;
  }
  ++calls_running_;
  auto body = [this, &connection, call] {
    Scratch scratch;
    call_once(connection, call, scratch);
    --calls_running_;
    idle_.wake_all();
  };
  auto spawned = fiber::Scheduler::current().spawn(body, spawn_options());
  if (spawned.ok()) {
    fiber::yield();
    return true;
  }
  --calls_running_;
  fail(std::move(spawned).error());
  return false;
}

bool ThreadRun::call_stream(Connection& connection, const CallData& call, Scratch& scratch) {
  auto metadata = shared_.target.payload.metadata(call, scratch.metadata);
  if (!metadata.ok()) {
    fail(std::move(metadata).error());
    return false;
  }
  if (debug_) log_request(call, {}, *metadata);
  bia::grpc::CallOptions call_options;
  call_options.metadata = *metadata;
  const TimePoint begin = bia::now();
  if (shared_.options.timeout > Duration::zero())
    call_options.deadline = Deadline(begin + shared_.options.timeout);
  const size_t address = connection.pick(call_options.deadline);
  auto status = run_stream(connection.channel(address), shared_.options, shared_.target, call,
                           call_options, debug_.get());
  const TimePoint end = bia::now();
  if (!status.ok()) {
    fail(std::move(status).error());
    return false;
  }
  connection.note(address, *status);
  if (!ignoring_) record(end, end - begin, status->code, status->message);
  if (debug_) log_ended(begin, end, *status);
  return true;
}

/// --rps and --load-schedule; a late call goes at once.
bool ThreadRun::wait_for_turn(uint64_t number) {
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

void ThreadRun::record(TimePoint end, Duration latency, Code code, std::string_view message) {
  if (skipping_) {
    uint64_t left = shared_.skips_left.load(std::memory_order_relaxed);
    while (left > 0) {
      if (shared_.skips_left.compare_exchange_weak(left, left - 1, std::memory_order_relaxed))
        return;
    }
    skipping_ = false;
  }
  tally_.add(shared_.start_unix_ns + (end - shared_.start).count(), latency.count(), code, message);
  if (shared_.series == nullptr) return;
  interval_.latencies_ms.add(static_cast<double>(latency.count()) / 1e6, 0);
  interval_.failed += code != Code::kOk;
}

/// Brings the interval that has ended to thread 0.
void ThreadRun::post_interval() {
  auto interval = std::make_shared<Interval>(std::move(interval_));
  interval_ = Interval();
  size_t number = interval_number_++;
  SeriesWriter* series = shared_.series;
  shared_.home->post([series, number, interval] { series->add(number, std::move(*interval)); });
}

}  // namespace zelus::ghz
