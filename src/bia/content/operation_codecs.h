#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/bia/codec.h"
#include "bia/content/media_type.h"

namespace bia {

/// What one operation's bodies are coded as, where that is not whatever there is.
class OperationCodecs {
 public:
  /// By name: json, proto, xml, yaml, form, multipart (of requests alone), or one of `codecs`,
  /// which must outlive this. Errors: kInvalidArgument for another name, or none that replies can
  /// have.
  static Result<OperationCodecs> create(const std::vector<std::string>& names,
                                        const CodecList& codecs);
  bool takes(std::string_view content_type) const;
  bool has(ReplyCodec one) const;
  /// Of a reply where the caller accepts none of them: the first.
  ReplyCodec first() const { return first_; }

 private:
  uint8_t formats_ = 0;  ///< a bit each
  std::vector<const Codec*> own_;
  ReplyCodec first_;
};

/// "application/x-www-form-urlencoded" of "form"
std::string media_type_of_codec(std::string_view name);

}  // namespace bia
