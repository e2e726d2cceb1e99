#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"

struct redisContext;

namespace shop::data {

/// One connection, by hiredis' own reader and writer on a socket that never blocks. Of the thread
/// that made it.
class Redis {
 public:
  /// "127.0.0.1:6379". Suspends. Errors: kInvalidArgument, kUnavailable REDIS.
  static bia::Result<std::unique_ptr<Redis>> connect(const std::string& address);
  ~Redis();
  /// One command, its words one by one. The reply's text; none for nil. Suspends. Errors:
  /// kUnavailable REDIS for a connection that is lost, kInternal REDIS for what Redis answers.
  bia::Result<std::optional<std::string>> command(const std::vector<std::string>& words);
  bool usable() const;

 private:
  Redis() = default;
  bia::Result<void> send();
  bia::Error lost() const;

  struct Free {
    void operator()(redisContext* context) const;
  };
  std::unique_ptr<redisContext, Free> context_;
  bia::fiber::FdWatch watch_;
  bool in_command_ = false;
};

}  // namespace shop::data
