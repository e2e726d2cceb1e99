// Kratos' encoding/form/proto_encode.go: a message as a query, by reflection.
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "base/base64.h"
#include "bia/base/time.h"
#include "bia/codec/form.h"
#include "bia/codec/json_writer.h"
#include "codec/field_value.h"
#include "codec/time_text.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

/// Nesting above which a message is not written as a query.
constexpr int kDepthMax = 32;

Error no_query(const Field* field) {
  return Error(
      Code::kUnimplemented, "CODEC",
      fmt::format("{} cannot be part of a URL's query; send it in a body", field->full_name()));
}

/// The value's text; `index` is -1 for a singular field. Not for messages.
std::string scalar_text(const pb::Message& message, const Field* field, int index) {
  std::string text;
  visit_scalar(message, field, index, [&](auto value) {
    using Value = decltype(value);
    if constexpr (std::is_same_v<Value, std::string_view>) {
      text = field->type() == Field::TYPE_BYTES ? base64_encode(value, Base64::kUrl)
                                                : std::string(value);
    } else if constexpr (std::is_same_v<Value, bool>) {
      text = value ? "true" : "false";
    } else if constexpr (std::is_same_v<Value, EnumNumber>) {
      const pb::EnumValueDescriptor* known = field->enum_type()->FindValueByNumber(value.number);
      text = known ? known->name() : std::to_string(value.number);
    } else if constexpr (std::is_floating_point_v<Value>) {
      if constexpr (std::is_same_v<Value, float>) {
        append_json_float(text, value);
      } else {
        append_json_double(text, value);
      }
      // "NaN" and "Infinity" come in JSON's quotes.
      std::erase(text, '"');
    } else {
      text = std::to_string(value);
    }
  });
  return text;
}

/// The text of a well-known type. False for other messages.
bool message_text(const pb::Message& message, std::string& text) {
  const pb::Descriptor* type = message.GetDescriptor();
  const pb::Reflection* r = message.GetReflection();
  auto first = [&] { return type->FindFieldByNumber(1); };
  auto second = [&] { return type->FindFieldByNumber(2); };
  switch (type->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return append_timestamp(text, r->GetInt64(message, first()), r->GetInt32(message, second()));
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      text = format_go_duration(std::chrono::seconds(r->GetInt64(message, first())) +
                                std::chrono::nanoseconds(r->GetInt32(message, second())));
      return true;
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      for (int i = 0; i < r->FieldSize(message, first()); ++i) {
        if (i > 0) text += ',';
        std::string path = r->GetRepeatedString(message, first(), i);
        if (!append_camel_path(text, path)) return false;
      }
      return true;
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      text = scalar_text(message, first(), -1);
      return true;
    default:
      return false;
  }
}

class FormEncoder {
 public:
  explicit FormEncoder(std::string_view left_out) : left_out_(left_out) {}

  Result<void> write(const pb::Message& message, const std::string& names, const std::string& keys,
                     int depth) {
    if (depth > kDepthMax)
      return Error(Code::kUnimplemented, "CODEC", "a query's message nests too deep");
    std::vector<const Field*> fields;
    const pb::Reflection* r = message.GetReflection();
    r->ListFields(message, &fields);
    for (const Field* field : fields) {
      std::string name = names + field->name();
      std::string key = keys + field->json_name();
      if (is_left_out(name)) continue;
      if (field->is_map()) {
        if (Result<void> done = write_map(message, field, key); !done.ok()) return done;
      } else if (field->is_repeated()) {
        for (int i = 0; i < r->FieldSize(message, field); ++i) {
          std::string text;
          if (field->message_type() == nullptr) {
            text = scalar_text(message, field, i);
          } else if (!message_text(r->GetRepeatedMessage(message, field, i), text)) {
            return no_query(field);
          }
          pair(key, text);
        }
      } else if (field->message_type() == nullptr) {
        pair(key, scalar_text(message, field, -1));
      } else {
        const pb::Message& value = r->GetMessage(message, field);
        std::string text;
        if (message_text(value, text)) {
          pair(key, text);
        } else if (field->message_type()->well_known_type() !=
                   pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
          return no_query(field);
        } else if (Result<void> done = write(value, name + ".", key + ".", depth + 1); !done.ok()) {
          return done;
        }
      }
    }
    return {};
  }
  std::string take() { return std::move(text_); }

 private:
  Result<void> write_map(const pb::Message& message, const Field* field, const std::string& key) {
    const pb::Reflection* r = message.GetReflection();
    for (int i = 0; i < r->FieldSize(message, field); ++i) {
      const pb::Message& entry = r->GetRepeatedMessage(message, field, i);
      std::string text;
      const Field* value = field->message_type()->map_value();
      if (value->message_type() == nullptr) {
        text = scalar_text(entry, value, -1);
      } else if (!message_text(entry.GetReflection()->GetMessage(entry, value), text)) {
        return no_query(field);
      }
      pair(key + "[" + scalar_text(entry, field->message_type()->map_key(), -1) + "]", text);
    }
    return {};
  }

  bool is_left_out(std::string_view name) const {
    std::string_view rest = left_out_;
    while (!rest.empty()) {
      size_t comma = std::min(rest.find(','), rest.size());
      if (rest.substr(0, comma) == name) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
  }

  void pair(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += '&';
    append_percent_encoded(text_, key, Slash::kEscape);
    text_ += '=';
    append_percent_encoded(text_, value, Slash::kEscape);
  }

  std::string_view left_out_;
  std::string text_;
};

}  // namespace

Result<std::string> encode_form(const pb::Message& message, std::string_view left_out) {
  FormEncoder encoder(left_out);
  if (Result<void> done = encoder.write(message, "", "", 0); !done.ok())
    return std::move(done).error();
  return encoder.take();
}

Result<void> append_path_field(std::string& path, const pb::Message& message,
                               std::string_view field_path, Slash slash) {
  const pb::Message* holder = &message;
  std::string text;
  for (std::string_view rest = field_path;;) {
    size_t dot = std::min(rest.find('.'), rest.size());
    const Field* field = holder->GetDescriptor()->FindFieldByName(std::string(rest.substr(0, dot)));
    BIA_ASSERT(field != nullptr && !field->is_repeated());
    if (dot == rest.size()) {
      if (field->message_type() == nullptr) {
        text = scalar_text(*holder, field, -1);
      } else {
        message_text(holder->GetReflection()->GetMessage(*holder, field), text);
      }
      break;
    }
    holder = &holder->GetReflection()->GetMessage(*holder, field);
    rest.remove_prefix(dot + 1);
  }
  if (text.empty()) {
    return Error(
        Code::kInvalidArgument, "CODEC",
        fmt::format("the field \"{}\" is empty and cannot be part of a path; set it", field_path));
  }
  append_percent_encoded(path, text, slash);
  return {};
}

}  // namespace bia::codec
