#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/grpc/client.h"
#include "zelus/ghz/connection.h"
#include "zelus/ghz/debug_log.h"
#include "zelus/ghz/runner.h"
#include "zelus/ghz/series.h"

namespace zelus::ghz {

/// What all threads share: written a few times a block, not a call.
struct Shared {
  const Options& options;
  const Target& target;
  bia::TimePoint start{};
  int64_t start_unix_ns = 0;
  std::atomic<uint64_t> next_number{0};
  std::atomic<uint64_t> skips_left{0};
  std::atomic<size_t> threads_left{0};
  enum class End : int { kNormal, kTimeout, kCancel };
  std::atomic<End> end{End::kNormal};
  SeriesWriter* series = nullptr;         ///< Of thread 0.
  bia::fiber::Scheduler* home = nullptr;  ///< Thread 0's scheduler.
  const DebugLog* debug = nullptr;        ///< What the threads' own are made of; null: none.
};

/// One thread's share of the run: its channels, its workers, its tally.
class ThreadRun {
 public:
  ThreadRun(Shared& shared, size_t index, size_t threads);
  /// In a fiber: makes channels and workers, returns when the last worker has ended.
  void run();
  /// On this thread: no call starts any more, and those in flight end as --duration-stop says.
  void stop();
  Tally& tally() { return tally_; }
  std::unique_ptr<bia::Error>& failure() { return failure_; }

 private:
  /// What a call needs of memory, kept from one to the next.
  struct Scratch {
    bia::grpc::UnaryReply reply;
    bia::grpc::Metadata metadata;
    std::string message;
  };

  void open_connections();
  bia::fiber::Fiber start_ticker();
  void set_workers(uint64_t count);
  void change_workers();
  bia::fiber::SpawnOptions spawn_options() const;
  void fail(bia::Error error);
  bool claim(uint64_t& number);
  CallData call_data(uint64_t worker, size_t connection_index) const;
  void work(uint64_t worker, size_t connection_index);
  bool call_once(Connection& connection, const CallData& call, Scratch& scratch);
  bool call_async(Connection& connection, const CallData& call);
  bool call_stream(Connection& connection, const CallData& call, Scratch& scratch);
  bool wait_for_turn(uint64_t number);
  void record(bia::TimePoint end, bia::Duration latency, bia::Code code, std::string_view message);
  void post_interval();
  void log_worker(uint64_t worker, size_t connection_index);
  // Lines of --debug; `debug_` is not null.
  void log_request(const CallData& call, std::string_view message,
                   const bia::grpc::Metadata* metadata);
  void log_ended(bia::TimePoint begin, bia::TimePoint end, const bia::grpc::Status& status);
  void log_response(const CallData& call, std::string_view message,
                    const bia::grpc::Metadata* metadata, const bia::grpc::UnaryReply& reply);

  Shared& shared_;
  size_t index_;
  size_t threads_;
  Tally tally_;
  std::unique_ptr<DebugLog> debug_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Pacer pacer_;
  // Workers [begin, end) work; those of other threads are counted too.
  uint64_t workers_begin_ = 0;
  uint64_t workers_end_ = 0;
  size_t workers_running_ = 0;
  size_t calls_running_ = 0;    ///< of --async
  bia::fiber::WaitQueue idle_;  ///< for what waits for one of these to fall
  bool exhausted_ = false;      ///< all numbers are given
  uint64_t claimed_ = 0;
  uint64_t claimed_end_ = 0;
  Interval interval_;
  size_t interval_number_ = 0;
  bool stopping_ = false;
  bool ignoring_ = false;
  bool finished_ = false;
  bool skipping_ = true;
  std::unique_ptr<bia::Error> failure_;
};

}  // namespace zelus::ghz
