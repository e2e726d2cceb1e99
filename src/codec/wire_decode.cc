// Wire bytes to JSON-like values, as protobuf-go's protojson.Marshal writes them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/time_text.h"
#include "codec/wire_table_impl.h"

namespace bia::codec {
namespace {
using Field = google::protobuf::FieldDescriptor;
using Descriptor = google::protobuf::Descriptor;

constexpr int32_t kNone = -1;

/// One occurrence of a field on the wire, in a list with the others of its field.
struct Entry {
  uint64_t bits = 0;
  std::string_view bytes;
  int32_t next = kNone;
  bool is_packed = false;
};

class Decoder {
 public:
  Decoder(JsonSink& sink, const WireToJsonOptions& options) : sink_(sink), options_(options) {}

  Result<void> run(const MessageTable& table, std::string_view wire) {
    if (!message(table, wire, 0))
      return Error(Code::kInvalidArgument, "CODEC", fmt::format("{}: {}", table.full_name, wrong_));
    return {};
  }

 private:
  /// The fields of one message, found on the wire; its part of the two stacks.
  struct Frame {
    size_t heads = 0;
    size_t entries = 0;
  };

  bool fail(std::string text) {
    if (wrong_.empty()) wrong_ = std::move(text);
    return false;
  }
  bool malformed(const MessageTable& table) {
    return fail(fmt::format("the bytes are not a {}", table.full_name));
  }

  bool collect(const MessageTable& table, std::string_view wire, Frame& frame);
  void drop(const Frame& frame) {
    heads_.resize(frame.heads);
    entries_.resize(frame.entries);
  }
  int32_t head(const Frame& frame, int field) const {
    return heads_[frame.heads + 2 * static_cast<size_t>(field)];
  }
  int32_t last(const Frame& frame, int field) const {
    return heads_[frame.heads + 2 * static_cast<size_t>(field) + 1];
  }
  const Entry& entry(int32_t index) const { return entries_[static_cast<size_t>(index)]; }

  bool message(const MessageTable& table, std::string_view wire, int depth);
  bool plain(const MessageTable& table, const Frame& frame, int depth);
  bool field(const FieldTable& field, const Frame& frame, int depth);
  bool list(const FieldTable& field, int32_t first, int depth);
  bool packed(const FieldTable& field, std::string_view bytes);
  bool map(const FieldTable& field, int32_t first, int depth);
  bool singular(const FieldTable& field, int32_t first, int32_t last, int depth);
  bool scalar(const FieldTable& field, uint64_t bits, std::string_view bytes);
  bool zero(const FieldTable& field) { return scalar(field, 0, {}); }
  void quoted_integer(bool is_signed, uint64_t bits);
  void real(double value, JsonSink::Precision precision);

  bool seconds_message(const MessageTable& table, const Frame& frame);
  bool field_mask(const Frame& frame);
  bool json_value(const MessageTable& table, const Frame& frame, int depth);
  uint64_t bits_or_zero(const Frame& frame, int field) const {
    return last(frame, field) == kNone ? 0 : entry(last(frame, field)).bits;
  }

