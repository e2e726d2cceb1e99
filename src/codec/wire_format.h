#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bia::codec {

/// https://protobuf.dev/programming-guides/encoding/: the four wire types in use, and the groups
/// that are only skipped.
enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kGroupEnd = 4,
  kFixed32 = 5
};

inline void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline void append_tag(std::string& out, uint32_t number, WireType type) {
  append_varint(out, uint64_t{number} << 3 | static_cast<uint64_t>(type));
}
inline void append_fixed32(std::string& out, uint32_t value) {
  char bytes[4];
  std::memcpy(bytes, &value, 4);
  out.append(bytes, 4);
}
inline void append_fixed64(std::string& out, uint64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  out.append(bytes, 8);
}

/// Whole fields.
inline void put_uint(std::string& out, uint32_t number, uint64_t value) {
  append_tag(out, number, WireType::kVarint);
  append_varint(out, value);
}
inline void put_fixed64(std::string& out, uint32_t number, uint64_t value) {
  append_tag(out, number, WireType::kFixed64);
  append_fixed64(out, value);
}
inline void put_bytes(std::string& out, uint32_t number, std::string_view bytes) {
  append_tag(out, number, WireType::kBytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}
static_assert(std::endian::native == std::endian::little,
              "fixed-width fields are copied as they lie in memory");

inline uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

/// Makes a length-delimited field of what is appended between its making and `close`: one byte is
/// kept for the length, and more are made room for where it turns out longer.
class LengthPrefix {
 public:
  explicit LengthPrefix(std::string& out) : out_(out), at_(out.size()) { out.push_back('\0'); }
  void close() {
    uint64_t size = out_.size() - at_ - 1;
    if (size < 0x80) {
      out_[at_] = static_cast<char>(size);
      return;
    }
    std::string length;
    append_varint(length, size);
    out_[at_] = length[0];
    out_.insert(at_ + 1, length, 1, std::string::npos);
  }

 private:
  std::string& out_;
  size_t at_;
};

/// Takes values off the front of wire bytes; each returns false where they are cut off or
/// malformed.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool done() const { return at_ == end_; }
  bool varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70 && at_ != end_; shift += 7) {
      auto byte = static_cast<uint8_t>(*at_++);
      if (shift < 64) value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool tag(uint32_t& number, WireType& type) {
    uint64_t value = 0;
    if (!varint(value) || value >> 3 == 0 || value >> 3 > 0x1FFFFFFF) return false;
    number = static_cast<uint32_t>(value >> 3);
    type = static_cast<WireType>(value & 7);
    return true;
  }
  bool fixed32(uint32_t& value) {
    if (end_ - at_ < 4) return false;
    std::memcpy(&value, at_, 4);
    at_ += 4;
    return true;
  }
  bool fixed64(uint64_t& value) {
    if (end_ - at_ < 8) return false;
    std::memcpy(&value, at_, 8);
    at_ += 8;
    return true;
  }
  bool bytes(std::string_view& value) {
    uint64_t size = 0;
    if (!varint(size) || size > static_cast<uint64_t>(end_ - at_)) return false;
    value = {at_, static_cast<size_t>(size)};
    at_ += size;
    return true;
  }
  /// A field of any type, a group with all that is in it.
  bool skip(uint32_t number, WireType type, int depth_max) {
    uint64_t wide = 0;
    uint32_t narrow = 0;
    std::string_view text;
    switch (type) {
      case WireType::kVarint:
        return varint(wide);
      case WireType::kFixed64:
        return fixed64(wide);
      case WireType::kFixed32:
        return fixed32(narrow);
      case WireType::kBytes:
        return bytes(text);
      case WireType::kGroup: {
        uint32_t inner = 0;
        while (depth_max > 0 && tag(inner, type)) {
          if (type == WireType::kGroupEnd) return inner == number;
          if (!skip(inner, type, depth_max - 1)) return false;
        }
        return false;
      }
      default:
        return false;
    }
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace bia::codec
