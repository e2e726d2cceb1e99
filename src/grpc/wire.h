#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bia/base/error.h"
#include "bia/base/time.h"

/// The parts of gRPC's wire format (grpc/doc/PROTOCOL-HTTP2.md) that are neither HTTP/2 nor calls.
namespace bia::grpc {

/// Compressed flag and length before each message.
inline constexpr size_t kPrefixBytes = 5;
void write_prefix(char* into, size_t message_bytes);
struct Prefix {
  bool compressed = false;
  bool valid = false;  ///< The flag is 0 or 1.
  uint32_t size = 0;
};
Prefix read_prefix(std::string_view bytes);

/// Takes whole messages out of a stream of bytes. What it holds is bounded by the largest message
/// plus what arrived with it.
class MessageReader {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }
  /// The stream's encoding is gzip: messages may be compressed, and are unpacked by `front`.
  void allow_gzip() { gzip_ = true; }
  enum class State {
    kIncomplete,
    kMessage,
    kTooLarge,
    kCompressed,
    kBadFlag,
    kBadGzip,
    kUnpacksTooLarge
  };
  /// Looks at the message at the front. With kMessage, `message` is a view of it until `pop`.
  State front(size_t message_bytes_max, std::string_view* message) const;
  /// Removes the message at the front; asserts that it is there.
  void pop();
  /// After kMessage: bytes of another one are there.
  bool holds_more() const { return size() > kPrefixBytes + claimed(); }
  /// Bytes held, and the bytes that the message at the front still lacks (5 - n while its prefix is
  /// incomplete).
  size_t size() const { return bytes_.size() - used_; }
  size_t missing() const;
  /// The compressed flag of the message at the front; asserts that it is there.
  int flag() const;
  /// The size that the message at the front claims; 0 while its prefix is incomplete.
  uint32_t claimed() const;
  /// Forgets `allow_gzip` as well.
  void clear();
  /// As `clear`, and gives back what is above `kept_max`.
  void rest(size_t kept_max);

 private:
  void drop();
  State unpack(std::string_view packed, size_t message_bytes_max, std::string_view* message) const;

  std::string bytes_;
  size_t used_ = 0;
  bool gzip_ = false;
  mutable bool unpacked_made_ = false;
  mutable std::string unpacked_;  // The front's content.
};

/// "100m" and the like; nullopt for what the grammar does not allow. At most 8 digits; what
/// overflows counts as never.
std::optional<Duration> parse_timeout(std::string_view text);
/// As grpc-go: the finest unit in which the value has at most 8 digits, rounded up; "0n" for what
/// is not positive.
std::string_view format_timeout(Duration timeout, char (&into)[16]);

/// `grpc-message`: bytes outside of ' '..'~', and '%', as %XX.
std::string percent_encode(std::string_view text);
/// Invalid escapes stay as they are, as the specification asks.
std::string percent_decode(std::string_view text);

/// Values of "-bin" metadata, in the standard digits: no padding written, and any number of '='
/// read. Nullopt for what is not base64.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
/// What is wrong with it, in Go's words.
std::string base64_fault(std::string_view text);
/// What a "-bin" field of several values comes to beyond its own bytes: each is an entry with a
/// name of its own, and commas alone would make many of few bytes.
size_t joined_bytes(std::string_view name, std::string_view value);
/// Calls `each` with every value of a "-bin" field, which may have several with commas between
/// them. False, after those before it, for one that is no base64.
template <typename Each>
bool each_binary(std::string_view text, Each each) {
  for (;;) {
    const size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    auto bytes = base64_decode(one);
    if (!bytes) return false;
    each(*std::move(bytes));
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

/// A serialized google.rpc.Status with one google.rpc.ErrorInfo (reason, metadata; the domain stays
/// empty, as Kratos leaves it), and behind it, of a request that breaks its rules (VALIDATOR), a
/// google.rpc.BadRequest with each field. Empty for an error without reason.
std::string encode_status_details(const Error& error);
/// The Error that a status becomes: reason and metadata from the ErrorInfo in `details`, if there
/// is one.
Error error_from_status(Code code, std::string_view message, std::string_view details);

/// grpc/doc/http-grpc-status-mapping.md: for answers that carry no grpc-status.
Code code_of_http_answer(int http_status);
/// The code of a call that ended by RST_STREAM (PROTOCOL-HTTP2.md, "Errors").
Code code_of_rst(uint32_t http2_error);
/// "grpc-", pseudo-headers and the like: what users may not send as metadata, and do not see.
bool is_reserved_header(std::string_view key);
/// Lower-case letters, digits, '-', '_', '.'.
bool is_valid_metadata_key(std::string_view key);
bool is_binary_key(std::string_view key);

}  // namespace bia::grpc
