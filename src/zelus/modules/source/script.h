#pragma once
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "bia/net/tls.h"
#include "js/module_set.h"
#include "zelus/exec/user.h"
#include "zelus/metrics/tags.h"
#include "zelus/modules/source/source_maps.h"

namespace zelus::modules {

using bia::Code;
using bia::Duration;
using bia::Error;
using bia::Result;
using bia::TimePoint;
using options::LogField;
using options::Logger;
using options::LogLevel;

class GrpcProtos;

/// What all users of a run share. Written while the script is loaded and configured, then read by
/// every thread.
struct Script {
  exec::ScriptSource source;
  exec::RuntimeOptions runtime;
  exec::UserOptions options;
  metrics::SystemTags system_tags = metrics::SystemTags::defaults();
  Logger* logger = nullptr;
  exec::RunView* run = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::unique_ptr<bia::js::ModuleSet> modules;
  SourceMaps maps;
  /// Files that `open` read in the first pass, by absolute path; later passes may open no others.
  std::map<std::string, std::string, std::less<>> files;
  /// client.load and loadProtoset: by their arguments. Filled in the first pass.
  std::map<std::string, std::shared_ptr<const GrpcProtos>, std::less<>> protos;
  /// SharedArray: name → the elements' JSON texts. Filled in the first pass.
  std::map<std::string, std::vector<std::string>, std::less<>> shared_arrays;
  bool frozen = false;
  /// The process is about to end.
  std::atomic<bool> ending = false;

  void log(LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields = {}) const {
    logger->log(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
  /// --rps: one request a slot, for all users of the process. The slots are claimed in order from
  /// one counter, which only such runs touch.
  void wait_for_rate() {
    if (options.rps <= 0) return;
    int64_t interval = 1'000'000'000 / options.rps;
    int64_t now = bia::now().time_since_epoch().count();
    int64_t slot = next_slot_ns.load(std::memory_order_relaxed);
    while (!next_slot_ns.compare_exchange_weak(slot, std::max(slot, now) + interval,
                                               std::memory_order_relaxed)) {
    }
    if (slot > now)
      bia::fiber::sleep_until(TimePoint(Duration(slot)))
          .ignore("the request's own wait sees the same end");
  }
  std::atomic<int64_t> next_slot_ns = 0;
  /// What https connects with. Made at the first request that needs it: reading the system's roots
  /// takes 10 ms and 5 MB, which a run over http should not pay.
  const Result<std::shared_ptr<const bia::net::TlsClient>>& tls() {
    std::call_once(tls_made, [this] { tls_client = bia::net::TlsClient::create(options.tls); });
    return tls_client;
  }
  /// What gRPC connects with where a script does not say.
  const Result<std::shared_ptr<const bia::net::TlsClient>>& grpc_tls() {
    std::call_once(grpc_tls_made, [this] {
      bia::net::TlsClientOptions grpc = options.tls;
      grpc.alpn = {"h2"};
      grpc_tls_client = bia::net::TlsClient::create(std::move(grpc));
    });
    return grpc_tls_client;
  }
  std::once_flag tls_made, grpc_tls_made;
  Result<std::shared_ptr<const bia::net::TlsClient>> tls_client =
      std::shared_ptr<const bia::net::TlsClient>();
  Result<std::shared_ptr<const bia::net::TlsClient>> grpc_tls_client =
      std::shared_ptr<const bia::net::TlsClient>();
  bool has(metrics::SystemTag tag) const { return system_tags.has(tag); }
};

/// All modules that scripts may import, and the names of those that are not built.
void add_modules(bia::js::ModuleSet& modules);

}  // namespace zelus::modules
