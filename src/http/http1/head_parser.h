#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "bia/http/message.h"

namespace bia::http {

/// Why a message is refused: the status that a server answers, a stable reason, a sentence.
struct Problem {
  int status = 0;
  const char* reason = "";
  const char* message = "";
};

enum class Parsed : uint8_t { kComplete, kNeedMore, kBad, kHttp2 };

/// Places in the buffer that was parsed, counted from the head's first byte: the buffer may move.
struct FieldRef {
  uint32_t name = 0;
  uint32_t name_size = 0;
  uint32_t value = 0;
  uint32_t value_size = 0;
};

/// The field section of a request or response head (RFC 9112 section 5), and what it says about the
/// message's framing. Line by line, so that a head that comes in pieces is read about once.
class HeadParser {
 public:
  static constexpr uint64_t kNoLength = std::numeric_limits<uint64_t>::max();

  const std::vector<FieldRef>& fields() const { return fields_; }
  std::string_view name(const FieldRef& field) const {
    return {base_ + field.name, field.name_size};
  }
  std::string_view value(const FieldRef& field) const {
    return {base_ + field.value, field.value_size};
  }
  /// The first of that name; empty where there is none.
  std::string_view find(std::string_view name) const;
  /// The bytes from `offset`, as of the last `parse` or `rebase`.
  std::string_view slice(uint32_t offset, uint32_t size) const { return {base_ + offset, size}; }
  /// The head now lies here.
  void rebase(const char* base) { base_ = base; }

  const Problem& problem() const { return problem_; }
  /// The line that was refused, for an error's text; without its end, at most 80 bytes.
  std::string_view bad_line() const;
  /// Bytes of the complete head, with the empty line.
  size_t head_bytes() const { return position_; }
  int version_minor() const { return version_minor_; }
  bool chunked() const { return chunked_; }
  uint64_t content_length() const { return content_length_; }
  /// RFC 9112 section 9.3, from the version and Connection.
  bool keep_alive() const {
    return version_minor_ >= 1 ? !connection_close_ : connection_keep_alive_ && !connection_close_;
  }
  /// A response's field goes on in a further line: its value has the line's end in it.
  bool folded() const { return folded_; }
  bool upgrade() const { return connection_upgrade_ && has_upgrade_; }

 protected:
  enum class Side : uint8_t { kRequest, kResponse };
  HeadParser(const Limits& limits, Side side) : limits_(limits), side_(side) {}
  void reset_head();
  /// From `position_`, the beginning of a line, to the empty line.
  Parsed parse_fields(const char* base, size_t size);
  Parsed refuse(int status, const char* reason, const char* message);
  Parsed need_more(size_t size);
  /// After the last field: do the length fields agree?
  Parsed check_framing();

  Limits limits_;
  const char* base_ = nullptr;
  uint32_t position_ = 0;  ///< the line that is being parsed
  uint32_t fields_start_ = 0;
  uint32_t available_ = 0;
  int version_minor_ = 1;
  uint8_t host_count_ = 0;
  uint32_t authority_ = 0;  ///< of a request's target that is a URL
  uint32_t authority_size_ = 0;
  bool expect_continue_ = false;
  bool has_transfer_encoding_ = false;

 private:
  Parsed known_field(const FieldRef& field);
  Parsed fold(const char* at, const char* end);
  void take_authority();
  Parsed content_length_field(std::string_view value);
  Parsed transfer_encoding_field(std::string_view value);
  void connection_field(std::string_view value);

  Side side_;
  bool chunked_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool connection_upgrade_ = false;
  bool has_upgrade_ = false;
  bool folded_ = false;
  uint64_t content_length_ = kNoLength;
  Problem problem_;
  std::vector<FieldRef> fields_;
};

/// RFC 9112 section 3, strict: what two parsers could read differently is refused.
class RequestParser : public HeadParser {
 public:
  explicit RequestParser(const Limits& limits) : HeadParser(limits, Side::kRequest) {}
  /// `bytes` begins with the request; call again with more where it is not complete. kHttp2: it
  /// begins with HTTP/2's preface.
  Parsed parse(std::string_view bytes);
  /// Before the next request.
  void reset();

  Method method() const { return method_; }
  std::string_view method_text() const { return slice(start_, method_size_); }
  std::string_view target() const { return slice(target_, target_size_); }
  std::string_view path() const { return slice(path_, path_size_); }
  std::string_view query() const { return slice(query_, query_size_); }
  bool expect_continue() const { return expect_continue_; }

 private:
  Parsed parse_request_line(const char* base, size_t size);
  Parsed parse_version(const char* at, const char* end);
  Parsed split_target();

  bool line_done_ = false;
  Method method_ = Method::kOther;
  uint32_t start_ = 0;
  bool first_ = true;  // No request was parsed yet.
  uint32_t method_size_ = 0;
  uint32_t target_ = 0;
  uint32_t target_size_ = 0;
  uint32_t path_ = 0;
  uint32_t path_size_ = 0;
  uint32_t query_ = 0;
  uint32_t query_size_ = 0;
};

/// RFC 9112 section 4.
class ResponseParser : public HeadParser {
 public:
  explicit ResponseParser(const Limits& limits) : HeadParser(limits, Side::kResponse) {}
  Parsed parse(std::string_view bytes);
  void reset();

  int status() const { return status_; }
  std::string_view reason() const { return slice(reason_, reason_size_); }

 private:
  Parsed parse_status_line(const char* base, size_t size);

  bool line_done_ = false;
  int status_ = 0;
  uint32_t reason_ = 0;
  uint32_t reason_size_ = 0;
};

}  // namespace bia::http
