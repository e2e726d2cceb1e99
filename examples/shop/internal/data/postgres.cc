#include "data/postgres.h"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

namespace shop::data {

using bia::Code;
using bia::Deadline;
using bia::Error;
using bia::Result;

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }
size_t Rows::size() const { return static_cast<size_t>(PQntuples(result_.get())); }
std::string_view Rows::text(size_t row, int column) const {
  return {PQgetvalue(result_.get(), static_cast<int>(row), column),
          static_cast<size_t>(PQgetlength(result_.get(), static_cast<int>(row), column))};
}
int64_t Rows::integer(size_t row, int column) const {
  return std::strtoll(PQgetvalue(result_.get(), static_cast<int>(row), column), nullptr, 10);
}

void Postgres::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }
Postgres::~Postgres() = default;

Error Postgres::lost() const {
  std::string text = PQerrorMessage(connection_.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Error(Code::kUnavailable, "DATABASE", "the database is not reached").in(text);
}

bool Postgres::usable() const {
  if (in_query_ || PQstatus(connection_.get()) != CONNECTION_OK) return false;
  // Between queries nothing comes but the server's farewell.
  char byte;
  return recv(PQsocket(connection_.get()), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

/// libpq may go on to another socket while it connects.
Result<void> Postgres::watch_socket() {
  const int socket = PQsocket(connection_.get());
  if (socket == watched_) return {};
  watch_.reset();
  if (socket < 0) return lost();
  watch_ = BIA_TRY(bia::fiber::FdWatch::create(socket));
  watched_ = socket;
  return {};
}

Result<std::unique_ptr<Postgres>> Postgres::connect(const std::string& source) {
  std::unique_ptr<Postgres> made(new Postgres());
  made->connection_.reset(PQconnectStart(source.c_str()));
  if (!made->connection_) return Error(Code::kResourceExhausted, "DATABASE", "out of memory");
  BIA_TRY(made->finish_connecting());
  if (PQsetnonblocking(made->connection_.get(), 1) != 0) return made->lost();
  return made;
}

Result<void> Postgres::finish_connecting() {
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED) return lost();
    BIA_TRY(watch_socket());
    // A new watch counts as ready; the kernel says whether it is.
    if (next == PGRES_POLLING_READING) {
      watch_.clear_readable();
      BIA_TRY(watch_.wait_readable(Deadline::never()));
    } else {
      watch_.clear_writable();
      BIA_TRY(watch_.wait_writable(Deadline::never()));
    }
    // libpq may close the socket and go on to its next address with a new one of the same number,
    // which the old watch would never tell of.
    watch_.reset();
    watched_ = -1;
    next = PQconnectPoll(connection_.get());
  }
  return watch_socket();
}

Result<void> Postgres::flush() {
  for (;;) {
    // Cleared before the attempt: an event that comes during it must not be lost.
    watch_.clear_writable();
    const int left = PQflush(connection_.get());
    if (left < 0) return lost();
    if (left == 0) return {};
    BIA_TRY(watch_.wait_writable(Deadline::never()));
  }
}

Result<void> Postgres::wait_result() {
  for (;;) {
    watch_.clear_readable();
    if (PQconsumeInput(connection_.get()) == 0) return lost();
    if (PQisBusy(connection_.get()) == 0) return {};
    BIA_TRY(watch_.wait_readable(Deadline::never()));
  }
}

Result<Rows> Postgres::query(const char* statement, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& one : parameters) values.push_back(one.c_str());
  // Whoever leaves before the end (a deadline) leaves a connection that still has an answer to
  // come.
  in_query_ = true;
  if (PQsendQueryParams(connection_.get(), statement, static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 0)
    return lost();
  BIA_TRY(flush());
  Rows rows;
  for (;;) {
    BIA_TRY(wait_result());
    std::unique_ptr<pg_result, Rows::Clear> result(PQgetResult(connection_.get()));
    if (!result) break;
    rows.result_ = std::move(result);
  }
  in_query_ = false;
  if (!rows.result_) return lost();
  const auto status = PQresultStatus(rows.result_.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows;
  if (PQstatus(connection_.get()) != CONNECTION_OK) return lost();
  const char* state = PQresultErrorField(rows.result_.get(), PG_DIAG_SQLSTATE);
  const char* text = PQresultErrorField(rows.result_.get(), PG_DIAG_MESSAGE_PRIMARY);
  return Error(Code::kInternal, "DATABASE", text ? text : "the query failed")
      .with_metadata("sqlstate", state ? state : "");
}

}  // namespace shop::data
