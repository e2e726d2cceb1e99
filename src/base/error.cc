#include "bia/base/error.h"

#include <array>

namespace bia {
namespace {

struct CodeRow {
  std::string_view name;
  std::string_view camel;
  int http_status;
};

// Statuses: Kratos' transport/http/status.FromGRPCCode.
constexpr std::array<CodeRow, 17> kCodes{{
    {"OK", "OK", 200},
    {"CANCELLED", "Canceled", 499},
    {"UNKNOWN", "Unknown", 500},
    {"INVALID_ARGUMENT", "InvalidArgument", 400},
    {"DEADLINE_EXCEEDED", "DeadlineExceeded", 504},
    {"NOT_FOUND", "NotFound", 404},
    {"ALREADY_EXISTS", "AlreadyExists", 409},
    {"PERMISSION_DENIED", "PermissionDenied", 403},
    {"RESOURCE_EXHAUSTED", "ResourceExhausted", 429},
    {"FAILED_PRECONDITION", "FailedPrecondition", 400},
    {"ABORTED", "Aborted", 409},
    {"OUT_OF_RANGE", "OutOfRange", 400},
    {"UNIMPLEMENTED", "Unimplemented", 501},
    {"INTERNAL", "Internal", 500},
    {"UNAVAILABLE", "Unavailable", 503},
    {"DATA_LOSS", "DataLoss", 500},
    {"UNAUTHENTICATED", "Unauthenticated", 401},
}};

const CodeRow* row(Code code) {
  auto index = static_cast<size_t>(code);
  return index < kCodes.size() ? &kCodes[index] : nullptr;
}

}  // namespace

struct Error::Rep {
  Code code;
  int http_status = 0;
  std::string reason;
  std::string message;
  std::string hint;
  std::vector<std::pair<std::string, std::string>> metadata;
};

void Error::RepDelete::operator()(Rep* rep) const noexcept { delete rep; }

std::string code_name(Code code) {
  const CodeRow* known = row(code);
  return known ? std::string(known->name) : "CODE(" + std::to_string(static_cast<int>(code)) + ")";
}

std::string_view code_camel_name(Code code) {
  const CodeRow* known = row(code);
  return known ? known->camel : "Unknown";
}

int http_status_of(Code code) {
  const CodeRow* known = row(code);
  return known ? known->http_status : 500;
}

Code code_of_http_status(int status) {
  switch (status) {
    case 200:
      return Code::kOk;
    case 400:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    case 429:
      return Code::kResourceExhausted;
    case 499:
      return Code::kCancelled;
    case 500:
      return Code::kInternal;
    case 501:
      return Code::kUnimplemented;
    case 503:
      return Code::kUnavailable;
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return Code::kUnknown;
  }
}

Error::Error(Code code, std::string_view reason, std::string message)
    : rep_(new Rep{code, 0, std::string(reason), std::move(message), {}, {}}) {}

Error Error::from_http(int status, std::string_view reason, std::string message) {
  // An error of 200 is one all the same: over gRPC it is UNKNOWN, as in Kratos.
  const Code code = code_of_http_status(status);
  Error error(code == Code::kOk ? Code::kUnknown : code, reason, std::move(message));
  error.rep_->http_status = status;
  return error;
}

Error::Error(const Error& other) : rep_(new Rep(*other.rep_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) rep_.reset(new Rep(*other.rep_));
  return *this;
}

Code Error::code() const { return rep_->code; }
int Error::http_status() const {
  return rep_->http_status ? rep_->http_status : http_status_of(rep_->code);
}
const std::string& Error::reason() const { return rep_->reason; }
const std::string& Error::message() const { return rep_->message; }
const std::string& Error::hint() const { return rep_->hint; }
const std::vector<std::pair<std::string, std::string>>& Error::metadata() const {
  return rep_->metadata;
}

Error&& Error::with_hint(std::string hint) && {
  rep_->hint = std::move(hint);
  return std::move(*this);
}

Error&& Error::with_metadata(std::string key, std::string value) && {
  rep_->metadata.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

Error&& Error::in(std::string_view where) && {
  rep_->message.insert(0, std::string(where) + ": ");
  return std::move(*this);
}

std::string Error::text() const {
  return rep_->hint.empty() ? rep_->message : rep_->message + " (" + rep_->hint + ")";
}

}  // namespace bia
