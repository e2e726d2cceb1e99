#include "http/http1/chunked.h"

#include <algorithm>
#include <cstring>

#include "http/message/chars.h"

namespace bia::http {

Parsed ChunkedDecoder::refuse(int status, const char* reason, const char* message) {
  problem_ = {status, reason, message};
  return Parsed::kBad;
}

Parsed ChunkedDecoder::decode(char* bytes, size_t size, Step& step) {
  step = {};
  const char* at = bytes;
  const char* const end = bytes + size;
  char* out = bytes;
  Parsed result = Parsed::kNeedMore;
  while (at < end && result == Parsed::kNeedMore) {
    if (state_ == State::kData) {
      const auto take =
          static_cast<size_t>(std::min<uint64_t>(chunk_, static_cast<uint64_t>(end - at)));
      if (out != at) std::memmove(out, at, take);
      out += take;
      at += take;
      chunk_ -= take;
      if (chunk_ == 0) state_ = State::kDataCr;
      continue;
    }
    result = line_byte(*at);
    if (result != Parsed::kBad) ++at;
  }
  step.consumed = static_cast<size_t>(at - bytes);
  step.produced = static_cast<size_t>(out - bytes);
  return result;
}

Parsed ChunkedDecoder::line_byte(char c) {
  switch (state_) {
    case State::kSize:
      return size_byte(c);
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
        return Parsed::kNeedMore;
      }
      if ((static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f) {
        return refuse(400, "BAD_CHUNK", "a control character in a chunk's extension");
      }
      if (++line_ > kLineBytesMax || ++overhead_ > kExtensionBytesMax) {
        return refuse(400, "BAD_CHUNK", "the chunk extensions are too long");
      }
      return Parsed::kNeedMore;
    case State::kSizeLf:
      if (c != '\n') return refuse(400, "BAD_CHUNK", "a chunk's size line ends without line feed");
      state_ = chunk_ == 0 ? State::kTrailerStart : State::kData;
      total_ += chunk_;
      digits_ = 0;
      line_ = 0;
      if (chunk_ == 0) overhead_ = 0;
      return Parsed::kNeedMore;
    case State::kDataCr:
      if (c != '\r') return refuse(400, "BAD_CHUNK", "a chunk is longer than its size says");
      state_ = State::kDataLf;
      return Parsed::kNeedMore;
    case State::kDataLf:
      if (c != '\n') return refuse(400, "BAD_CHUNK", "a chunk ends without line feed");
      state_ = State::kSize;
      return Parsed::kNeedMore;
    default:
      return trailer_byte(c);
  }
}

Parsed ChunkedDecoder::size_byte(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    // A size that wrapped would let the rest of the body pass as the next request (smuggling);
    // leading zeros could go on for ever.
    if (++digits_ > 16 || chunk_ > (UINT64_MAX >> 5))
      return refuse(400, "BAD_CHUNK", "a chunk's size has too many digits");
    chunk_ = chunk_ << 4 | static_cast<uint64_t>(digit);
    if (chunk_ > body_bytes_max_ - total_) {
      return refuse(413, "BODY_TOO_LARGE",
                    "the body is longer than the limit; server.http.body_bytes_max raises it");
    }
    return Parsed::kNeedMore;
  }
  if (digits_ == 0) return refuse(400, "BAD_CHUNK", "a chunk begins without a hexadecimal size");
  if (c == ';') {
    state_ = State::kExtension;
    return Parsed::kNeedMore;
  }
  if (c == '\r') {
    state_ = State::kSizeLf;
    return Parsed::kNeedMore;
  }
  return refuse(400, "BAD_CHUNK", "a chunk's size is not hexadecimal");
}

Parsed ChunkedDecoder::keep_trailer_byte(char c) {
  if (++overhead_ > kTrailerBytesMax)
    return refuse(431, "TRAILERS_TOO_LARGE", "the trailers are too long");
  trailers_ += c;
  return Parsed::kNeedMore;
}

Parsed ChunkedDecoder::trailer_byte(char c) {
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kEndLf;
        return Parsed::kNeedMore;
      }
      if (!char_is(c, kTokenChar)) return refuse(400, "BAD_TRAILER", "a trailer has no field name");
      state_ = State::kTrailerName;
      return keep_trailer_byte(c);
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailer;
      } else if (!char_is(c, kTokenChar)) {
        return refuse(400, "BAD_TRAILER", "a trailer has no valid field name and colon");
      }
      return keep_trailer_byte(c);
    case State::kTrailer:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return Parsed::kNeedMore;
      }
      if ((static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f) {
        return refuse(400, "BAD_TRAILER", "a control character in a trailer");
      }
      return keep_trailer_byte(c);
    case State::kTrailerLf:
      if (c != '\n') return refuse(400, "BAD_TRAILER", "a trailer ends without line feed");
      state_ = State::kTrailerStart;
      return keep_trailer_byte('\n');
    case State::kEndLf:
      if (c != '\n') return refuse(400, "BAD_TRAILER", "the body ends without line feed");
      state_ = State::kDone;
      return Parsed::kComplete;
    default:
      return Parsed::kComplete;
  }
}

size_t format_chunk_head(uint64_t size, char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t digits = 1;
  while (digits < 16 && size >> (4 * digits) != 0) ++digits;
  for (size_t i = 0; i < digits; ++i) out[i] = kDigits[(size >> (4 * (digits - 1 - i))) & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace bia::http
