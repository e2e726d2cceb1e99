#include "zelus/output/outputs.h"

#include <algorithm>

namespace zelus::output {
namespace {

// A thread that does not answer within this is stuck in a script; the snapshot is left out.
constexpr Duration kSnapshotTimeout = std::chrono::seconds(5);
constexpr Duration kDrainPoll = std::chrono::milliseconds(1);

}  // namespace

Result<std::unique_ptr<Outputs>> Outputs::create(std::span<const std::string> names,
                                                 Context context) {
  std::unique_ptr<Outputs> all(new Outputs(std::move(context)));
  for (const std::string& name : names)
    all->outputs_.push_back(BIA_TRY(create_output(name, all->context_)));
  return all;
}

std::string Outputs::description() const {
  std::string text;
  for (const auto& output : outputs_) text += (text.empty() ? "" : ", ") + output->description();
  return text.empty() ? "-" : text;
}

Result<void> Outputs::start(metrics::Aggregator& aggregator, std::vector<Source> sources,
                            metrics::SampleStream::WhenFull when_full) {
  aggregator_ = &aggregator;
  sources_ = std::move(sources);
  for (const auto& output : outputs_) BIA_TRY(output->start());
  bool samples = std::any_of(outputs_.begin(), outputs_.end(),
                             [](const auto& output) { return output->wants_samples(); });
  if (samples) BIA_TRY(start_streams(when_full));
  for (const auto& output : outputs_) {
    if (!output->wants_samples())
      BIA_TRY(spawn([this, &output = *output] { push_snapshots(output); }));
  }
  return {};
}

Result<void> Outputs::start_streams(metrics::SampleStream::WhenFull when_full) {
  bia::fiber::Scheduler& here = bia::fiber::Scheduler::current();
  for (size_t i = 0; i < sources_.size(); ++i) {
    auto arrive = [this](metrics::SampleChunk samples, std::function<void()> done) {
      arrived_.push_back({std::move(samples), std::move(done)});
      arrivals_.wake_all();
    };
    streams_.push_back(std::make_unique<metrics::SampleStream>(*sources_[i].scheduler, here,
                                                               std::move(arrive), when_full));
    run_there(i, [&] { sources_[i].shard->set_stream(streams_[i].get()); });
  }
  BIA_TRY(spawn([this] { consume(); }));
  return spawn([this] { flush_streams(); });
}

Result<void> Outputs::spawn(std::function<void()> body) {
  fibers_.push_back(BIA_TRY(bia::fiber::Scheduler::current().spawn(std::move(body))));
  return {};
}

bool Outputs::sleep(Duration duration) {
  bia::Deadline end = bia::Deadline::after(duration);
  while (!stopping_ && !end.expired())
    sleepers_.wait(end).ignore("the deadline is what is waited for");
  return !stopping_;
}

void Outputs::consume() {
  for (;;) {
    while (arrived_.empty()) {
      if (drained_) return;
      if (!arrivals_.wait().ok()) return;
    }
    Arrived next = std::move(arrived_.front());
    arrived_.pop_front();
    for (const auto& output : outputs_) {
      if (output->wants_samples()) output->add_samples(next.samples);
    }
    next.done();
  }
}

void Outputs::flush_streams() {
  Duration interval = Duration::max();
  for (const auto& output : outputs_) {
    if (output->wants_samples()) interval = std::min(interval, output->interval());
  }
  while (sleep(interval)) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      sources_[i].scheduler->post([stream = streams_[i].get()] { stream->flush(); });
    }
  }
}

void Outputs::push_snapshots(Output& output) {
  while (sleep(output.interval())) give_snapshot(output);
}

void Outputs::give_snapshot(Output& output) {
  Result<metrics::Snapshot> snapshot =
      aggregator_->snapshot(metrics::Detail::kSeries, bia::Deadline::after(kSnapshotTimeout));
  if (snapshot) output.add_snapshot(*snapshot);
}

void Outputs::run_there(size_t source, const std::function<void()>& body) {
  struct Answer {
    bool given = false;
    bia::fiber::WaitQueue waiter;
  };
  // Shared: the answer may come after this fiber was cancelled, and then `body` may be gone; so a
  // cancelled fiber waits on.
  auto answer = std::make_shared<Answer>();
  bia::fiber::Scheduler& here = bia::fiber::Scheduler::current();
  sources_[source].scheduler->post([&body, &here, answer] {
    body();
    here.post([answer] {
      answer->given = true;
      answer->waiter.wake_all();
    });
  });
  while (!answer->given) {
    if (!answer->waiter.wait().ok()) bia::fiber::yield();
  }
}

void Outputs::drain(size_t source) {
  metrics::SampleStream& stream = *streams_[source];
  for (bool idle = false; !idle;) {
    run_there(source, [&] {
      stream.flush();
      idle = stream.idle();
      if (!idle) return;
      sources_[source].shard->set_stream(nullptr);
      held_ += stream.held();
      dropped_ += stream.dropped();
    });
    if (!idle)
      bia::fiber::sleep_for(kDrainPoll).ignore("cancelled or not, what is under way has to arrive");
  }
}

Result<void> Outputs::stop() {
  stopping_ = true;
  sleepers_.wake_all();
  for (size_t i = 0; i < streams_.size(); ++i) drain(i);
  end_fibers();
  for (const auto& output : outputs_) {
    if (!output->wants_samples()) give_snapshot(*output);
  }
  return end_outputs();
}

Result<void> Outputs::stop_early() {
  if (stopping_) return {};
  stopping_ = true;
  sleepers_.wake_all();
  end_fibers();
  return end_outputs();
}

void Outputs::end_fibers() {
  drained_ = true;
  arrivals_.wake_all();
  for (bia::fiber::Fiber& fiber : fibers_) fiber.join().ignore("it ends by itself");
}

Result<void> Outputs::end_outputs() {
  Result<void> first;
  for (const auto& output : outputs_) {
    Result<void> stopped = output->stop();
    if (!stopped && first.ok()) first = std::move(stopped);
  }
  return first;
}

}  // namespace zelus::output
