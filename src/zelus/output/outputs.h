#pragma once
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "zelus/output/output.h"

namespace zelus::output {

/// All outputs of a run: gives each what it wants, when it wants it. Lives on the aggregator's
/// thread.
class Outputs {
 public:
  /// A thread that records.
  struct Source {
    bia::fiber::Scheduler* scheduler;
    metrics::Shard* shard;
  };

  /// `names`: as given to -o. Errors: of create_output.
  static Result<std::unique_ptr<Outputs>> create(std::span<const std::string> names,
                                                 Context context);

  bool empty() const { return outputs_.empty(); }
  size_t size() const { return outputs_.size(); }
  /// For the line "output:"; "-" where there is none.
  std::string description() const;

  /// Before the first sample, in a fiber, when the schedulers of all sources run; `aggregator`
  /// outlives the outputs. Suspends. Errors: of Output::start.
  Result<void> start(
      metrics::Aggregator& aggregator, std::vector<Source> sources,
      metrics::SampleStream::WhenFull when_full = metrics::SampleStream::WhenFull::kHold);
  /// After the last sample, in a fiber, while all schedulers still run: writes what is left and
  /// ends the outputs. Suspends. Errors: the first one of Output::stop.
  Result<void> stop();
  /// For a run that ended without `stop`, in a fiber: writes what has arrived and ends the outputs;
  /// waits for no other thread. Does nothing after `stop`. Suspends. Errors: as of `stop`.
  Result<void> stop_early();

  /// How long users were held back because an output did not keep up, over all threads, and samples
  /// dropped; known after `stop`.
  Duration held() const { return held_; }
  uint64_t dropped() const { return dropped_; }

 private:
  explicit Outputs(Context context) : context_(std::move(context)) {}
  Result<void> start_streams(metrics::SampleStream::WhenFull when_full);
  Result<void> spawn(std::function<void()> body);
  /// False once the outputs stop.
  bool sleep(Duration duration);
  void consume();
  void flush_streams();
  void push_snapshots(Output& output);
  void give_snapshot(Output& output);
  void drain(size_t source);
  void end_fibers();
  Result<void> end_outputs();
  /// Runs on the source's thread; returns when it has.
  void run_there(size_t source, const std::function<void()>& body);

  struct Arrived {
    metrics::SampleChunk samples;
    std::function<void()> done;
  };
  Context context_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::vector<Source> sources_;
  std::vector<std::unique_ptr<metrics::SampleStream>> streams_;
  metrics::Aggregator* aggregator_ = nullptr;
  std::vector<bia::fiber::Fiber> fibers_;
  std::deque<Arrived> arrived_;
  bia::fiber::WaitQueue arrivals_;
  bia::fiber::WaitQueue sleepers_;
  bool stopping_ = false;
  bool drained_ = false;
  Duration held_{};
  uint64_t dropped_ = 0;
};

}  // namespace zelus::output
