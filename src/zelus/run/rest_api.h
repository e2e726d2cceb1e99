#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/threads.h"
#include "zelus/metrics/snapshot.h"
#include "zelus/metrics/threshold.h"

namespace zelus::run {

using bia::Result;

/// What the REST API asks of a run. Called in fibers of the control thread; may suspend.
class RestSubject {
 public:
  virtual ~RestSubject() = default;
  struct Status {
    int number = 0;
    bool paused = false, stopped = false, running = false, tainted = false;
    int64_t vus = 0, vus_max = 0;
  };
  virtual Status status() const = 0;
  virtual void stop() = 0;
  virtual Result<void> set_paused(bool paused) = 0;
  /// Reason CONFIG_UPDATE for numbers that are not possible.
  virtual Result<void> scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max) = 0;
  virtual Result<metrics::Snapshot> snapshot() = 0;
  virtual const metrics::Thresholds& thresholds() const = 0;
  virtual bia::Duration elapsed() const = 0;
  /// JSON of `root_group`, as handleSummary gets it.
  virtual Result<std::string> root_group() = 0;
  /// JSON; nullopt for undefined.
  virtual std::optional<std::string> setup_data() const = 0;
  virtual void set_setup_data(std::optional<std::string> json) = 0;
  virtual Result<void> call_setup() = 0;
  virtual Result<void> call_teardown() = 0;
};

struct RestAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
};
/// k6's REST API, version 1 (parity/k6.md 9), without the transport.
RestAnswer rest_answer(RestSubject& subject, std::string_view method, std::string_view path,
                       std::string_view body);

/// Serves it. Lives on the control thread.
class RestApi {
 public:
  /// Errors: the address cannot be listened on.
  static Result<std::unique_ptr<RestApi>> start(const std::string& address,
                                                bia::fiber::ThreadGroup& threads,
                                                RestSubject& subject);
  ~RestApi();
  /// Suspends.
  void stop();

 private:
  struct Impl;
  explicit RestApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zelus::run
