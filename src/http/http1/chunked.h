#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "http/http1/head_parser.h"

namespace bia::http {

/// The chunked coding (RFC 9112 section 7.1), bytes as they come. Chunk extensions are skipped
/// and trailers kept, within limits.
class ChunkedDecoder {
 public:
  static constexpr size_t kLineBytesMax = 4096;
  static constexpr size_t kTrailerBytesMax = 64 * 1024;
  /// Of all extensions of a body together, as bytes that carry nothing are a cheap way to keep a
  /// server busy.
  static constexpr size_t kExtensionBytesMax = 16 * 1024;

  struct Step {
    size_t consumed = 0;  ///< fewer than given only at the end
    size_t produced = 0;  ///< payload, moved to the front of the bytes given
  };

  explicit ChunkedDecoder(uint64_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}
  /// Decodes in place. kNeedMore until the last chunk and its trailers were seen.
  Parsed decode(char* bytes, size_t size, Step& step);
  const Problem& problem() const { return problem_; }
  uint64_t body_bytes() const { return total_; }
  /// Lines "name: value\n".
  std::string& trailers() { return trailers_; }

 private:
  enum class State : uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone
  };
  Parsed refuse(int status, const char* reason, const char* message);
  Parsed line_byte(char c);
  Parsed size_byte(char c);
  Parsed trailer_byte(char c);
  Parsed keep_trailer_byte(char c);

  uint64_t body_bytes_max_;
  uint64_t total_ = 0;
  uint64_t chunk_ = 0;  ///< bytes of the chunk that are still to come
  size_t line_ = 0;
  size_t overhead_ = 0;
  uint8_t digits_ = 0;
  State state_ = State::kSize;
  Problem problem_;
  std::string trailers_;
};

/// "1a\r\n" into `out`, which has room for kChunkHeadBytesMax; returns the bytes written.
inline constexpr size_t kChunkHeadBytesMax = 18;
size_t format_chunk_head(uint64_t size, char* out);

}  // namespace bia::http
