// JSON-like values to wire bytes, as protobuf-go's protojson.Unmarshal reads them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/time_text.h"
#include "codec/wire_table_impl.h"

namespace bia::codec {
namespace {
using Kind = JsonSource::Kind;
using Field = google::protobuf::FieldDescriptor;
using Descriptor = google::protobuf::Descriptor;

/// One message being encoded.
class Encoder {
 public:
  Encoder(JsonSource& in, std::string& wire, UnknownFields unknown) : in_(in), wire_(wire), unknown_(unknown) {}

  bool message(const MessageTable& table, int depth);

 private:
  enum class Tag { kWrite, kNone };
  enum class Default { kWrite, kOmit };

  bool fields(const MessageTable& table, int depth);
  bool field(const FieldTable& field, int depth);
  bool list(const FieldTable& field, int depth);
  bool map(const FieldTable& field, int depth);
  /// A singular value, or one of a list. `omit`: a default is left out (singular fields without presence).
  bool value(const FieldTable& field, Tag tag, Default zero, int depth);
  bool map_key(const FieldTable& field, const std::string& text);
  bool submessage(const FieldTable& field, int depth);

  bool text(const FieldTable& field, Tag tag, Default zero);
  bool boolean(const FieldTable& field, Tag tag, Default zero);
  bool real(const FieldTable& field, Tag tag, Default zero);
  bool enumeration(const FieldTable& field, Tag tag, Default zero);
  bool signed_integer(const FieldTable& field, Tag tag, Default zero);
  bool unsigned_integer(const FieldTable& field, Tag tag, Default zero);
  void put_integer(const FieldTable& field, Tag tag, int64_t value);

  bool timestamp();
  bool duration();
  bool field_mask();
  bool struct_fields(int depth);
  bool list_values(int depth);
  bool json_value(int depth);

  /// Of a WellKnownType: field numbers of struct.proto.
  static constexpr uint32_t kStructFields = 1, kValueNull = 1, kValueNumber = 2, kValueString = 3, kValueBool = 4, kValueStruct = 5,
                            kValueList = 6, kListValues = 1;

  bool bad(const FieldTable& field) {
    // Of a string or a composite the token is still to be taken.
    std::string_view ignored;
    if (in_.peek() == Kind::kFailed) return false;
    if (in_.peek() == Kind::kString && !in_.take_string(ignored)) return false;
    return bad_taken(field);
  }
  bool bad_taken(const FieldTable& field) {
    if (!in_.failed()) in_.fail(fmt::format("invalid value for {} field {}: {}", field.kind, field.json_name, in_.raw()));
    return false;
  }
  void tag(const FieldTable& field, Tag write) {
    if (write == Tag::kWrite) append_tag(wire_, field.number, field.wire_type);
  }