  JsonSink& sink_;
  const WireToJsonOptions& options_;
  std::vector<int32_t> heads_;
  std::vector<Entry> entries_;
  std::string wrong_;
};

bool Decoder::collect(const MessageTable& table, std::string_view wire, Frame& frame) {
  frame = Frame{heads_.size(), entries_.size()};
  heads_.resize(frame.heads + 2 * table.fields.size(), kNone);
  WireReader in(wire);
  while (!in.done()) {
    uint32_t number = 0;
    WireType type{};
    if (!in.tag(number, type)) return malformed(table);
    const FieldTable* found = table.find(number);
    bool packed = found && found->is_repeated && type == WireType::kBytes &&
                  found->wire_type != WireType::kBytes;
    if (found == nullptr || (type != found->wire_type && !packed)) {
      if (!in.skip(number, type, kWireDepthMax)) return malformed(table);
      continue;
    }
    Entry entry;
    entry.is_packed = packed;
    uint32_t narrow = 0;
    bool ok = true;
    switch (type) {
      case WireType::kVarint:
        ok = in.varint(entry.bits);
        break;
      case WireType::kFixed64:
        ok = in.fixed64(entry.bits);
        break;
      case WireType::kFixed32:
        ok = in.fixed32(narrow);
        entry.bits = narrow;
        break;
      default:
        ok = in.bytes(entry.bytes);
    }
    if (!ok) return malformed(table);
    if (found->real_oneof >= 0) {
      // The last member on the wire is the one that is set.
      for (const FieldTable& other : table.fields) {
        if (other.real_oneof != found->real_oneof || other.index == found->index) continue;
        size_t slot = frame.heads + 2 * static_cast<size_t>(other.index);
        heads_[slot] = heads_[slot + 1] = kNone;
      }
    }
    auto index = static_cast<int32_t>(entries_.size());
    size_t slot = frame.heads + 2 * static_cast<size_t>(found->index);
    entries_.push_back(entry);
    if (heads_[slot] == kNone) {
      heads_[slot] = index;
    } else {
      entries_[static_cast<size_t>(heads_[slot + 1])].next = index;
    }
    heads_[slot + 1] = index;
  }
  return true;
}

bool Decoder::message(const MessageTable& table, std::string_view wire, int depth) {
  if (depth > kWireDepthMax)
    return fail(fmt::format("messages nest deeper than {}", kWireDepthMax));
  Frame frame;
  if (!collect(table, wire, frame)) return false;
  bool ok = true;
  switch (table.well_known) {
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      ok = plain(table, frame, depth);
      break;
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
      ok = seconds_message(table, frame);
      break;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      ok = field_mask(frame);
      break;
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      ok = map(table.fields[0], head(frame, 0), depth);
      break;
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      ok = list(table.fields[0], head(frame, 0), depth);
      break;
    case Descriptor::WELLKNOWNTYPE_VALUE:
      ok = json_value(table, frame, depth);
      break;
    case Descriptor::WELLKNOWNTYPE_ANY:
      ok = fail(
          "google.protobuf.Any is not supported in JSON that is converted without compiled "
          "messages");
      break;
    default:  // the wrappers
      ok = last(frame, 0) == kNone
               ? zero(table.fields[0])
               : scalar(table.fields[0], entry(last(frame, 0)).bits, entry(last(frame, 0)).bytes);
  }
  drop(frame);
  return ok;
}

bool Decoder::plain(const MessageTable& table, const Frame& frame, int depth) {
  sink_.begin_object();
  for (const FieldTable& one : table.fields) {
    if (!field(one, frame, depth)) return false;
  }
  sink_.end_object();
  return true;
}

bool Decoder::field(const FieldTable& field, const Frame& frame, int depth) {
  int32_t first = head(frame, field.index);
  if (first == kNone) {
    if (options_.unpopulated == Unpopulated::kOmit || field.in_oneof) return true;
    bool is_null = field.has_presence;
    if (is_null && options_.unpopulated == Unpopulated::kEmitDefaults) return true;
    sink_.key(options_.names == FieldNames::kJson ? field.json_name : field.proto_name);
    if (is_null) {
      sink_.null();
      return true;
    }
    if (!field.is_repeated) return zero(field);
  } else {
    if (options_.unpopulated == Unpopulated::kOmit && !field.has_presence && !field.is_repeated) {
      const Entry& value = entry(last(frame, field.index));
      if (value.bits == 0 && value.bytes.empty()) return true;
    }
    sink_.key(options_.names == FieldNames::kJson ? field.json_name : field.proto_name);
  }
  if (field.is_map) return map(field, first, depth);
  if (field.is_repeated) return list(field, first, depth);
  return singular(field, first, last(frame, field.index), depth);
}

bool Decoder::singular(const FieldTable& field, int32_t first, int32_t last_index, int depth) {
  if (field.type != Field::TYPE_MESSAGE)
    return scalar(field, entry(last_index).bits, entry(last_index).bytes);
  if (first == last_index) {
    std::string_view bytes = entry(first).bytes;
    return message(*field.message, bytes, depth + 1);
  }
  // A message sent in parts is their concatenation.
  std::string whole;
  for (int32_t i = first; i != kNone; i = entry(i).next) whole.append(entry(i).bytes);
  return message(*field.message, whole, depth + 1);
}

bool Decoder::list(const FieldTable& field, int32_t first, int depth) {
  sink_.begin_array();
  for (int32_t i = first; i != kNone; i = entry(i).next) {
    Entry one = entry(i);
    bool ok = one.is_packed                       ? packed(field, one.bytes)
              : field.type == Field::TYPE_MESSAGE ? message(*field.message, one.bytes, depth + 1)
                                                  : scalar(field, one.bits, one.bytes);
    if (!ok) return false;
  }
  sink_.end_array();
  return true;
}

bool Decoder::packed(const FieldTable& field, std::string_view bytes) {
  WireReader in(bytes);
  while (!in.done()) {
    uint64_t bits = 0;
    uint32_t narrow = 0;
    bool ok = field.wire_type == WireType::kVarint    ? in.varint(bits)
              : field.wire_type == WireType::kFixed64 ? in.fixed64(bits)
                                                      : in.fixed32(narrow);
    if (!ok) return fail(fmt::format("the packed field {} is cut off", field.proto_name));
    if (!scalar(field, field.wire_type == WireType::kFixed32 ? narrow : bits, {})) return false;
  }
  return true;
}

/// Entries by key, as protojson sorts them; of a key that came twice the later.
bool Decoder::map(const FieldTable& field, int32_t first, int depth) {
  struct Pair {
    std::string key;
    int64_t number = 0;
    Entry value;
    bool has_value = false;
  };
  const FieldTable& key_field = field.message->fields[0];
  const FieldTable& value_field = field.message->fields[1];
  std::vector<Pair> pairs;
  for (int32_t i = first; i != kNone; i = entry(i).next) {
    Frame frame;
    if (!collect(*field.message, entry(i).bytes, frame)) return false;
    Pair pair;
    Entry key = last(frame, 0) == kNone ? Entry{} : entry(last(frame, 0));
    pair.has_value = last(frame, 1) != kNone;
    if (pair.has_value) pair.value = entry(last(frame, 1));
    drop(frame);
    bool zigzagged = key_field.type == Field::TYPE_SINT32 || key_field.type == Field::TYPE_SINT64;
    pair.number = zigzagged ? unzigzag(key.bits) : static_cast<int64_t>(key.bits);
    switch (key_field.type) {
      case Field::TYPE_STRING:
        pair.key = key.bytes;
        break;
      case Field::TYPE_BOOL:
        pair.key = key.bits ? "true" : "false";
        break;
      case Field::TYPE_UINT64:
      case Field::TYPE_FIXED64:
        pair.key = std::to_string(key.bits);
        break;
      case Field::TYPE_UINT32:
      case Field::TYPE_FIXED32:
        pair.key = std::to_string(static_cast<uint32_t>(key.bits));
        break;
      case Field::TYPE_SFIXED32:
        pair.number = static_cast<int32_t>(key.bits);
        [[fallthrough]];
      default:
        pair.key = std::to_string(pair.number);
    }
    pairs.push_back(std::move(pair));
  }
  bool by_text = key_field.type == Field::TYPE_STRING;
  bool by_unsigned = key_field.type == Field::TYPE_UINT64 || key_field.type == Field::TYPE_FIXED64;
  std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) {
    if (by_text) return a.key < b.key;
    return by_unsigned ? static_cast<uint64_t>(a.number) < static_cast<uint64_t>(b.number)
                       : a.number < b.number;
  });
  sink_.begin_object();
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (i + 1 < pairs.size() && pairs[i].key == pairs[i + 1].key) continue;
    sink_.key(pairs[i].key);
    bool is_message = value_field.type == Field::TYPE_MESSAGE;
    bool ok = is_message ? message(*value_field.message, pairs[i].value.bytes, depth + 1)
                         : scalar(value_field, pairs[i].value.bits, pairs[i].value.bytes);
    if (!ok) return false;
  }
  sink_.end_object();
  return true;
}

