#include "http/http2/hpack.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/message/chars.h"

namespace bia::http {
namespace {

constexpr size_t kEntryOverhead = 32;  // RFC 7541 section 4.1.

// One pair a thread: a decoded field is used before any other block is decoded.
thread_local std::string name_scratch, value_scratch;

constexpr auto kNameBytes = [] {
  std::array<bool, 256> allowed{};
  // RFC 9113 section 8.2.1: no controls, space, upper case, or bytes from 0x7f; a colon only in
  // front.
  for (size_t c = 0x21; c < 0x7f; ++c) allowed[c] = !(c >= 'A' && c <= 'Z') && c != ':';
  return allowed;
}();

bool valid_name(std::string_view name) {
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.empty()) return false;
  for (char c : name) {
    if (!kNameBytes[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool valid_value(std::string_view value) {
  const char* const end = value.data() + value.size();
  // All control characters are looked for, sixteen bytes at a time; these three are refused.
  for (const char* at = find_stop<0x1f>(value.data(), end); at < end;
       at = find_stop<0x1f>(at + 1, end)) {
    if (*at == '\0' || *at == '\r' || *at == '\n') return false;
  }
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return value.empty() || (!blank(value.front()) && !blank(value.back()));
}

void put_integer(ByteBuffer& out, uint8_t first, int prefix_bits, size_t value) {
  size_t most = (size_t{1} << prefix_bits) - 1;
  if (value < most) {
    out.push_back(static_cast<char>(first | value));
    return;
  }
  out.push_back(static_cast<char>(first | most));
  for (value -= most; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_string(ByteBuffer& out, std::string_view text) {
  put_integer(out, 0, 7, text.size());
  out.append(text);
}

}  // namespace

void HpackDecoder::begin(std::string_view block) {
  rest_ = block;
  first_ = true;
}

// Nearly all integers are one byte.
inline bool HpackDecoder::take_integer(int prefix_bits, uint64_t& value) {
  if (rest_.empty()) return false;
  uint64_t most = (uint64_t{1} << prefix_bits) - 1;
  value = static_cast<unsigned char>(rest_[0]) & most;
  rest_.remove_prefix(1);
  return value < most || take_integer_rest(value);
}

bool HpackDecoder::take_integer_rest(uint64_t& value) {
  for (int shift = 0; shift <= 21; shift += 7) {  // Beyond 2^28 nothing here is legal.
    if (rest_.empty()) return false;
    auto byte = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    value += static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool HpackDecoder::take_string(std::string& scratch, std::string_view& text) {
  if (rest_.empty()) return false;
  bool huffman = (rest_[0] & 0x80) != 0;
  uint64_t size = 0;
  if (!take_integer(7, size) || size > rest_.size()) return false;
  text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  if (!huffman) return true;
  scratch.clear();
  if (!decode_huffman(text, scratch)) return false;
  text = scratch;
  return true;
}

inline bool HpackDecoder::look_up(uint64_t index, HpackField& field) {
  if (index == 0) return false;
  if (index <= kHpackStatic.size()) {
    field = kHpackStatic[index - 1];
    valid_ = true;
    return true;
  }
  index -= kHpackStatic.size() + 1;
  if (index >= count()) return false;
  const Entry& found = entry(index);
  field = {bytes_at(found.offset, found.name_size),
           bytes_at(found.offset + found.name_size, found.value_size)};
  valid_ = found.valid;
  return true;
}

bool HpackDecoder::take_literal(uint64_t name_index, HpackField& field) {
  if (name_index == 0) {
    if (!take_string(name_scratch, field.name)) return false;
    valid_ = valid_name(field.name);
  } else if (!look_up(name_index, field)) {
    return false;
  }
  if (!take_string(value_scratch, field.value)) return false;
  valid_ = valid_ && valid_value(field.value);
  return true;
}

HpackDecoder::Next HpackDecoder::next(HpackField& field) {
  while (!rest_.empty()) {
    auto byte = static_cast<unsigned char>(rest_[0]);
    uint64_t value = 0;
    if (byte & 0x80) {
      first_ = false;
      return take_integer(7, value) && look_up(value, field) ? Next::kField : Next::kError;
    }
    if (byte & 0x40) {
      first_ = false;
      if (!take_integer(6, value) || !take_literal(value, field)) return Next::kError;
      insert(field);
      return Next::kField;
    }
    if (byte & 0x20) {
      // A size update stands only at a block's beginning (RFC 7541 section 4.2).
      if (!first_ || !take_integer(5, value) || value > kHpackTableBytes) return Next::kError;
      table_max_ = value;
      evict_to(table_max_);
      continue;
    }
    first_ = false;
    return take_integer(4, value) && take_literal(value, field) ? Next::kField : Next::kError;
  }
  return Next::kEnd;
}

void HpackDecoder::evict_to(size_t bytes) {
  while (table_bytes_ > bytes) {
    const Entry& oldest = entries_[oldest_++];
    table_bytes_ -= oldest.name_size + oldest.value_size + kEntryOverhead;
  }
}

void HpackDecoder::make_room(size_t bytes) {
  size_t live = count() ? entries_[oldest_].offset : store_.size();
  bool full = store_.size() + bytes > store_.capacity();
  // Entries without bytes never fill the store: they are counted.
  bool many = oldest_ > kEvictedMax + count();
  if (!many && (!full || live < store_.size() - live))
    return;  // The store may grow; it stays below three tables.
  // Not memmove, which may not be given the null of a store that never held anything.
  if (live < store_.size()) std::memmove(store_.data(), store_.data() + live, store_.size() - live);
  store_.resize(store_.size() - live);
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(oldest_));
  oldest_ = 0;
  for (Entry& entry : entries_) entry.offset -= static_cast<uint32_t>(live);
}

void HpackDecoder::insert(HpackField& field) {
  size_t size = field.name.size() + field.value.size();
  if (size + kEntryOverhead > table_max_) {
    // Larger than the table: it empties it (RFC 7541 section 4.4). The views stay good, nothing is
    // overwritten.
    return evict_to(0);
  }
  // The name may be a view of the table; it must not be moved from under itself.
  if (field.name.data() >= store_.data() && field.name.data() < store_.data() + store_.size()) {
    name_scratch.assign(field.name);
    field.name = name_scratch;
  }
  evict_to(table_max_ - size - kEntryOverhead);
  make_room(size);
  entries_.push_back({static_cast<uint32_t>(store_.size()),
                      static_cast<uint32_t>(field.name.size()),
                      static_cast<uint32_t>(field.value.size()), valid_});
  store_.append(field.name);
  store_.append(field.value);
  table_bytes_ += size + kEntryOverhead;
}

void HpackEncoder::set_table_max(size_t bytes) {
  bytes = std::min(bytes, kHpackTableBytes);
  if (bytes == table_max_) return;
  table_max_ = bytes;
  // Simplest, and rare: begin anew.
  kept_.clear();
  table_bytes_ = 0;
  announce_ = true;
}

void HpackEncoder::begin(ByteBuffer& out) {
  if (!announce_) return;
  announce_ = false;
  put_integer(out, 0x20, 5, 0);  // Empties the peer's table, as ours was emptied.
  put_integer(out, 0x20, 5, table_max_);
}

void HpackEncoder::add(ByteBuffer& out, const Http2Field& field) {
  if (field.static_field) {
    out.push_back(static_cast<char>(0x80 | field.static_field));
    return;
  }
  if (field.table == Http2Field::Table::kKeep) {
    for (size_t i = 0; i < kept_.size(); ++i) {
      const Kept& kept = kept_[i];
      if (kept.value != field.value || kept.name != field.name) continue;
      return put_integer(out, 0x80, 7, kHpackStatic.size() + kept_.size() - i);
    }
    size_t size = field.name.size() + field.value.size() + kEntryOverhead;
    if (kept_.size() < kKeptMax && table_bytes_ + size <= table_max_) {
      kept_.push_back({std::string(field.name), std::string(field.value)});
      table_bytes_ += size;
      put_integer(out, 0x40, 6, field.static_name);
      if (!field.static_name) put_string(out, field.name);
      return put_string(out, field.value);
    }
  }
  put_integer(out, field.table == Http2Field::Table::kSecret ? 0x10 : 0x00, 4, field.static_name);
  if (!field.static_name) put_string(out, field.name);
  put_string(out, field.value);
}

}  // namespace bia::http
