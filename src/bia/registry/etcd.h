#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/registry.h"
#include "bia/grpc/client.h"

namespace bia {

/// The few calls of etcd's v3 API (etcdserverpb) that a registry and a configuration need, over our
/// own gRPC client. Belongs to its thread; several fibers may call at once.
class EtcdClient {
 public:
  struct Entry {
    std::string key;
    std::string value;
  };
  /// Of the options, endpoints are "host:port" each (`check_etcd_endpoints`); where one does not
  /// answer the next is tried, and stays.
  explicit EtcdClient(EtcdOptions options);

  /// All entries below a prefix, in order of their keys; `revision` is etcd's at that moment.
  Result<std::vector<Entry>> range(std::string_view prefix, int64_t& revision);
  Result<void> put(std::string_view key, std::string_view value, int64_t lease);
  Result<void> erase(std::string_view key);
  Result<int64_t> grant(int64_t ttl_seconds);
  Result<void> revoke(int64_t lease);
  /// The lease's time to live; 0: it is gone.
  Result<int64_t> keep_alive(int64_t lease);
  /// Returns at the first change below `prefix` from `revision` on. Suspends without a limit.
  /// Errors: kUnavailable; kCancelled; kOutOfRange for a revision that is compacted.
  Result<void> wait_change(std::string_view prefix, int64_t revision);

 private:
  Result<std::string> call(std::string_view path, const std::string& request);
  /// Asks for a token where there is a user, and none yet.
  Result<void> authenticate(Deadline deadline);
  /// The same; where it fails, the next endpoint is asked next time.
  Result<void> authenticate_or_move(Deadline deadline);
  grpc::CallOptions call_options(Deadline deadline) const;
  grpc::Channel& channel();
  void next_endpoint();

  EtcdOptions options_;
  size_t current_ = 0;
  std::vector<std::unique_ptr<grpc::Channel>> channels_;
  grpc::Metadata token_;  ///< "token", as each call sends it; empty: none
};

/// Makes them "host:port" each. Errors: kInvalidArgument for one without a port, and for https://
/// and http:// that do not fit `tls`.
Result<void> check_etcd_endpoints(EtcdOptions& options);

/// The end of the range of keys that begin with `prefix`.
std::string etcd_range_end(std::string_view prefix);

}  // namespace bia
