#include "zelus/ghz/stream_call.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "bia/fiber/scheduler.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Result;
using bia::TimePoint;
namespace fiber = bia::fiber;

class StreamRun {
 public:
  StreamRun(bia::grpc::ClientStream& stream, const Options& options, const Target& target,
            const CallData& call)
      : stream_(stream), options_(options), target_(target), call_(call) {
    if (options.stream_call_duration > Duration::zero())
      end_ = Deadline(bia::now() + options.stream_call_duration);
  }

  Result<bia::grpc::Status> run() {
    if (!target_.client_streaming) {
      BIA_TRY(send_one());
      return receive_some();
    }
    if (!target_.server_streaming) {
      BIA_TRY(send_all());
      return receive_all();
    }
    // Neither direction waits for the other: a server may answer each message, or none before all.
    auto reader = BIA_TRY(fiber::Scheduler::current().spawn([this] {
      std::string message;
      while (read(message)) {
      }
    }));
    Result<void> sent = send_all();
    if (!sent.ok()) stream_.cancel();
    while (!reader.done()) {
      if (!reader.join().ok()) {
        stream_.cancel();
        fiber::yield();
      }
    }
    if (!sent.ok()) return std::move(sent).error();
    return stream_.finish();
  }

 private:
  bool read(std::string& message) {
    Result<bool> got = stream_.read(message);
    return got.ok() && *got;
  }

  Result<void> send_one() {
    BIA_TRY(send(call_.request_number % target_.payload.size()));
    stream_.close_send();
    return {};
  }

  /// False where the call has ended.
  Result<bool> send(size_t index) {
    std::string scratch;
    std::string_view message;
    if (options_.stream_dynamic_messages || !target_.payload.is_rendered()) {
      message = BIA_TRY(target_.payload.message_at(index, call_, scratch));
    } else {
      // Rendered once a call.
      rendered_.resize(target_.payload.size());
      if (!rendered_[index]) {
        rendered_[index].emplace(BIA_TRY(target_.payload.message_at(index, call_, scratch)));
      }
      message = *rendered_[index];
    }
    return stream_.write(message).ok();
  }

  Result<void> send_all() {
    const size_t size = target_.payload.size();
    const bool endless = options_.stream_call_count == 0 && !end_.is_never();
    const uint64_t count = options_.stream_call_count > 0 ? options_.stream_call_count : size;
    for (uint64_t i = 0; endless || i < count; ++i) {
      if (i > 0 && options_.stream_interval > Duration::zero()) {
        const TimePoint next = bia::now() + options_.stream_interval;
        if (!fiber::sleep_until(std::min(next, end_.at())).ok()) break;
      } else if (endless) {
        fiber::yield();
      }
      if (end_.expired()) break;
      if (!BIA_TRY(send(i % size))) return {};
    }
    stream_.close_send();
    return {};
  }

  Result<bia::grpc::Status> receive_all() {
    std::string message;
    while (read(message)) {
    }
    return stream_.finish();
  }

  /// Of a server's stream, to the limit.
  Result<bia::grpc::Status> receive_some() {
    std::string message;
    fiber::ScopedDeadline limit(end_);
    for (uint64_t received = 0; read(message);) {
      ++received;
      if (received == options_.stream_call_count || end_.expired()) {
        stream_.cancel();
        break;
      }
    }
    bia::grpc::Status status = stream_.finish();
    // The limit's own end of the call, which is not the deadline of --timeout.
    if (status.code == Code::kDeadlineExceeded && end_.expired() && !timed_out()) {
      status.code = Code::kCancelled;
      status.message = "context canceled";
    }
    return status;
  }

  bool timed_out() const {
    return options_.timeout > Duration::zero() && options_.timeout <= options_.stream_call_duration;
  }

  bia::grpc::ClientStream& stream_;
  const Options& options_;
  const Target& target_;
  const CallData& call_;
  Deadline end_ = Deadline::never();
  std::vector<std::optional<std::string>> rendered_;
};

}  // namespace

Result<bia::grpc::Status> run_stream(bia::grpc::Channel& channel, const Options& options,
                                     const Target& target, const CallData& call,
                                     const bia::grpc::CallOptions& call_options) {
  auto stream = channel.stream(target.path, call_options);
  if (!stream.ok()) {
    bia::grpc::Status status;
    status.code = stream.error().code();
    status.message = stream.error().message();
    return status;
  }
  return StreamRun(*stream, options, target, call).run();
}

}  // namespace zelus::ghz
