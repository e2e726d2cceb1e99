#pragma once
#include <string>

#include "bia/base/result.h"
#include "bia/grpc/server.h"

namespace bia {

/// The messages that the peer of a streaming call sends. `In` is a protobuf message type.
template <typename In>
class ServerReader {
 public:
  explicit ServerReader(grpc::ServerCall& call) : call_(call) {}
  /// False at the end of the stream. Suspends. Errors: kCancelled, kDeadlineExceeded,
  /// kResourceExhausted (above the limit), kInternal for bytes that are not an `In`.
  Result<bool> read(In& message) {
    Result<bool> got = call_.read(bytes_);
    if (!got.ok() || !*got) return got;
    if (!message.ParseFromString(bytes_))
      return Error(Code::kInternal, "CODEC",
                   "the peer sent bytes that are not a " + message.GetTypeName());
    return true;
  }

 private:
  grpc::ServerCall& call_;
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
