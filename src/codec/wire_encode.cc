// JSON-like values to wire bytes, as protobuf-go's protojson.Unmarshal reads them: messages, lists
// and maps.
#include <algorithm>
#include <vector>

#include "bia/codec/json_reader.h"
#include "codec/wire_encoder.h"

namespace bia::codec {
namespace {
using Kind = JsonSource::Kind;
using Field = google::protobuf::FieldDescriptor;
using Descriptor = google::protobuf::Descriptor;
}  // namespace

bool WireEncoder::message(const MessageTable& table, int depth) {
  if (depth > kWireDepthMax) {
    in_.fail("exceeded max recursion depth");
    return false;
  }
  switch (table.well_known) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return timestamp();
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return duration();
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return field_mask();
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      return struct_fields(depth);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return json_value(depth);
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return list_values(depth);
    case Descriptor::WELLKNOWNTYPE_ANY:
      in_.fail(
          "google.protobuf.Any is not supported in JSON that is converted without compiled "
          "messages");
      return false;
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return fields(table, depth);
    default:
      return value(table.fields[0], Tag::kWrite, Default::kOmit, depth);  // the wrappers
  }
}

bool WireEncoder::fields(const MessageTable& table, int depth) {
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
        in_.fail_at_field(fmt::format("error parsing {}, oneof {} is already set", raw,
                                      table.oneofs[static_cast<size_t>(found->real_oneof)]));
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

bool WireEncoder::field(const FieldTable& field, int depth) {
  if (field.is_map) return map(field, depth);
  if (field.is_repeated) return list(field, depth);
  return value(field, Tag::kWrite, field.has_presence ? Default::kWrite : Default::kOmit, depth);
}

bool WireEncoder::list(const FieldTable& field, int depth) {
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

bool WireEncoder::map_key(const FieldTable& field, const std::string& text) {
  JsonReader key(text);
  WireEncoder encoder(key, wire_, unknown_);
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

bool WireEncoder::map(const FieldTable& field, int depth) {
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

bool WireEncoder::value(const FieldTable& field, Tag tag, Default zero, int depth) {
  switch (field.type) {
    case Field::TYPE_MESSAGE:
      return submessage(field, depth);
    case Field::TYPE_STRING:
    case Field::TYPE_BYTES:
      return text(field, tag, zero);
    case Field::TYPE_BOOL:
      return boolean(field, tag, zero);
    case Field::TYPE_DOUBLE:
    case Field::TYPE_FLOAT:
      return real(field, tag, zero);
    case Field::TYPE_ENUM:
      return enumeration(field, tag, zero);
    case Field::TYPE_UINT32:
    case Field::TYPE_FIXED32:
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED64:
      return unsigned_integer(field, tag, zero);
    default:
      return signed_integer(field, tag, zero);
  }
}

bool WireEncoder::submessage(const FieldTable& field, int depth) {
  append_tag(wire_, field.number, WireType::kBytes);
  LengthPrefix length(wire_);
  if (!message(*field.message, depth + 1)) return false;
  length.close();
  return true;
}

bool encode_message(const MessageTable& table, JsonSource& in, std::string& wire,
                    UnknownFields unknown, int depth) {
  return WireEncoder(in, wire, unknown).message(table, depth);
}

}  // namespace bia::codec
