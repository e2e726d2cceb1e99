#pragma once
#include <string>

#include "bia/base/result.h"
#include "bia/bia/message_rules.h"
#include "bia/grpc/server.h"

namespace bia {

/// The messages that the peer of a streaming call sends. `In` is a protobuf message type.
template <typename In>
class ServerReader {
 public:
  /// `rules`: what each message is checked by; null: nothing.
  explicit ServerReader(grpc::ServerCall& call, MessageRules rules = nullptr)
      : call_(call), rules_(rules) {}
  /// False at the end of the stream. Suspends. Errors: kCancelled, kDeadlineExceeded,
  /// kResourceExhausted (above the limit); kInternal for bytes that are not an `In`, and, where the
  /// chain has `validation_middleware`, 400 VALIDATOR for an `In` that breaks the rules of its
  /// .proto. After these two `message` is empty, every further read fails alike, and the call ends
  /// with that error, whatever the handler returns in place of an error of its own.
  Result<bool> read(In& message) {
    if (!refused_.ok()) return refused_.error();
    Result<bool> got = call_.read(bytes_);
    if (!got.ok() || !*got) return got;
    if (!message.ParseFromString(bytes_)) {
      refused_ = Error(Code::kInternal, "CODEC",
                       "the peer sent bytes that are not a " + message.GetTypeName());
    } else if (rules_ != nullptr) {
      refused_ = check_rules(message, rules_);
    }
    if (refused_.ok()) return true;
    message.Clear();
    return refused_.error();
  }
  /// The error of a message that was refused, for the generated code.
  const Result<void>& refused() const { return refused_; }

 private:
  grpc::ServerCall& call_;
  MessageRules rules_;
  Result<void> refused_;
  std::string bytes_;
};

/// The messages that a streaming call answers with.
template <typename Out>
class ServerWriter {
 public:
  explicit ServerWriter(grpc::ServerCall& call) : call_(call) {}
  /// Suspends while the peer does not read. Errors: kCancelled, kDeadlineExceeded.
  Result<void> write(const Out& message) {
    bytes_.clear();
    if (!message.AppendToString(&bytes_))
      return Error(Code::kInternal, "CODEC", message.GetTypeName() + " is above 2 GiB");
    return call_.write(bytes_);
  }

 private:
  grpc::ServerCall& call_;
  std::string bytes_;
};

}  // namespace bia
