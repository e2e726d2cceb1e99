#include "zelus/ghz/stream_call.h"

#include <fmt/format.h>

#include <vector>

#include "bia/fiber/scheduler.h"
#include "zelus/ghz/debug_json.h"
#include "zelus/ghz/report.h"

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
            const CallData& call, DebugLog* debug)
      : stream_(stream), options_(options), target_(target), call_(call), debug_(debug) {
    if (options.stream_call_duration > Duration::zero())
      end_ = Deadline(bia::now() + options.stream_call_duration);
  }

  Result<bia::grpc::Status> run() {
    if (!target_.client_streaming) {
      BIA_TRY(send_one());
      bia::grpc::Status status = receive_some();
      log_end("Receive message", status, "EOF");
      return status;
    }
    if (target_.payload.is_rendered() && !options_.stream_dynamic_messages)
      rendered_ = BIA_TRY(target_.payload.rendered(call_));
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
    bia::grpc::Status status = stream_.finish();
    log_end("Receive message", status, "EOF");
    return status;
  }

 private:
  bool read(std::string& message) {
    Result<bool> got = stream_.read(message);
    const bool more = got.ok() && *got;
    if (more && debug_ != nullptr && target_.server_streaming && debug_->wants("Receive message"))
      debug_->write(line("Receive message")
                        .text("response", message_json(*target_.output, message))
                        .json("error", "null"));
    return more;
  }

  DebugLine line(std::string_view message) const {
    DebugLine out("debug", message);
    out.text("workerID", call_.worker_id)
        .text("call type", call_type(target_))
        .text("call", call_.full_name);
    return out;
  }
  /// What the last reading came to; `at_end`: the error that says there is no more.
  void log_end(std::string_view message, const bia::grpc::Status& status, std::string_view at_end) {
    if (debug_ == nullptr || !debug_->wants(message)) return;
    debug_->write(line(message)
                      .json("response", "null")
                      .error("error", status.code == Code::kOk
                                          ? std::string(at_end)
                                          : rpc_error_text(status.code, status.message)));
  }

  Result<void> send_one() {
    std::string scratch;
    const std::string_view message = BIA_TRY(target_.payload.message(call_, scratch));
    write(message);
    stream_.close_send();
    return {};
  }
  bool write(std::string_view message) {
    const bool sent = stream_.write(message).ok();
    if (debug_ != nullptr && target_.client_streaming && debug_->wants("Send message"))
      debug_->write(line("Send message")
                        .text("payload", message_json(target_.payload.input(), message))
                        .error("error", sent ? "" : "EOF"));
    return sent;
  }

  /// False where the call has ended.
  Result<bool> send(size_t index) {
    if (!rendered_.empty()) return write(rendered_[index]);
    std::string scratch;
    if (!options_.stream_dynamic_messages)
      return write(BIA_TRY(target_.payload.message_at(index, call_, scratch)));
    CallData now = call_;
    now.refresh();
    return write(BIA_TRY(target_.payload.message_at(index, now, scratch)));
  }

  Result<void> send_all() {
    const size_t size = rendered_.empty() ? target_.payload.size() : rendered_.size();
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
    if (debug_ != nullptr && target_.server_streaming && debug_->wants("Close send"))
      debug_->write(line("Close send").json("error", "null"));
    return {};
  }

  Result<bia::grpc::Status> receive_all() {
    std::string message, last;
    while (read(message)) last = message;
    bia::grpc::Status status = stream_.finish();
    constexpr std::string_view kMessage = "Close and receive";
    if (debug_ != nullptr && debug_->wants(kMessage)) {
      const bool good = status.code == Code::kOk;
      debug_->write(line(kMessage)
                        .text("response", good ? message_json(*target_.output, last) : "null")
                        .error("error", good ? "" : rpc_error_text(status.code, status.message)));
    }
    return status;
  }

  /// Of a server's stream, to the limit.
  bia::grpc::Status receive_some() {
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
  DebugLog* debug_;
  std::vector<std::string> rendered_;
};

}  // namespace

Result<bia::grpc::Status> run_stream(bia::grpc::Channel& channel, const Options& options,
                                     const Target& target, const CallData& call,
                                     const bia::grpc::CallOptions& call_options, DebugLog* debug) {
  auto stream = channel.stream(target.path, call_options);
  if (!stream.ok()) {
    bia::grpc::Status status;
    status.code = stream.error().code();
    status.message = stream.error().message();
    return status;
  }
  return StreamRun(*stream, options, target, call, debug).run();
}

}  // namespace zelus::ghz
