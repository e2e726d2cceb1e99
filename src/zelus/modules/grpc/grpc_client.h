#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/grpc/client.h"
#include "zelus/metrics/shard.h"
#include "zelus/modules/grpc/grpc_protos.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

/// What a method's samples are tagged with, resolved for the tags and the status seen last.
struct GrpcSeries {
  const metrics::TagSet* tags = nullptr;
  int status = -1;
  metrics::SeriesId series = 0;
};

/// What a client has of its channel. The user has it too (`Vu::grpc_channels`) and ends it outside
/// of the garbage collector, which frees clients: the end of a channel may suspend.
struct GrpcChannel {
  /// Shared with calls in flight, which outlive `close`.
  std::shared_ptr<bia::grpc::Channel> channel;
};

/// A script's `new grpc.Client()`.
class GrpcClient {
 public:
  std::vector<std::shared_ptr<const GrpcProtos>> protos;
  /// Null while it is not connected.
  std::shared_ptr<GrpcChannel> connection;
  std::string address;
  uint64_t bytes_sent = 0;  ///< of the channel, counted so far
  uint64_t bytes_received = 0;

  struct Method {
    const GrpcMethod* method;
    std::shared_ptr<const GrpcProtos> owner;
    GrpcSeries last;
  };
  /// By the name as the script writes it, with or without the leading slash; null where there is
  /// none. Stays valid.
  Method* find(std::string_view name);
  /// Adds what the channel moved since the last call to the user's counters.
  void count_bytes(Vu& vu);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Method, Hash, std::equal_to<>> by_name_;
};

/// One unary call and its answer; a Response object of a script owns it. No JavaScript in it.
struct GrpcCall {
  const GrpcMethod* method = nullptr;
  std::shared_ptr<const GrpcProtos> owner;
  std::string request;
  bia::grpc::Metadata metadata;
  const metrics::TagSet* tags = nullptr;
  Duration timeout = std::chrono::minutes(2);
  bool discard = false;
  bia::grpc::UnaryReply reply;
  bool interrupted = false;
};

/// Sends, waits and samples. Outside of running JavaScript.
void perform(Vu& vu, GrpcClient& client, GrpcClient::Method& method, GrpcCall& call);
/// Lets go of the user's channels, `kUnused`: of those that no client has any more. Suspends;
/// outside of running JavaScript.
enum class Channels { kUnused, kAll };
void end_channels(Vu& vu, Channels which);
/// Metadata of a call. False with k6's text.
bool read_metadata(JSContext* ctx, const Value& value, bia::grpc::Metadata& metadata,
                   std::string& error);
/// Reads invoke's `params`. False with k6's text.
bool read_call_params(Vu& vu, JSValueConst params, GrpcCall& call, std::string& error);
JSValue new_grpc_response(JSContext* ctx, std::unique_ptr<GrpcCall> call);
void define_grpc_response(JSContext* ctx);
GrpcClient* grpc_client_of(JSContext* ctx, JSValueConst self);

JSValue grpc_load(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue grpc_load_protoset(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue grpc_connect(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
/// Methods that a client's `connect({reflect: true})` finds.
bia::Result<std::shared_ptr<const GrpcProtos>> reflect(bia::grpc::Channel& channel,
                                                       const bia::grpc::Metadata& metadata,
                                                       bia::Deadline deadline);

}  // namespace zelus::modules
