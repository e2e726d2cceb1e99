#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/http/server.h"

namespace bia::http {

/// Content codings (RFC 9110 section 8.4.1; br: RFC 7932, zstd: RFC 8878).
enum class Coding : uint8_t { kIdentity, kGzip, kDeflate, kBrotli, kZstd };
/// "gzip". Errors: kInvalidArgument for another name than gzip, deflate, br, zstd.
Result<Coding> parse_coding(std::string_view name);
std::string_view coding_name(Coding coding);

/// What an Accept-Encoding asks for (RFC 9110 section 12.5.3): of `offered` the one with the
/// highest weight, of equals the first; kIdentity where it weighs more than all of them, or where
/// none is acceptable.
Coding negotiate_coding(std::string_view accept_encoding, const std::vector<Coding>& offered);

struct CompressionOptions {
  /// In the server's order of preference.
  std::vector<Coding> codings = {Coding::kZstd, Coding::kBrotli, Coding::kGzip, Coding::kDeflate};
  /// Shorter bodies go as they are: below a packet there is nothing to win.
  size_t bytes_min = 1024;
  /// Longer ones too: coding takes the thread's time from all its other requests.
  size_t bytes_max = 1024 * 1024;
};

/// `inner`, whose answers are compressed as their callers accept: those with a body in
/// `ServerResponse::body()`, of a text's media type, and without a Content-Encoding or
/// "no-transform" of their own. A strong ETag becomes a weak one. Streamed answers (`write`) go as
/// they are.
Handler compressed(Handler inner, CompressionOptions options);

/// `inner`, for which bodies are unpacked that come with a Content-Encoding (gzip, deflate, br,
/// zstd, two of them at most) when it asks for them: it sees neither that field nor Content-Length.
/// Errors of `ServerRequest::body` then: 415 UNSUPPORTED_ENCODING (with Accept-Encoding in the
/// answer), kInvalidArgument BAD_ENCODING, 413 BODY_TOO_LARGE by the same limits as a body without.
Handler unpacked(Handler inner, const Limits& limits);

/// `inner`, whose 200 answers to GET and HEAD get a weak ETag made of their body where they have
/// none, and become 304 where If-None-Match names it, 412 where If-Match does not (RFC 9110 section
/// 13.1; a weak one is named by "*" alone).
Handler with_etags(Handler inner);

/// For a handler that knows its answer's ETag ("\"v7\"", with its quotes) before it makes it: adds
/// the header, and evaluates If-Match and If-None-Match. kAnswered: the answer is 304 or 412, and
/// the handler has nothing left to do.
enum class Precondition : uint8_t { kGoOn, kAnswered };
Precondition check_etag(ServerRequest& request, ServerResponse& response, std::string_view etag);

}  // namespace bia::http
