#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace bia::codec {

/// Views into the body; `name` is of Content-Disposition.
struct FormPart {
  std::string name;
  std::string_view content_type;
  std::string_view data;
};

/// Bytes of one part's header fields, above which it is refused.
inline constexpr size_t kPartHeaderBytesMax = 8 * 1024;

/// The parts of a multipart/form-data body, one after another (RFC 7578, RFC 2046 section 5.1).
class MultipartReader {
 public:
  MultipartReader(std::string_view body, std::string_view boundary);
  /// False at the end. Errors: kInvalidArgument CODEC for what is no such body.
  Result<bool> next(FormPart& part);

 private:
  std::string_view rest_;
  std::string delimiter_;  ///< "\r\n--boundary"
  bool begun_ = false;
};

}  // namespace bia::codec