  JsonSource& in_;
  std::string& wire_;
  UnknownFields unknown_;
};

bool Encoder::message(const MessageTable& table, int depth) {
  if (depth > kWireDepthMax) {
    in_.fail("exceeded max recursion depth");
    return false;
  }
  switch (table.well_known) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return timestamp();
    case Descriptor::WELLKNOWNTYPE_DURATION: return duration();
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: return field_mask();
    case Descriptor::WELLKNOWNTYPE_STRUCT: return struct_fields(depth);
    case Descriptor::WELLKNOWNTYPE_VALUE: return json_value(depth);
    case Descriptor::WELLKNOWNTYPE_LISTVALUE: return list_values(depth);
    case Descriptor::WELLKNOWNTYPE_ANY:
      in_.fail("google.protobuf.Any is not supported in JSON that is converted without compiled messages");
      return false;
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED: return fields(table, depth);
    default: return value(table.fields[0], Tag::kWrite, Default::kOmit, depth);  // the wrappers
  }
}

bool Encoder::fields(const MessageTable& table, int depth) {
  constexpr size_t kInline = 4;
  uint64_t few[kInline] = {};
  std::vector<uint64_t> many;
  size_t bits = table.fields.size() + table.oneofs.size();
  uint64_t* seen = few;
  if (bits > kInline * 64) {
    many.resize(bits / 64 + 1);
    seen = many.data();
  }
  auto add = [&](size_t index) {
    uint64_t bit = uint64_t{1} << index % 64;
    bool fresh = !(seen[index / 64] & bit);
    seen[index / 64] |= bit;
    return fresh;
  };
  std::string_view name;
  if (!in_.enter_object()) return false;
  while (in_.next_field(name)) {
    const FieldTable* found = table.find(name);
    if (found == nullptr) {
      if (unknown_ == UnknownFields::kRefuse) in_.fail(fmt::format("unknown field {}", in_.raw()));
      if (in_.failed() || !in_.skip()) return false;
      continue;
    }
    if (!add(static_cast<size_t>(found->index))) {
      in_.fail(fmt::format("duplicate field {}", in_.raw()));
      return false;
    }
    if (!found->is_value() || found->is_repeated) {
      if (found->real_oneof < 0 && in_.peek() == Kind::kNull) {
        if (!in_.take_null()) return false;
        continue;
      }
    }
    if (found->real_oneof >= 0) {
      // The name is in `raw` only until the value is looked at.
      std::string raw(in_.raw());
      if (!found->is_value() && in_.peek() == Kind::kNull) {
        if (!in_.take_null()) return false;
        continue;
      }
      if (!add(table.fields.size() + static_cast<size_t>(found->real_oneof))) {
        in_.fail_at_field(fmt::format("error parsing {}, oneof {} is already set", raw, table.oneofs[static_cast<size_t>(found->real_oneof)]));
        return false;
      }
    }
    if (!field(*found, depth)) return false;
  }
  if (in_.failed()) return false;
  if (table.has_required) {
    for (const FieldTable& one : table.fields) {
      if (one.is_required && add(static_cast<size_t>(one.index))) {
        in_.fail(fmt::format("required field {}.{} not set", table.full_name, one.proto_name));
        return false;
      }
    }
  }
  return true;
}

bool Encoder::field(const FieldTable& field, int depth) {
  if (field.is_map) return map(field, depth);
  if (field.is_repeated) return list(field, depth);
  return value(field, Tag::kWrite, field.has_presence ? Default::kWrite : Default::kOmit, depth);
}

bool Encoder::list(const FieldTable& field, int depth) {
  if (!in_.enter_array()) return false;
  if (!field.is_packed) {
    while (in_.next_element()) {
      if (!value(field, Tag::kWrite, Default::kWrite, depth)) return false;
    }
    return !in_.failed();
  }
  size_t before = wire_.size();
  append_tag(wire_, field.number, WireType::kBytes);
  LengthPrefix length(wire_);
  size_t begin = wire_.size();
  while (in_.next_element()) {
    if (!value(field, Tag::kNone, Default::kWrite, depth)) return false;
  }
  if (wire_.size() == begin) {
    wire_.resize(before);
  } else {
    length.close();
  }
  return !in_.failed();
}

bool Encoder::map_key(const FieldTable& field, const std::string& text) {
  JsonReader key(text);
  Encoder encoder(key, wire_, unknown_);
  switch (field.type) {
    case Field::TYPE_STRING:
      tag(field, Tag::kWrite);
      append_varint(wire_, text.size());
      wire_ += text;
      return true;
    case Field::TYPE_BOOL:
      if (text != "true" && text != "false") break;
      tag(field, Tag::kWrite);
      append_varint(wire_, text == "true");
      return true;
    default:
      if (encoder.value(field, Tag::kWrite, Default::kWrite, 0) && key.finish().ok()) return true;
  }
  in_.fail(fmt::format("invalid value for {} key: \"{}\"", field.kind, text));
  return false;
}

bool Encoder::map(const FieldTable& field, int depth) {
  std::string_view name;
  std::vector<std::string> keys;
  if (!in_.enter_object()) return false;
  while (in_.next_field(name)) {
    keys.emplace_back(name);
    append_tag(wire_, field.number, WireType::kBytes);
    LengthPrefix length(wire_);
    if (!map_key(field.message->fields[0], keys.back())) return false;
    if (!value(field.message->fields[1], Tag::kWrite, Default::kWrite, depth)) return false;
    length.close();
  }
  if (in_.failed()) return false;
  std::sort(keys.begin(), keys.end());
  if (auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) {
    in_.fail(fmt::format("duplicate map key \"{}\"", *twice));
    return false;
  }
  return true;
}

bool Encoder::value(const FieldTable& field, Tag tag, Default zero, int depth) {
  switch (field.type) {
    case Field::TYPE_MESSAGE: return submessage(field, depth);
    case Field::TYPE_STRING:
    case Field::TYPE_BYTES: return text(field, tag, zero);
    case Field::TYPE_BOOL: return boolean(field, tag, zero);
    case Field::TYPE_DOUBLE:
    case Field::TYPE_FLOAT: return real(field, tag, zero);
    case Field::TYPE_ENUM: return enumeration(field, tag, zero);
    case Field::TYPE_UINT32:
    case Field::TYPE_FIXED32:
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED64: return unsigned_integer(field, tag, zero);
    default: return signed_integer(field, tag, zero);
  }
}

bool Encoder::submessage(const FieldTable& field, int depth) {
  append_tag(wire_, field.number, WireType::kBytes);
  LengthPrefix length(wire_);
  if (!message(*field.message, depth + 1)) return false;
  length.close();
  return true;
}

bool Encoder::text(const FieldTable& field, Tag write, Default zero) {
  std::string_view text;
  if (in_.peek() != Kind::kString) return bad(field);
  if (!in_.take_string(text)) return false;
  std::string bytes;
  if (field.type == Field::TYPE_BYTES) {
    if (!decode_base64(text, bytes)) return bad_taken(field);
    text = bytes;
  }
  if (text.empty() && zero == Default::kOmit) return true;
  tag(field, write);
  append_varint(wire_, text.size());
  wire_.append(text);
  return true;
}

bool Encoder::boolean(const FieldTable& field, Tag write, Default zero) {
  bool value = false;
  if (in_.peek() != Kind::kBool) return bad(field);
  if (!in_.take_bool(value)) return false;
  if (!value && zero == Default::kOmit) return true;
  tag(field, write);
  append_varint(wire_, value);
  return true;
}

bool Encoder::real(const FieldTable& field, Tag write, Default zero) {
  double value = 0;
  Kind kind = in_.peek();
  if (kind == Kind::kNumber) {
    JsonNumber number;
    if (!in_.take_number(number)) return false;
    value = number.real;
    if (!std::isfinite(value)) return bad_taken(field);
  } else if (kind == Kind::kString) {
    std::string_view text;
    if (!in_.take_string(text)) return false;
    std::string copy = text == "NaN" || text == "Infinity" || text == "-Infinity" ? fmt::format("\"{}\"", text) : std::string(text);
    JsonReader number(copy);
    if (!number.take(value) || !number.finish().ok()) return bad_taken(field);
  } else {
    return bad(field);
  }
  bool is_float = field.type == Field::TYPE_FLOAT;
  if (is_float && std::isfinite(value) && std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max())) return bad_taken(field);
  // A negative zero is not the default: its bits are written.
  if (zero == Default::kOmit && value == 0 && !std::signbit(value)) return true;
  tag(field, write);
  if (is_float) {
    append_fixed32(wire_, std::bit_cast<uint32_t>(static_cast<float>(value)));
  } else {
    append_fixed64(wire_, std::bit_cast<uint64_t>(value));
  }
  return true;
}

