#pragma once
// What the code that protoc-gen-bia writes is built of. Not for hand-written code.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/codec/well_known.h"

namespace bia::codec::generated {

/// A field's name in JSON, both spellings, and its place in the message.
struct FieldName {
  std::string_view name;
  int index;
};

/// `names` is sorted. -1 where there is none.
inline int find_field(std::span<const FieldName> names, std::string_view name) {
  if (names.size() <= 4) {
    for (const FieldName& field : names) {
      if (field.name == name) return field.index;
    }
    return -1;
  }
  auto found = std::lower_bound(
      names.begin(), names.end(), name,
      [](const FieldName& field, std::string_view text) { return field.name < text; });
  return found != names.end() && found->name == name ? found->index : -1;
}

/// Which fields (and, behind them, oneofs) have come.
template <size_t kCount>
class Seen {
 public:
  bool add(size_t index) {
    uint64_t bit = uint64_t{1} << index % 64;
    bool is_new = !(words_[index / 64] & bit);
    words_[index / 64] |= bit;
    return is_new;
  }

 private:
  uint64_t words_[kCount / 64 + 1] = {};
};

template <typename Enum>
bool read_enum(JsonReader& in, bool (*parse)(const std::string&, Enum*), bool (*known)(int),
               Enum& value) {
  std::string_view name;
  int32_t number = 0;
  if (!in.take_enum(name, number)) return false;
  if (!name.empty()) return parse(std::string(name), &value) || in.fail_value("enum");
  if (known && !known(number)) return in.fail_value("enum");
  value = static_cast<Enum>(number);
  return true;
}

/// The name, or the number of a value that has none.
inline void write_enum(JsonWriter& out, std::string_view name, int number) {
  if (name.empty()) {
    out.int32(number);
  } else {
    out.raw("\"");
    out.raw(name);
    out.raw("\"");
  }
}

/// A map's entries in the order that protojson writes them: by key.
template <typename Map>
std::vector<const typename Map::value_type*> sorted(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return entries;
}

inline void write_map_key(JsonWriter& out, const std::string& key) { out.key_text(key); }
inline void write_map_key(JsonWriter& out, bool key) { out.key(key ? "\"true\":" : "\"false\":"); }
template <typename Integer>
void write_map_key(JsonWriter& out, Integer key) {
  char text[24];
  out.key_text(
      {text, static_cast<size_t>(std::to_chars(text, text + sizeof text, key).ptr - text)});
}

inline bool read_map_key(JsonReader&, std::string_view text, std::string& key) {
  key.assign(text);
  return true;
}
inline bool read_map_key(JsonReader& in, std::string_view text, bool& key) {
  key = text == "true";
  return key || text == "false" || in.fail_value("bool");
}
template <typename Integer>
bool read_map_key(JsonReader& in, std::string_view text, Integer& key) {
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), key);
  return (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) ||
         in.fail_value("map key");
}

}  // namespace bia::codec::generated
