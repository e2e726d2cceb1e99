#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http2/hpack_tables.h"
#include "http/message/byte_buffer.h"

namespace bia::http {

/// SETTINGS_HEADER_TABLE_SIZE's default, which we leave, and the most that our encoder uses.
inline constexpr size_t kHpackTableBytes = 4096;

/// Decodes header blocks (RFC 7541). One for each connection.
class HpackDecoder {
 public:
  enum class Next { kField, kEnd, kError };
  /// Starts a block, which must stay where it is until kEnd.
  void begin(std::string_view block);
  /// The next field; its views live until the next call.
  Next next(HpackField& field);
  /// False where the last field's bytes break RFC 9113 section 8.2: an upper-case or empty name,
  /// NUL, CR or LF in a value.
  bool valid() const { return valid_; }
  /// What the table has allocated.
  size_t table_memory() const { return store_.capacity() + entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    uint32_t offset = 0, name_size = 0, value_size = 0;
    bool valid = true;
  };
  bool take_integer(int prefix_bits, uint64_t& value);
  bool take_integer_rest(uint64_t& value);
  bool take_string(std::string& scratch, std::string_view& text);
  bool look_up(uint64_t index, HpackField& field);
  bool take_literal(uint64_t name_index, HpackField& field);
  void insert(HpackField& field);
  void evict_to(size_t bytes);
  void make_room(size_t bytes);
  size_t count() const { return entries_.size() - oldest_; }
  const Entry& entry(size_t age) const { return entries_[entries_.size() - 1 - age]; }
  std::string_view bytes_at(uint32_t offset, uint32_t size) const {
    return {store_.data() + offset, size};
  }

  static constexpr size_t kEvictedMax = 64;
  std::string_view rest_;
  bool first_ = true;
  bool valid_ = true;
  // Entries in the order of their coming, those before `oldest_` evicted; their bytes likewise.
  // What is evicted is cut off when it outweighs the rest, in bytes or by kEvictedMax in number.
  // Both grow with use: an idle client's connection holds little.
  ByteBuffer store_;
  std::vector<Entry> entries_;
  size_t oldest_ = 0;
  size_t table_bytes_ = 0;  // As RFC 7541 section 4.1 counts.
  size_t table_max_ = kHpackTableBytes;
};

/// A field to be sent. Static strings and numbers from RFC 7541 appendix A make it cheap.
struct Http2Field {
  std::string_view name, value;
  uint8_t static_name = 0;   ///< Index of an entry with this name; 0: none.
  uint8_t static_field = 0;  ///< Index of the entry that is this field; 0: none.
  /// kKeep: the same in most header blocks, worth a place in the peer's table. kSecret: never in
  /// any table (RFC 7541 section 7.1.3).
  enum class Table : uint8_t { kKeep, kSkip, kSecret } table = Table::kSkip;
};

/// Encodes header blocks. Only fields marked kKeep enter the table, which never evicts: once full,
/// others go as literals. Strings are not Huffman coded: what repeats is one byte anyway.
class HpackEncoder {
 public:
  /// The peer's SETTINGS_HEADER_TABLE_SIZE.
  void set_table_max(size_t bytes);
  /// Before the first field of each block.
  void begin(ByteBuffer& out);
  void add(ByteBuffer& out, const Http2Field& field);

 private:
  static constexpr size_t kKeptMax = 16;
  struct Kept {
    std::string name, value;
  };
  std::vector<Kept> kept_;
  size_t table_bytes_ = 0;
  size_t table_max_ = kHpackTableBytes;
  bool announce_ = false;
};

}  // namespace bia::http
