#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"

struct pg_conn;
struct pg_result;

namespace shop::data {

/// What a query brought.
class Rows {
 public:
  size_t size() const;
  /// Of the text format; empty for NULL.
  std::string_view text(size_t row, int column) const;
  int64_t integer(size_t row, int column) const;

 private:
  friend class Postgres;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

/// One connection, by libpq's asynchronous functions. Of the thread that made it.
class Postgres {
 public:
  /// Suspends. Errors: kUnavailable DATABASE.
  static bia::Result<std::unique_ptr<Postgres>> connect(const std::string& source);
  ~Postgres();
  /// One statement; `$1` and so on are the parameters. Suspends. Errors: kUnavailable DATABASE for
  /// a connection that is lost; kInternal DATABASE, with PostgreSQL's SQLSTATE in its metadata;
  /// kDeadlineExceeded, kCancelled, and then the connection is not usable any more.
  bia::Result<Rows> query(const char* statement, const std::vector<std::string>& parameters = {});
  bool usable() const;

 private:
  Postgres() = default;
  bia::Result<void> finish_connecting();
  bia::Result<void> watch_socket();
  bia::Result<void> flush();
  bia::Result<void> wait_result();
  bia::Error lost() const;

  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Finish> connection_;
  int watched_ = -1;
  bia::fiber::FdWatch watch_;  // goes before the connection closes its socket
  bool in_query_ = false;
};

}  // namespace shop::data