void Decoder::quoted_integer(bool is_signed, uint64_t bits) {
  char text[24];
  auto end = is_signed ? std::to_chars(text, text + sizeof text, static_cast<int64_t>(bits))
                       : std::to_chars(text, text + sizeof text, bits);
  sink_.string({text, static_cast<size_t>(end.ptr - text)});
}

void Decoder::real(double value, JsonSink::Precision precision) {
  if (std::isnan(value)) return sink_.string("NaN");
  if (std::isinf(value)) return sink_.string(value > 0 ? "Infinity" : "-Infinity");
  sink_.number(value, precision);
}

bool Decoder::scalar(const FieldTable& field, uint64_t bits, std::string_view bytes) {
  switch (field.type) {
    case Field::TYPE_INT32:
    case Field::TYPE_SFIXED32:
      sink_.integer(static_cast<int32_t>(bits));
      return true;
    case Field::TYPE_SINT32:
      sink_.integer(static_cast<int32_t>(unzigzag(static_cast<uint32_t>(bits))));
      return true;
    case Field::TYPE_UINT32:
    case Field::TYPE_FIXED32:
      sink_.integer(static_cast<uint32_t>(bits));
      return true;
    case Field::TYPE_INT64:
    case Field::TYPE_SFIXED64:
      quoted_integer(true, bits);
      return true;
    case Field::TYPE_SINT64:
      quoted_integer(true, static_cast<uint64_t>(unzigzag(bits)));
      return true;
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED64:
      quoted_integer(false, bits);
      return true;
    case Field::TYPE_BOOL:
      sink_.boolean(bits != 0);
      return true;
    case Field::TYPE_DOUBLE:
      real(std::bit_cast<double>(bits), JsonSink::Precision::kDouble);
      return true;
    case Field::TYPE_FLOAT:
      real(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))),
           JsonSink::Precision::kSingle);
      return true;
    case Field::TYPE_STRING:
      if (!is_plain_ascii(bytes.data(), bytes.size()) && !is_utf8(bytes))
        return fail(fmt::format("the string field {} contains invalid UTF-8", field.proto_name));
      sink_.string(bytes);
      return true;
    case Field::TYPE_BYTES: {
      std::string text;
      append_base64(text, bytes);
      sink_.string(text);
      return true;
    }
    case Field::TYPE_ENUM: {
      auto number = static_cast<int32_t>(bits);
      if (field.enumeration->is_null_value) {
        sink_.null();
      } else if (const std::string* name = field.enumeration->find(number)) {
        sink_.string(*name);
      } else {
        sink_.integer(number);
      }
      return true;
    }
    default:
      return fail(fmt::format("the field {} is a group, which is not supported", field.proto_name));
  }
}

