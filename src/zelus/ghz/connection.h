#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/grpc/client.h"

namespace zelus::ghz {

/// --lb-strategy. kPickFirst: the first of a name's addresses that answers, which is also what is
/// used without the flag; kRoundRobin: all of them in turn.
enum class Balance { kPickFirst, kRoundRobin };

/// One of ghz's --connections: a channel, or with kRoundRobin one to each address of a dns:///
/// name (others have one address alone, as grpc-go has them), of which calls get those that are
/// connected in turn. Belongs to its thread; must not be moved.
class Connection {
 public:
  Connection(std::string target, Balance balance, bia::grpc::ChannelOptions options);
  /// Looks the name up. Suspends, to the connect timeout. Where that fails the calls say so.
  void open();
  /// The channel for the next call. Suspends while addresses are being connected and none is yet,
  /// to the call's deadline.
  size_t pick(bia::Deadline deadline) { return channels_.size() == 1 ? 0 : pick_ready(deadline); }
  bia::grpc::Channel& channel(size_t index) { return *channels_[index].channel; }
  /// What became of a call: an address that is gone gets none until it is there again. Its text
  /// becomes ghz's.
  void note(size_t index, bia::grpc::Status& status) {
    if (status.code != bia::Code::kOk) note_failure(index, status);
  }
  /// Calls end, and none starts. Does not suspend.
  void close();
  /// After `close`: what it still did has ended. Suspends.
  void join();

 private:
  enum class State { kConnecting, kReady, kFailed };
  struct Address {
    std::unique_ptr<bia::grpc::Channel> channel;
    State state = State::kConnecting;
    bia::fiber::Fiber connecting;
  };
  void spread(const std::string& host, uint16_t port);
  void add(const std::string& target, const bia::grpc::ChannelOptions& options, State state);
  size_t pick_ready(bia::Deadline deadline);
  void note_failure(size_t index, bia::grpc::Status& status);
  void lost(size_t index);
  void start(size_t index);
  void connect(size_t index);

  std::string target_;
  Balance balance_;
  bia::grpc::ChannelOptions options_;
  std::unique_ptr<bia::net::Resolver> resolver_;  ///< Of "dns://server/…"; outlives the channels.
  std::vector<Address> channels_;
  bia::fiber::WaitQueue changed_;
  size_t next_ = 0;
  bool closed_ = false;
};

}  // namespace zelus::ghz
