#include "bia/codec/well_known.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "codec/any_depth.h"
#include "codec/time_text.h"

namespace bia::codec {
namespace pb = google::protobuf;

void bia_json_write(JsonWriter& out, const pb::Timestamp& message) {
  out.raw("\"");
  if (!append_timestamp(out.out(), message.seconds(), message.nanos()))
    out.fail(fmt::format("google.protobuf.Timestamp: {} s and {} ns are out of range",
                         message.seconds(), message.nanos()));
  out.raw("\"");
}

bool bia_json_read(JsonReader& in, pb::Timestamp& message) {
  std::string_view text;
  int64_t seconds = 0;
  int32_t nanos = 0;
  if (!in.take_string(text)) return false;
  if (!parse_timestamp(text, seconds, nanos)) {
    in.fail("invalid google.protobuf.Timestamp value " + std::string(in.raw()));
    return false;
  }
  message.set_seconds(seconds);
  message.set_nanos(nanos);
  return true;
}

void bia_json_write(JsonWriter& out, const pb::Duration& message) {
  out.raw("\"");
  if (!append_duration(out.out(), message.seconds(), message.nanos()))
    out.fail(fmt::format("google.protobuf.Duration: {} s and {} ns are out of range",
                         message.seconds(), message.nanos()));
  out.raw("\"");
}

bool bia_json_read(JsonReader& in, pb::Duration& message) {
  std::string_view text;
  int64_t seconds = 0;
  int32_t nanos = 0;
  if (!in.take_string(text)) return false;
  if (!parse_duration(text, seconds, nanos)) {
    in.fail("invalid google.protobuf.Duration value " + std::string(in.raw()));
    return false;
  }
  message.set_seconds(seconds);
  message.set_nanos(nanos);
  return true;
}

void bia_json_write(JsonWriter& out, const pb::FieldMask& message) {
  std::string paths;
  for (const std::string& path : message.paths()) {
    if (!paths.empty()) paths.push_back(',');
    if (!append_camel_path(paths, path))
      out.fail(
          fmt::format("google.protobuf.FieldMask.paths contains irreversible value \"{}\"", path));
  }
  out.string(paths);
}

bool bia_json_read(JsonReader& in, pb::FieldMask& message) {
  std::string_view text;
  if (!in.take_string(text)) return false;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string snake;
    if (!append_snake_path(snake, text.substr(0, comma)) || snake.empty()) {
      in.fail("google.protobuf.FieldMask.paths contains invalid path: \"" +
              std::string(text.substr(0, comma)) + "\"");
      return false;
    }
    message.add_paths(std::move(snake));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

void bia_json_write(JsonWriter& out, const pb::Empty&) { out.raw("{}"); }

bool bia_json_read(JsonReader& in, pb::Empty&) {
  std::string_view name;
  if (!in.enter_object()) return false;
  while (in.next_field(name)) in.skip();
  return !in.failed();
}

void bia_json_write(JsonWriter& out, const pb::Value& message) {
  switch (message.kind_case()) {
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      return out.null();
    case pb::Value::kNumberValue:
      if (!std::isfinite(message.number_value()))
        out.fail("google.protobuf.Value cannot have NaN or infinity");
      return out.real(message.number_value());
    case pb::Value::kStringValue:
      return out.string(message.string_value());
    case pb::Value::kBoolValue:
      return out.boolean(message.bool_value());
    case pb::Value::kStructValue:
      return bia_json_write(out, message.struct_value());
    case pb::Value::kListValue:
      return bia_json_write(out, message.list_value());
  }
}

bool bia_json_read(JsonReader& in, pb::Value& message) {
  switch (in.peek()) {
    case JsonReader::Kind::kFailed:
      return false;
    case JsonReader::Kind::kNull:
      message.set_null_value(pb::NULL_VALUE);
      return in.take_null();
    case JsonReader::Kind::kObject:
      return bia_json_read(in, *message.mutable_struct_value());
    case JsonReader::Kind::kArray:
      return bia_json_read(in, *message.mutable_list_value());
    case JsonReader::Kind::kString:
      return in.take(*message.mutable_string_value());
    case JsonReader::Kind::kBool: {
      bool value = false;
      if (!in.take(value)) return false;
      message.set_bool_value(value);
      return true;
    }
    case JsonReader::Kind::kNumber: {
      double value = 0;
      if (!in.take(value)) return false;
      message.set_number_value(value);
      return true;
    }
  }
  return false;
}

void bia_json_write(JsonWriter& out, const pb::Struct& message) {
  std::vector<const pb::Map<std::string, pb::Value>::value_type*> fields;
  fields.reserve(message.fields().size());
  for (const auto& field : message.fields()) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->first < b->first; });
  out.begin_object();
  for (const auto* field : fields) {
    out.key_text(field->first);
    bia_json_write(out, field->second);
  }
  out.end_object();
}