bool Decoder::seconds_message(const MessageTable& table, const Frame& frame) {
  auto seconds = static_cast<int64_t>(bits_or_zero(frame, 0));
  auto nanos = static_cast<int32_t>(bits_or_zero(frame, 1));
  std::string text;
  bool ok = table.well_known == Descriptor::WELLKNOWNTYPE_TIMESTAMP
                ? append_timestamp(text, seconds, nanos)
                : append_duration(text, seconds, nanos);
  if (!ok)
    return fail(
        fmt::format("{}: {} s and {} ns are out of range", table.full_name, seconds, nanos));
  sink_.string(text);
  return true;
}

bool Decoder::field_mask(const Frame& frame) {
  std::string text;
  for (int32_t i = head(frame, 0); i != kNone; i = entry(i).next) {
    if (!text.empty()) text += ',';
    if (!append_camel_path(text, entry(i).bytes)) {
      return fail(fmt::format("google.protobuf.FieldMask.paths contains irreversible value \"{}\"",
                              entry(i).bytes));
    }
  }
  sink_.string(text);
  return true;
}

bool Decoder::json_value(const MessageTable& table, const Frame& frame, int depth) {
  for (const FieldTable& one : table.fields) {
    int32_t index = last(frame, one.index);
    if (index == kNone) continue;
    return singular(one, head(frame, one.index), index, depth);
  }
  sink_.null();
  return true;
}

}  // namespace

Result<void> decode_message(const MessageTable& table, std::string_view wire, JsonSink& sink,
                            const WireToJsonOptions& options) {
  return Decoder(sink, options).run(table, wire);
}

}  // namespace bia::codec