bool Encoder::enumeration(const FieldTable& field, Tag write, Default zero) {
  int32_t number = 0;
  Kind kind = in_.peek();
  if (kind == Kind::kString) {
    std::string_view name;
    if (!in_.take_string(name)) return false;
    const int32_t* found = field.enumeration->find(name);
    if (found == nullptr && unknown_ == UnknownFields::kDiscard && !field.is_repeated) return true;
    if (found == nullptr) return bad_taken(field);
    number = *found;
  } else if (kind == Kind::kNumber) {
    JsonNumber value;
    if (!in_.take_number(value)) return false;
    if (value.kind != JsonNumber::Kind::kInt || value.integer != static_cast<int32_t>(value.integer)) return bad_taken(field);
    number = static_cast<int32_t>(value.integer);
  } else if (kind == Kind::kNull && field.enumeration->is_null_value) {
    if (!in_.take_null()) return false;
  } else {
    return bad(field);
  }
  if (number == 0 && zero == Default::kOmit) return true;
  tag(field, write);
  append_varint(wire_, static_cast<uint64_t>(int64_t{number}));
  return true;
}

bool Encoder::signed_integer(const FieldTable& field, Tag write, Default zero) {
  int64_t value = 0;
  Kind kind = in_.peek();
  if (kind == Kind::kNumber) {
    JsonNumber number;
    if (!in_.take_number(number)) return false;
    if (number.kind != JsonNumber::Kind::kInt) return bad_taken(field);
    value = number.integer;
  } else if (kind == Kind::kString) {
    std::string_view text;
    if (!in_.take_string(text)) return false;
    if (text.empty() || !number_to_int64(text, value)) return bad_taken(field);
  } else {
    return bad(field);
  }
  bool narrow = field.type == Field::TYPE_INT32 || field.type == Field::TYPE_SINT32 || field.type == Field::TYPE_SFIXED32;
  if (narrow && value != static_cast<int32_t>(value)) return bad_taken(field);
  if (value == 0 && zero == Default::kOmit) return true;
  put_integer(field, write, value);
  return true;
}

