// The scalar types and google/protobuf's own messages, from JSON-like values.
#include <algorithm>
#include <cmath>
#include <limits>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/real_text.h"
#include "codec/time_text.h"
#include "codec/wire_encoder.h"

namespace bia::codec {
namespace {
using Kind = JsonSource::Kind;
using Field = google::protobuf::FieldDescriptor;

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

}  // namespace

bool WireEncoder::text(const FieldTable& field, Tag write, Default zero) {
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

bool WireEncoder::boolean(const FieldTable& field, Tag write, Default zero) {
  bool value = false;
  if (in_.peek() != Kind::kBool) return bad(field);
  if (!in_.take_bool(value)) return false;
  if (!value && zero == Default::kOmit) return true;
  tag(field, write);
  append_varint(wire_, value);
  return true;
}

template <typename T>
bool WireEncoder::take_real(const FieldTable& field, T& value) {
  Kind kind = in_.peek();
  if (kind == Kind::kNumber) {
    JsonNumber number;
    if (!in_.take_number(number)) return false;
    // A float is the one nearest to the text, which may not be the one nearest to the double.
    value = static_cast<T>(number.real);
    if (std::is_same_v<T, float> && real_from_chars(in_.raw(), value).ec != std::errc())
      return bad_taken(field);
    return std::isfinite(value) || bad_taken(field);
  } else if (kind == Kind::kString) {
    std::string_view text;
    if (!in_.take_string(text)) return false;
    std::string copy = text == "NaN" || text == "Infinity" || text == "-Infinity"
                           ? fmt::format("\"{}\"", text)
                           : std::string(text);
    JsonReader number(copy);
    return (number.take(value) && number.finish().ok()) || bad_taken(field);
  }
  return bad(field);
}

bool WireEncoder::real(const FieldTable& field, Tag write, Default zero) {
  double value = 0;
  float single = 0;
  const bool is_float = field.type == Field::TYPE_FLOAT;
  if (!(is_float ? take_real(field, single) : take_real(field, value))) return false;
  // A negative zero is not the default: its bits are written.
  const uint64_t bits = is_float ? std::bit_cast<uint32_t>(single) : std::bit_cast<uint64_t>(value);
  if (zero == Default::kOmit && bits == 0) return true;
  tag(field, write);
  is_float ? append_fixed32(wire_, static_cast<uint32_t>(bits)) : append_fixed64(wire_, bits);
  return true;
}

bool WireEncoder::enumeration(const FieldTable& field, Tag write, Default zero) {
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
    if (value.kind != JsonNumber::Kind::kInt ||
        value.integer != static_cast<int32_t>(value.integer))
      return bad_taken(field);
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

bool WireEncoder::signed_integer(const FieldTable& field, Tag write, Default zero) {
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
  bool narrow = field.type == Field::TYPE_INT32 || field.type == Field::TYPE_SINT32 ||
                field.type == Field::TYPE_SFIXED32;
  if (narrow && value != static_cast<int32_t>(value)) return bad_taken(field);
  if (value == 0 && zero == Default::kOmit) return true;
  put_integer(field, write, value);
  return true;
}

void WireEncoder::put_integer(const FieldTable& field, Tag write, int64_t value) {
  tag(field, write);
  switch (field.type) {
    case Field::TYPE_SINT32:
    case Field::TYPE_SINT64:
      return append_varint(wire_, zigzag(value));
    case Field::TYPE_FIXED32:
    case Field::TYPE_SFIXED32:
      return append_fixed32(wire_, static_cast<uint32_t>(value));
    case Field::TYPE_FIXED64:
    case Field::TYPE_SFIXED64:
      return append_fixed64(wire_, static_cast<uint64_t>(value));
    default:
      return append_varint(wire_, static_cast<uint64_t>(value));
  }
}

bool WireEncoder::unsigned_integer(const FieldTable& field, Tag write, Default zero) {
  uint64_t value = 0;
  Kind kind = in_.peek();
  if (kind == Kind::kNumber) {
    JsonNumber number;
    if (!in_.take_number(number)) return false;
    if (number.kind == JsonNumber::Kind::kDouble ||
        (number.kind == JsonNumber::Kind::kInt && number.integer < 0))
      return bad_taken(field);
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

bool WireEncoder::timestamp() {
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

bool WireEncoder::duration() {
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

bool WireEncoder::field_mask() {
  std::string_view text;
  if (!in_.take_string(text)) return false;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string snake;
    if (!append_snake_path(snake, text.substr(0, comma)) || snake.empty()) {
      in_.fail(fmt::format("google.protobuf.FieldMask.paths contains invalid path: \"{}\"",
                           text.substr(0, comma)));
      return false;
    }
    append_tag(wire_, 1, WireType::kBytes);
    append_varint(wire_, snake.size());
    wire_ += snake;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

bool WireEncoder::struct_fields(int depth) {
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

bool WireEncoder::list_values(int depth) {
  if (!in_.enter_array()) return false;
  while (in_.next_element()) {
    append_tag(wire_, kListValues, WireType::kBytes);
    LengthPrefix value(wire_);
    if (!json_value(depth + 1)) return false;
    value.close();
  }
  return !in_.failed();
}

bool WireEncoder::json_value(int depth) {
  if (depth > kWireDepthMax) {
    in_.fail("exceeded max recursion depth");
    return false;
  }
  auto nested = [&](uint32_t number, bool (WireEncoder::*write)(int)) {
    append_tag(wire_, number, WireType::kBytes);
    LengthPrefix length(wire_);
    if (!(this->*write)(depth + 1)) return false;
    length.close();
    return true;
  };
  switch (in_.peek()) {
    case Kind::kFailed:
      return false;
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
      if (!std::isfinite(value.real)) {
        in_.fail(fmt::format("invalid google.protobuf.Value: {}", in_.raw()));
        return false;
      }
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
    case Kind::kObject:
      return nested(kValueStruct, &WireEncoder::struct_fields);
    case Kind::kArray:
      return nested(kValueList, &WireEncoder::list_values);
  }
  return false;
}

}  // namespace bia::codec
