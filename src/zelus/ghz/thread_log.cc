// What a thread writes to the file of --debug.
#include <fmt/format.h>

#include "zelus/ghz/debug_json.h"
#include "zelus/ghz/report.h"
#include "zelus/ghz/thread_run.h"

namespace zelus::ghz {

using bia::Code;

void ThreadRun::log_worker(uint64_t worker, size_t connection_index) {
  if (!debug_) return;
  const std::string id = call_data(worker, connection_index).worker_id;
  debug_->write(DebugLine("debug", "Creating worker with ID: " + id).text("workerID", id));
}

void ThreadRun::log_request(const CallData& call, std::string_view message,
                            const bia::grpc::Metadata* metadata) {
  constexpr std::string_view kMessage = "Making request";
  if (!debug_->wants(kMessage)) return;
  // A client's stream says what it sends as it sends it.
  const std::string input =
      call.client_streaming
          ? "[]"
          : fmt::format("[{}]", message_json(shared_.target.payload.input(), message));
  debug_->write(DebugLine("debug", kMessage)
                    .text("workerID", call.worker_id)
                    .text("call type", call_type(shared_.target))
                    .text("call", call.full_name)
                    .json("input", input)
                    .json("metadata", metadata_json(metadata)));
}

void ThreadRun::log_ended(bia::TimePoint begin, bia::TimePoint end,
                          const bia::grpc::Status& status) {
  constexpr std::string_view kMessage = "Received RPC Stats";
  if (!debug_->wants(kMessage)) return;
  const std::string error =
      status.code == Code::kOk ? "" : rpc_error_text(status.code, status.message);
  debug_->write(DebugLine("debug", kMessage)
                    .number("statsID", static_cast<int64_t>(index_))
                    .text("code", go_code_name(status.code))
                    .error("error", error)
                    .seconds("duration", (end - begin).count()));
}

void ThreadRun::log_response(const CallData& call, std::string_view message,
                             const bia::grpc::Metadata* metadata,
                             const bia::grpc::UnaryReply& reply) {
  constexpr std::string_view kMessage = "Received response";
  if (!debug_->wants(kMessage)) return;
  const bool good = reply.status.code == Code::kOk;
  debug_->write(
      DebugLine("debug", kMessage)
          .text("workerID", call.worker_id)
          .text("call type", "unary")
          .text("call", call.full_name)
          .text("input", message_json(shared_.target.payload.input(), message))
          .json("metadata", metadata_json(metadata))
          .text("response", good ? message_json(*shared_.target.output, reply.message) : "null")
          .error("error", good ? "" : rpc_error_text(reply.status.code, reply.status.message)));
}

}  // namespace zelus::ghz
