#include "grpc/proto_wire.h"

#include <fmt/format.h>

#include <utility>

#include "bia/codec/json_reader.h"
#include "grpc/wire.h"

namespace bia::grpc {

bool FieldReader::next() {
  if (!ok_ || in_.done()) return false;
  bytes_ = {};
  value_ = 0;
  return ok_ = in_.tag(field_, wire_type_) && take();
}

bool FieldReader::take() {
  switch (wire_type_) {
    case codec::WireType::kVarint:
      return in_.varint(value_);
    case codec::WireType::kFixed64:
      return in_.fixed64(value_);
    case codec::WireType::kFixed32: {
      uint32_t narrow = 0;
      const bool whole = in_.fixed32(narrow);
      value_ = narrow;
      return whole;
    }
    case codec::WireType::kBytes:
      return in_.bytes(bytes_);
    default:
      return false;
  }
}

namespace {
constexpr std::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr std::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";
/// Kratos' reason of a request that breaks its .proto's rules; the metadata has them by field.
constexpr std::string_view kBrokenRules = "VALIDATOR";

void put_any(std::string& status, std::string_view url, std::string_view value) {
  std::string any;
  put_bytes(any, 1, url);
  put_bytes(any, 2, value);
  put_bytes(status, 3, any);
}

/// google.rpc.BadRequest: what clients in any language look for.
std::string bad_request(const Error& error) {
  std::string bad;
  for (const auto& [field, description] : error.metadata()) {
    std::string violation;
    put_bytes(violation, 1, field);
    put_bytes(violation, 2, description);
    put_bytes(bad, 1, violation);
  }
  return bad;
}
}  // namespace

std::string encode_status_details(const Error& error) {
  if (error.reason().empty()) return {};
  std::string info, status;
  put_bytes(info, 1, error.reason());
  for (const auto& [key, value] : error.metadata()) {
    std::string entry;
    put_bytes(entry, 1, key);
    put_bytes(entry, 2, value);
    put_bytes(info, 3, entry);
  }
  put_uint(status, 1, static_cast<uint64_t>(error.code()));
  put_bytes(status, 2, error.message());
  // First: Kratos' client takes the first detail that it knows.
  put_any(status, kErrorInfoUrl, info);
  if (error.reason() == kBrokenRules && !error.metadata().empty())
    put_any(status, kBadRequestUrl, bad_request(error));
  return status;
}

namespace {

void read_error_info(std::string_view info, std::string* reason,
                     std::vector<std::pair<std::string, std::string>>* metadata) {
  FieldReader fields(info);
  while (fields.next()) {
    // It goes on to logs and metrics, which are text.
    if (fields.field() == 1 && codec::is_utf8(fields.bytes())) *reason = fields.bytes();
    if (fields.field() != 3) continue;
    std::pair<std::string, std::string> entry;
    FieldReader parts(fields.bytes());
    while (parts.next()) {
      if (parts.field() == 1) entry.first = parts.bytes();
      if (parts.field() == 2) entry.second = parts.bytes();
    }
    metadata->push_back(std::move(entry));
  }
}

}  // namespace

Error error_from_status(Code code, std::string_view message, std::string_view details) {
  std::string reason;
  std::vector<std::pair<std::string, std::string>> metadata;
  FieldReader status(details);
  while (status.next()) {
    if (status.field() != 3) continue;
    std::string_view url, value;
    FieldReader any(status.bytes());
    while (any.next()) {
      if (any.field() == 1) url = any.bytes();
      if (any.field() == 2) value = any.bytes();
    }
    if (url == kErrorInfoUrl && reason.empty()) read_error_info(value, &reason, &metadata);
  }
  Error error(code, reason, std::string(message));
  for (auto& [key, value] : metadata)
    error = std::move(error).with_metadata(std::move(key), std::move(value));
  return error;
}

Result<std::string> only_string(std::string_view request, std::string_view message) {
  std::string text;
  FieldReader fields(request);
  while (fields.next()) {
    if (fields.field() == 1 && fields.wire_type() == 2) text = fields.bytes();
  }
  if (!fields.ok())
    return Error(Code::kInternal, "",
                 fmt::format("grpc: error unmarshalling request: malformed {}", message));
  return text;
}

}  // namespace bia::grpc
