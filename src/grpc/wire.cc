#include "grpc/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/base64.h"
#include "bia/base/assert.h"
#include "grpc/gzip.h"
#include "http/http2/http2_protocol.h"

namespace bia::grpc {

void write_prefix(char* into, size_t message_bytes) {
  into[0] = 0;
  for (int i = 0; i < 4; ++i) into[1 + i] = static_cast<char>(message_bytes >> (24 - 8 * i));
}

Prefix read_prefix(std::string_view bytes) {
  auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])); };
  return {at(0) == 1, at(0) <= 1, at(1) << 24 | at(2) << 16 | at(3) << 8 | at(4)};
}

MessageReader::State MessageReader::front(size_t message_bytes_max,
                                          std::string_view* message) const {
  if (size() < kPrefixBytes) return State::kIncomplete;
  std::string_view rest = std::string_view(bytes_).substr(used_);
  Prefix prefix = read_prefix(rest);
  if (!prefix.valid) return State::kBadFlag;
  if (prefix.compressed && !gzip_) return State::kCompressed;
  if (prefix.size > message_bytes_max) return State::kTooLarge;
  if (rest.size() - kPrefixBytes < prefix.size) return State::kIncomplete;
  const std::string_view bytes = rest.substr(kPrefixBytes, prefix.size);
  if (prefix.compressed) return unpack(bytes, message_bytes_max, message);
  *message = bytes;
  return State::kMessage;
}

MessageReader::State MessageReader::unpack(std::string_view packed, size_t message_bytes_max,
                                           std::string_view* message) const {
  if (!unpacked_made_) {
    const Gunzipped how = gunzip(packed, message_bytes_max, unpacked_);
    if (how == Gunzipped::kBad) return State::kBadGzip;
    if (how == Gunzipped::kTooLarge) return State::kUnpacksTooLarge;
    unpacked_made_ = true;
  }
  *message = unpacked_;
  return State::kMessage;
}

void MessageReader::pop() {
  BIA_ASSERT(size() >= kPrefixBytes);
  size_t bytes = kPrefixBytes + claimed();
  BIA_ASSERT(size() >= bytes);
  used_ += bytes;
  unpacked_made_ = false;
  if (used_ == bytes_.size()) return drop();
  // Moving the rest costs at most as much as receiving the used half did.
  if (used_ >= bytes_.size() / 2) {
    bytes_.erase(0, used_);
    used_ = 0;
  }
}

size_t MessageReader::missing() const {
  if (size() < kPrefixBytes) return kPrefixBytes - size();
  size_t whole = kPrefixBytes + claimed();
  return whole > size() ? whole - size() : 0;
}

uint32_t MessageReader::claimed() const {
  return size() < kPrefixBytes ? 0 : read_prefix(std::string_view(bytes_).substr(used_)).size;
}

int MessageReader::flag() const {
  BIA_ASSERT(size() > 0);
  return static_cast<unsigned char>(bytes_[used_]);
}

void MessageReader::clear() {
  gzip_ = false;
  unpacked_made_ = false;
  if (unpacked_.capacity() > 15) std::string().swap(unpacked_);
  drop();
}

void MessageReader::rest(size_t kept_max) {
  clear();
  if (bytes_.capacity() > kept_max) std::string().swap(bytes_);
}

void MessageReader::drop() {
  constexpr size_t kKeptBytes = 64 * 1024;
  if (bytes_.capacity() > kKeptBytes) {
    std::string().swap(bytes_);
  } else {
    bytes_.clear();
  }
  used_ = 0;
}

std::optional<Duration> parse_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t value = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  switch (text.back()) {
    case 'n':
      return Duration(value);
    case 'u':
      return std::chrono::microseconds(value);
    case 'm':
      return std::chrono::milliseconds(value);
    case 'S':
      return std::chrono::seconds(value);
    case 'M':
      return std::chrono::minutes(value);
    case 'H': {
      // 8 digits of hours overflow nanoseconds in an int64: as good as never.
      constexpr int64_t kHoursMax = std::numeric_limits<int64_t>::max() / 3'600'000'000'000 / 2;
      return std::chrono::hours(value < kHoursMax ? value : kHoursMax);
    }
    default:
      return std::nullopt;
  }
}

std::string_view format_timeout(Duration timeout, char (&into)[16]) {
  struct Unit {
    int64_t nanoseconds;
    char letter;
  };
  static constexpr Unit kUnits[] = {{1, 'n'},
                                    {1'000, 'u'},
                                    {1'000'000, 'm'},
                                    {1'000'000'000, 'S'},
                                    {60'000'000'000, 'M'},
                                    {3'600'000'000'000, 'H'}};
  int64_t ns = timeout.count();
  if (ns <= 0) return "0n";
  for (const Unit& unit : kUnits) {
    int64_t value = ns / unit.nanoseconds + (ns % unit.nanoseconds ? 1 : 0);
    if (value > 99'999'999 && unit.letter != 'H') continue;
    char* end = std::to_chars(into, into + sizeof into - 1, value).ptr;
    *end++ = unit.letter;
    return {into, static_cast<size_t>(end - into)};
  }
  return "0n";
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte <= '~' && byte != '%') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  return bia::base64_encode(bytes, Base64::kRawStandard);
}

std::string base64_fault(std::string_view text) {
  const size_t comma = text.find(',');
  size_t at = 0;
  while (at < text.size() && (base64_digit(text[at], Base64Digits::kStandard) >= 0 || at == comma))
    ++at;
  return fmt::format("illegal base64 data at input byte {}", at);
}

std::optional<std::string> base64_decode(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  if (!append_base64_decoded(out, text, Base64Digits::kStandard)) return std::nullopt;
  return out;
}

Code code_of_http_answer(int http_status) {
  switch (http_status) {
    case 400:
      return Code::kInternal;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kUnknown;
  }
}

Code code_of_rst(uint32_t http2_error) {
  switch (http2_error) {
    case 0x3:
      return Code::kResourceExhausted;  // FLOW_CONTROL_ERROR: as grpc-go, INTERNAL in gRPC's text.
    case 0x7:
      return Code::kUnavailable;  // REFUSED_STREAM: it was not processed.
    case 0x8:
      return Code::kCancelled;  // CANCEL
    case 0xb:
      return Code::kResourceExhausted;  // ENHANCE_YOUR_CALM
    case 0xc:
      return Code::kPermissionDenied;  // INADEQUATE_SECURITY
    default:
      return http2_error < http::kHttp2ErrorKinds ? Code::kInternal : Code::kUnknown;
  }
}

size_t joined_bytes(std::string_view name, std::string_view value) {
  constexpr size_t kEntryBytes = 64;  // Two strings, without what they hold.
  const auto more = static_cast<size_t>(std::count(value.begin(), value.end(), ','));
  return more * (name.size() + kEntryBytes);
}

bool is_reserved_header(std::string_view key) {
  return key.starts_with(':') || key.starts_with("grpc-") || key == "te" || key == "content-type" ||
         key == "connection" || key == "transfer-encoding" || key == "keep-alive" ||
         key == "upgrade" || key == "proxy-connection" || key == "host";
}

bool is_valid_metadata_key(std::string_view key) {
  if (key.empty()) return false;
  for (char c : key) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
      return false;
  }
  return true;
}

bool is_binary_key(std::string_view key) { return key.ends_with("-bin"); }

}  // namespace bia::grpc
