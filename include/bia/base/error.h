#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bia {

/// The canonical codes of gRPC (google/rpc/code.proto), numbered as there.
enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// "DEADLINE_EXCEEDED", as google/rpc/code.proto spells it; "CODE(99)" for a number outside it.
std::string code_name(Code code);
/// "DeadlineExceeded", as grpc-go, ghz and k6 print it.
std::string_view code_camel_name(Code code);
/// The HTTP status that Kratos gives a code (its transport/http/status: Cancelled 499,
/// ResourceExhausted 429, …).
int http_status_of(Code code);
/// The code that Kratos gives an HTTP status (its internal/httputil and transport/http/status, the
/// other way round).
Code code_of_http_status(int status);

/// Why something failed. One pointer wide; moves are free, copies share nothing.
class [[nodiscard]] Error {
 public:
  /// `reason` is a stable identifier for programs (UPPER_SNAKE), `message` a sentence for people.
  Error(Code code, std::string_view reason, std::string message);
  /// With an HTTP status of its own, as Kratos' `errors.New(code, reason, message)`; the gRPC code
  /// follows from it.
  static Error from_http(int status, std::string_view reason, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  Code code() const;
  /// As given to `from_http`, else `http_status_of(code())`.
  int http_status() const;
  const std::string& reason() const;
  const std::string& message() const;
  /// What to do about it; for the terminal, never sent to a peer.
  const std::string& hint() const;
  const std::vector<std::pair<std::string, std::string>>& metadata() const;

  Error&& with_hint(std::string hint) &&;
  Error&& with_metadata(std::string key, std::string value) &&;
  /// Puts "where: " before the message: `error.in("config.yaml")`.
  Error&& in(std::string_view where) &&;

  /// "message (hint)", one line, for a terminal or a log.
  std::string text() const;

 private:
  struct Rep;
  struct RepDelete {
    void operator()(Rep* rep) const noexcept;
  };
  std::unique_ptr<Rep, RepDelete> rep_;
};

}  // namespace bia