void Encoder::put_integer(const FieldTable& field, Tag write, int64_t value) {
  tag(field, write);
  switch (field.type) {
    case Field::TYPE_SINT32:
    case Field::TYPE_SINT64: return append_varint(wire_, zigzag(value));
    case Field::TYPE_FIXED32:
    case Field::TYPE_SFIXED32: return append_fixed32(wire_, static_cast<uint32_t>(value));
    case Field::TYPE_FIXED64:
    case Field::TYPE_SFIXED64: return append_fixed64(wire_, static_cast<uint64_t>(value));
    default: return append_varint(wire_, static_cast<uint64_t>(value));
  }
}

bool Encoder::unsigned_integer(const FieldTable& field, Tag write, Default zero) {
  uint64_t value = 0;
  Kind kind = in_.peek();
  if (kind == Kind::kNumber) {
    JsonNumber number;
    if (!in_.take_number(number)) return false;
    if (number.kind == JsonNumber::Kind::kDouble || (number.kind == JsonNumber::Kind::kInt && number.integer < 0)) return bad_taken(field);
    value = static_cast<uint64_t>(number.integer);
  } else if (kind == Kind::kString) {
    std::string_view text;
    if (!in_.take_string(text)) return false;
    if (text.empty() || !number_to_uint64(text, value)) return bad_taken(field);
  } else {
    return bad(field);
  }
  bool narrow = field.type == Field::TYPE_UINT32 || field.type == Field::TYPE_FIXED32;
  if (narrow && value > std::numeric_limits<uint32_t>::max()) return bad_taken(field);
  if (value == 0 && zero == Default::kOmit) return true;
  put_integer(field, write, static_cast<int64_t>(value));
  return true;
}

/// Seconds and nanos are fields 1 and 2 of both types.
void append_seconds(std::string& wire, int64_t seconds, int32_t nanos) {
  if (seconds != 0) {
    append_tag(wire, 1, WireType::kVarint);
    append_varint(wire, static_cast<uint64_t>(seconds));
  }
  if (nanos != 0) {
    append_tag(wire, 2, WireType::kVarint);
    append_varint(wire, static_cast<uint64_t>(int64_t{nanos}));
  }
}