bool bia_json_read(JsonReader& in, pb::Struct& message) {
  std::string_view name;
  if (!in.enter_object()) return false;
  while (in.next_field(name)) {
    auto [field, added] = message.mutable_fields()->insert({std::string(name), pb::Value()});
    if (!added) return in.fail_duplicate();
    if (!bia_json_read(in, field->second)) return false;
  }
  return !in.failed();
}

void bia_json_write(JsonWriter& out, const pb::ListValue& message) {
  out.begin_array();
  for (const pb::Value& value : message.values()) {
    out.element();
    bia_json_write(out, value);
  }
  out.end_array();
}

bool bia_json_read(JsonReader& in, pb::ListValue& message) {
  if (!in.enter_array()) return false;
  while (in.next_element()) {
    if (!bia_json_read(in, *message.add_values())) return false;
  }
  return !in.failed();
}

// Any needs the descriptors of what it holds: protobuf's own JSON has them. Rare, so its cost does
// not matter.
void bia_json_write(JsonWriter& out, const pb::Any& message) {
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!anys_are_shallow(message)) {
    out.fail(fmt::format("google.protobuf.Any: one stands in more than {} others", kAnyDepthMax));
  } else if (!message.type_url().empty()) {
    auto status = pb::util::MessageToJsonString(message, &json, options);
    if (!status.ok()) {
      out.fail("google.protobuf.Any: " +
               std::string(status.message().data(), status.message().size()));
      json.clear();
    }
  }
  out.raw(json.empty() ? "{}" : json);
}

bool bia_json_read(JsonReader& in, pb::Any& message) {
  std::string_view json;
  if (!in.take_raw(json)) return false;
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  auto status = pb::util::JsonStringToMessage({json.data(), json.size()}, &message, options);
  if (!status.ok())
    in.fail("google.protobuf.Any: " +
            std::string(status.message().data(), status.message().size()));
  return status.ok();
}

namespace {
template <typename Wrapper, typename T>
bool read_wrapped(JsonReader& in, Wrapper& message, T value) {
  if (!in.take(value)) return false;
  message.set_value(value);
  return true;
}
}  // namespace

void bia_json_write(JsonWriter& out, const pb::BoolValue& message) { out.boolean(message.value()); }
void bia_json_write(JsonWriter& out, const pb::BytesValue& message) { out.bytes(message.value()); }
void bia_json_write(JsonWriter& out, const pb::DoubleValue& message) { out.real(message.value()); }
void bia_json_write(JsonWriter& out, const pb::FloatValue& message) { out.real(message.value()); }
void bia_json_write(JsonWriter& out, const pb::Int32Value& message) { out.int32(message.value()); }
void bia_json_write(JsonWriter& out, const pb::Int64Value& message) { out.int64(message.value()); }
void bia_json_write(JsonWriter& out, const pb::StringValue& message) {
  out.string(message.value());
}
void bia_json_write(JsonWriter& out, const pb::UInt32Value& message) {
  out.uint32(message.value());
}
void bia_json_write(JsonWriter& out, const pb::UInt64Value& message) {
  out.uint64(message.value());
}
bool bia_json_read(JsonReader& in, pb::BoolValue& message) {
  return read_wrapped(in, message, bool{});
}
bool bia_json_read(JsonReader& in, pb::BytesValue& message) {
  return in.take_bytes(*message.mutable_value());
}
bool bia_json_read(JsonReader& in, pb::DoubleValue& message) {
  return read_wrapped(in, message, double{});
}
bool bia_json_read(JsonReader& in, pb::FloatValue& message) {
  return read_wrapped(in, message, float{});
}
bool bia_json_read(JsonReader& in, pb::Int32Value& message) {
  return read_wrapped(in, message, int32_t{});
}
bool bia_json_read(JsonReader& in, pb::Int64Value& message) {
  return read_wrapped(in, message, int64_t{});
}
bool bia_json_read(JsonReader& in, pb::StringValue& message) {
  return in.take(*message.mutable_value());
}
bool bia_json_read(JsonReader& in, pb::UInt32Value& message) {
  return read_wrapped(in, message, uint32_t{});
}
bool bia_json_read(JsonReader& in, pb::UInt64Value& message) {
  return read_wrapped(in, message, uint64_t{});
}

}  // namespace bia::codec
