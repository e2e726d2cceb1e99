#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "codec/wire_format.h"

/// Fields by number, for the few small messages of gRPC itself (Status, ErrorInfo, health,
/// reflection), whose generated classes would collide in the descriptor pool with those of a user
/// who has them too.
namespace bia::grpc {

using codec::put_bytes;
using codec::put_uint;

/// Goes over the fields of one message. `next` is false at the end and at the first malformed byte,
/// for which it takes groups too; then `ok` tells which.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : in_(bytes) {}
  bool next();
  bool ok() const { return ok_; }
  uint32_t field() const { return field_; }
  uint32_t wire_type() const { return static_cast<uint32_t>(wire_type_); }
  /// Of a length-delimited field; empty for others.
  std::string_view bytes() const { return bytes_; }
  /// Of a varint or fixed field; 0 for others.
  uint64_t value() const { return value_; }

 private:
  bool take();

  codec::WireReader in_;
  std::string_view bytes_;
  uint64_t value_ = 0;
  uint32_t field_ = 0;
  codec::WireType wire_type_{};
  bool ok_ = true;
};

/// The string in field 1 of a request, which may be all that it has; empty where it is not there.
/// Errors: kInternal, in grpc-go's words, for bytes that are no `message`.
Result<std::string> only_string(std::string_view request, std::string_view message);

}  // namespace bia::grpc
