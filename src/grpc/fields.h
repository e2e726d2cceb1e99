#pragma once
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "bia/grpc/server.h"
#include "http/http2/hpack.h"

namespace bia::grpc {

/// Fields whose names are in HTTP/2's static table (RFC 7541 appendix A).
inline http::Http2Field status_200() { return {":status", "200", 8, 8}; }
inline http::Http2Field method_post() { return {":method", "POST", 2, 3}; }
inline http::Http2Field scheme_http() { return {":scheme", "http", 6, 6}; }
inline http::Http2Field scheme_https() { return {":scheme", "https", 6, 7}; }
/// One that is the same in most blocks of its connection.
inline http::Http2Field kept_field(std::string_view name, std::string_view value,
                                   uint8_t static_name = 0) {
  return {name, value, static_name, 0, http::Http2Field::Table::kKeep};
}
inline http::Http2Field content_type_grpc() {
  return kept_field("content-type", "application/grpc", 31);
}
inline http::Http2Field content_type_grpc_json() {
  return kept_field("content-type", "application/grpc+json", 31);
}

/// The fields of one header block: a few on the stack, and the rest, metadata of users, on the
/// heap. Holds views: the strings must live until it is sent.
class FieldList {
 public:
  void add(const http::Http2Field& field) {
    if (count_ < few_.size()) {
      few_[count_++] = field;
      return;
    }
    if (more_.empty()) more_.assign(few_.begin(), few_.end());
    more_.push_back(field);
  }
  /// Binary values must be base64 already (see `add_metadata`).
  void add_all(const Metadata& metadata) {
    for (const auto& [key, value] : metadata) add(http::Http2Field{key, value});
  }
  std::span<const http::Http2Field> fields() const {
    return more_.empty() ? std::span(few_.data(), count_)
                         : std::span<const http::Http2Field>(more_);
  }

 private:
  std::array<http::Http2Field, 8> few_;
  std::vector<http::Http2Field> more_;
  size_t count_ = 0;
};

/// May be sent: neither reserved nor outside of the grammar. `key` is in lower case.
bool is_metadata(std::string_view key, std::string_view value);
/// Takes a user's metadata as it goes on the wire: the key in lower case, values of "-bin" keys in
/// base64. False for what may not be sent (reserved keys, keys and values outside of the grammar).
bool add_metadata(Metadata& into, std::string_view key, std::string_view value);

}  // namespace bia::grpc
