#pragma once
#include <nghttp2/nghttp2.h>

#include <array>
#include <string_view>

#include "bia/grpc/server.h"
#include "grpc/wire.h"

namespace bia::grpc {

/// A header whose name and value live until nghttp2 has sent it (string literals): not copied.
inline nghttp2_nv static_nv(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

/// A header with a static name whose value nghttp2 copies when it is submitted.
inline nghttp2_nv value_nv(std::string_view name, std::string_view value) {
  nghttp2_nv nv = static_nv(name, value);
  nv.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  return nv;
}

/// The headers of one frame: a few on the stack, and the rest, metadata of users, on the heap.
class NvList {
 public:
  void add(const nghttp2_nv& nv) {
    if (more_.empty() && count_ < few_.size()) {
      few_[count_++] = nv;
      return;
    }
    if (more_.empty()) more_.assign(few_.begin(), few_.begin() + static_cast<std::ptrdiff_t>(count_));
    more_.push_back(nv);
    ++count_;
  }
  /// Binary values must be base64 already (see `add_metadata`). The strings must live until the frame is submitted.
  void add(const Metadata& metadata) {
    for (const auto& [key, value] : metadata) {
      nghttp2_nv nv = static_nv(key, value);
      nv.flags = NGHTTP2_NV_FLAG_NONE;
      add(nv);
    }
  }
  const nghttp2_nv* data() const { return more_.empty() ? few_.data() : more_.data(); }
  size_t size() const { return count_; }

 private:
  std::array<nghttp2_nv, 12> few_;
  std::vector<nghttp2_nv> more_;
  size_t count_ = 0;
};

/// Takes a user's metadata as it goes on the wire: the key in lower case, values of "-bin" keys in base64. False for what may not be sent
/// (reserved keys, keys and values outside of the grammar).
bool add_metadata(Metadata& into, std::string_view key, std::string_view value);

}  // namespace bia::grpc
