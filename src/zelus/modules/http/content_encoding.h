#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::modules {

/// A body that grows beyond this while it is unpacked is an error (a small answer may claim to be
/// terabytes).
inline constexpr size_t kUnpackedBytesMax = size_t{1} << 30;

/// Takes the encodings of a Content-Encoding header off a body, the last one first (RFC 9110
/// section 8.4): gzip, deflate, br and zstd. Unknown names leave the body as it is, as in k6.
/// Errors: kInvalidArgument with Go's text; the reason says what is broken, as k6 makes
/// differences: BAD_ENCODING (heads, checksums), BAD_BROTLI, CUT_ENCODING, CUT_ENCODING_HEAD,
/// CORRUPT_ENCODING.
bia::Result<void> decode_content(std::string_view encodings, std::string& body);
/// The parameter `compression`: "gzip", "gzip, br", applied in that order. `encodings` becomes the
/// Content-Encoding header. Errors: kInvalidArgument with k6's text for an unknown name.
bia::Result<void> encode_content(std::string_view compression, std::string& body,
                                 std::string& encodings);

}  // namespace zelus::modules