bool Encoder::timestamp() {
  std::string_view text;
  int64_t seconds = 0;
  int32_t nanos = 0;
  if (!in_.take_string(text)) return false;
  if (!parse_timestamp(text, seconds, nanos)) {
    in_.fail(fmt::format("invalid google.protobuf.Timestamp value {}", in_.raw()));
    return false;
  }
  append_seconds(wire_, seconds, nanos);
  return true;
}

bool Encoder::duration() {
  std::string_view text;
  int64_t seconds = 0;
  int32_t nanos = 0;
  if (!in_.take_string(text)) return false;
  if (!parse_duration(text, seconds, nanos)) {
    in_.fail(fmt::format("invalid google.protobuf.Duration value {}", in_.raw()));
    return false;
  }
  append_seconds(wire_, seconds, nanos);
  return true;
}

bool Encoder::field_mask() {
  std::string_view text;
  if (!in_.take_string(text)) return false;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string snake;
    if (!append_snake_path(snake, text.substr(0, comma)) || snake.empty()) {
      in_.fail(fmt::format("google.protobuf.FieldMask.paths contains invalid path: \"{}\"", text.substr(0, comma)));
      return false;
    }
    append_tag(wire_, 1, WireType::kBytes);
    append_varint(wire_, snake.size());
    wire_ += snake;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

bool Encoder::struct_fields(int depth) {
  std::string_view name;
  if (!in_.enter_object()) return false;
  while (in_.next_field(name)) {
    append_tag(wire_, kStructFields, WireType::kBytes);
    LengthPrefix entry(wire_);
    append_tag(wire_, 1, WireType::kBytes);
    append_varint(wire_, name.size());
    wire_.append(name);
    append_tag(wire_, 2, WireType::kBytes);
    LengthPrefix value(wire_);
    if (!json_value(depth + 1)) return false;
    value.close();
    entry.close();
  }
  return !in_.failed();
}

bool Encoder::list_values(int depth) {
  if (!in_.enter_array()) return false;
  while (in_.next_element()) {
    append_tag(wire_, kListValues, WireType::kBytes);
    LengthPrefix value(wire_);
    if (!json_value(depth + 1)) return false;
    value.close();
  }
  return !in_.failed();
}

bool Encoder::json_value(int depth) {
  if (depth > kWireDepthMax) {
    in_.fail("exceeded max recursion depth");
    return false;
  }
  auto nested = [&](uint32_t number, bool (Encoder::*write)(int)) {
    append_tag(wire_, number, WireType::kBytes);
    LengthPrefix length(wire_);
    if (!(this->*write)(depth + 1)) return false;
    length.close();
    return true;
  };
  switch (in_.peek()) {
    case Kind::kFailed: return false;
    case Kind::kNull:
      append_tag(wire_, kValueNull, WireType::kVarint);
      append_varint(wire_, 0);
      return in_.take_null();
    case Kind::kBool: {
      bool value = false;
      if (!in_.take_bool(value)) return false;
      append_tag(wire_, kValueBool, WireType::kVarint);
      append_varint(wire_, value);
      return true;
    }
    case Kind::kNumber: {
      JsonNumber value;
      if (!in_.take_number(value)) return false;
      append_tag(wire_, kValueNumber, WireType::kFixed64);
      append_fixed64(wire_, std::bit_cast<uint64_t>(value.real));
      return true;
    }
    case Kind::kString: {
      std::string_view text;
      if (!in_.take_string(text)) return false;
      append_tag(wire_, kValueString, WireType::kBytes);
      append_varint(wire_, text.size());
      wire_.append(text);
      return true;
    }
    case Kind::kObject: return nested(kValueStruct, &Encoder::struct_fields);
    case Kind::kArray: return nested(kValueList, &Encoder::list_values);
  }
  return false;
}

}  // namespace

bool encode_message(const MessageTable& table, JsonSource& in, std::string& wire, UnknownFields unknown, int depth) {
  return Encoder(in, wire, unknown).message(table, depth);
}

}  // namespace bia::codec
