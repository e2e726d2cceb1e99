// Kratos' encoding/form/proto_decode.go: a query or a form into a message, by reflection.
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>

#include "bia/base/time.h"
#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/codec/well_known.h"
#include "codec/form_values.h"
#include "codec/multipart.h"
#include "codec/time_text.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

/// Parts of a dotted key above which it is refused: each is a message inside the one before, and
/// their destructors recurse.
constexpr size_t kKeyPartsMax = 100;

Error bad(std::string message) {
  return Error(Code::kInvalidArgument, "CODEC", std::move(message));
}

const Field* find_field(const pb::Descriptor* type, std::string_view name) {
  std::string text(name);
  if (const Field* field = type->FindFieldByName(text)) return field;
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->json_name() == text) return type->field(i);
  }
  return nullptr;
}

/// Sets `value` on a message's field, or adds it to a list.
struct Target {
  pb::Message* message;
  const Field* field;
  bool raw = false;  ///< bytes come as they are, not as base64

  template <typename T>
  void put(T value, void (pb::Reflection::*set)(pb::Message*, const Field*, T) const,
           void (pb::Reflection::*add)(pb::Message*, const Field*, T) const) const {
    (message->GetReflection()->*(field->is_repeated() ? add : set))(message, field,
                                                                    std::move(value));
  }
  template <typename T>
  std::string parse_and_put(std::string_view text,
                            void (pb::Reflection::*set)(pb::Message*, const Field*, T) const,
                            void (pb::Reflection::*add)(pb::Message*, const Field*, T)
                                const) const {
    T value{};
    std::string wrong = parse_form(text, value);
    if (wrong.empty()) put(value, set, add);
    return wrong;
  }
};

std::string parse_timestamp_message(std::string_view text, pb::Message& message) {
  int64_t seconds = 0;
  int32_t nanos = 0;
  std::string wrong = parse_go_time(text, seconds, nanos);
  if (!wrong.empty()) return wrong;
  message.GetReflection()->SetInt64(&message, message.GetDescriptor()->FindFieldByNumber(1),
                                    seconds);
  message.GetReflection()->SetInt32(&message, message.GetDescriptor()->FindFieldByNumber(2), nanos);
  return {};
}

std::string parse_duration_message(std::string_view text, pb::Message& message) {
  Result<Duration> duration = parse_go_duration(text);
  if (!duration.ok()) return duration.error().message();
  constexpr int64_t kNanos = 1'000'000'000;
  message.GetReflection()->SetInt64(&message, message.GetDescriptor()->FindFieldByNumber(1),
                                    duration->count() / kNanos);
  message.GetReflection()->SetInt32(&message, message.GetDescriptor()->FindFieldByNumber(2),
                                    static_cast<int32_t>(duration->count() % kNanos));
  return {};
}

/// A time that is "null": Kratos means it to be unset, and drops the connection.
bool is_null(std::string_view text, const Field* field) {
  const auto type = field->message_type()->well_known_type();
  return text == "null" && (type == pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP ||
                            type == pb::Descriptor::WELLKNOWNTYPE_DURATION);
}

std::string parse_scalar(std::string_view text, const Target& target);

/// A message as one value: the well-known types alone.
std::string parse_message(std::string_view text, bool raw, pb::Message& message) {
  const pb::Descriptor* type = message.GetDescriptor();
  switch (type->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return parse_timestamp_message(text, message);
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return parse_duration_message(text, message);
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return parse_scalar(text, Target{&message, type->FindFieldByNumber(1), raw});
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      message.GetReflection()->SetString(&message, type->FindFieldByNumber(3), std::string(text));
      return {};
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT: {
      pb::Struct value;
      JsonReader in(text);
      if (!bia_json_read(in, value) || !in.finish().ok()) return "proto: " + in.error().message();
      return message.ParseFromString(value.SerializeAsString())
                 ? std::string()
                 : std::string("proto: cannot copy a Struct");
    }
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK: {
      const Field* paths = type->FindFieldByNumber(1);
      while (!text.empty()) {
        size_t comma = std::min(text.find(','), text.size());
        std::string snake;
        if (!append_snake_path(snake, text.substr(0, comma))) snake = text.substr(0, comma);
        message.GetReflection()->AddString(&message, paths, snake);
        text.remove_prefix(std::min(comma + 1, text.size()));
      }
      return {};
    }
    default:
      return fmt::format("unsupported message type: \"{}\"", type->full_name());
  }
}

std::string parse_enum(std::string_view text, const Target& target) {
  const pb::EnumDescriptor* type = target.field->enum_type();
  const pb::EnumValueDescriptor* value = type->FindValueByName(std::string(text));
  int32_t number = 0;
  if (value == nullptr && parse_form(text, number).empty()) value = type->FindValueByNumber(number);
  if (value == nullptr) return fmt::format("\"{}\" is not a valid value", text);
  target.put<const pb::EnumValueDescriptor*>(value, &pb::Reflection::SetEnum,
                                             &pb::Reflection::AddEnum);
  return {};
}

std::string parse_scalar(std::string_view text, const Target& target) {
  using R = pb::Reflection;
  switch (target.field->cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return target.parse_and_put<bool>(text, &R::SetBool, &R::AddBool);
    case Field::CPPTYPE_INT32:
      return target.parse_and_put<int32_t>(text, &R::SetInt32, &R::AddInt32);
    case Field::CPPTYPE_INT64:
      return target.parse_and_put<int64_t>(text, &R::SetInt64, &R::AddInt64);
    case Field::CPPTYPE_UINT32:
      return target.parse_and_put<uint32_t>(text, &R::SetUInt32, &R::AddUInt32);
    case Field::CPPTYPE_UINT64:
      return target.parse_and_put<uint64_t>(text, &R::SetUInt64, &R::AddUInt64);
    case Field::CPPTYPE_DOUBLE:
      return target.parse_and_put<double>(text, &R::SetDouble, &R::AddDouble);
    case Field::CPPTYPE_FLOAT:
      return target.parse_and_put<float>(text, &R::SetFloat, &R::AddFloat);
    case Field::CPPTYPE_ENUM:
      return parse_enum(text, target);
    case Field::CPPTYPE_STRING: {
      std::string value(text);
      if (target.field->type() == Field::TYPE_BYTES) {
        if (!target.raw && !decode_base64(text, value))
          return "illegal base64 data at input byte 0";
      } else if (!is_utf8(text)) {
        return "invalid UTF-8";
      }
      target.put<std::string>(std::move(value), &R::SetString, &R::AddString);
      return {};
    }
    case Field::CPPTYPE_MESSAGE: {
      if (is_null(text, target.field)) return {};
      const pb::Reflection* reflection = target.message->GetReflection();
      if (!target.field->is_repeated()) {
        // Not made before its text is known to be right.
        std::unique_ptr<pb::Message> value(
            reflection->GetMessage(*target.message, target.field).New());
        std::string wrong = parse_message(text, target.raw, *value);
        if (wrong.empty())
          reflection->SetAllocatedMessage(target.message, value.release(), target.field);
        return wrong;
      }
      std::unique_ptr<pb::Message> value(
          reflection->GetMessageFactory()->GetPrototype(target.field->message_type())->New());
      std::string wrong = parse_message(text, target.raw, *value);
      if (wrong.empty())
        reflection->AddAllocatedMessage(target.message, target.field, value.release());
      return wrong;
    }
  }
  return "unsupported kind";
}

Result<void> put_map_entry(pb::Message& message, const Field* field, std::string_view key,
                           std::string_view text) {
  const pb::Reflection* reflection = message.GetReflection();
  std::unique_ptr<pb::Message> entry(
      reflection->GetMessageFactory()->GetPrototype(field->message_type())->New());
  std::string wrong = parse_scalar(key, Target{entry.get(), field->message_type()->map_key()});
  if (!wrong.empty()) return bad(fmt::format("parsing map key \"{}\": {}", field->name(), wrong));
  wrong = parse_scalar(text, Target{entry.get(), field->message_type()->map_value()});
  if (!wrong.empty()) return bad(fmt::format("parsing map value \"{}\": {}", field->name(), wrong));
  reflection->AddAllocatedMessage(&message, field, entry.release());
  return {};
}

/// Pairs of one field: what has come so far, to tell a second value of a singular field.
struct Seen {
  const pb::Message* message;
  const Field* field;
  std::string first;
};

class FormDecoder {
 public:
  enum class Source { kQuery, kPath };
  FormDecoder(pb::Message& message, Source source) : root_(message), source_(source) {}

  /// One part of a multipart body.
  Result<void> put_part(const FormPart& part) {
    raw_ = true;
    content_type_ = part.content_type;
    return put(part.name, part.data);
  }

  Result<void> put(std::string_view key, std::string_view text) {
    pb::Message* message = &root_;
    std::string_view rest = key;
    for (size_t parts = 1;; ++parts) {
      if (parts > kKeyPartsMax)
        return bad(fmt::format("invalid path: more than {} parts", kKeyPartsMax));
      size_t dot = std::min(rest.find_first_of(".["), rest.size());
      std::string_view name = rest.substr(0, dot);
      const Field* field = find_field(message->GetDescriptor(), name);
      if (field == nullptr) return {};
      std::string_view tail = rest.substr(dot);
      if (field->is_map()) return put_map(*message, field, tail, text);
      if (tail == "[]" && field->is_repeated()) tail = {};
      if (tail.starts_with('[')) {
        // An index says nothing: "tags[0]" is "tags", as the next value of it.
        const size_t end = std::min(tail.find(']'), tail.size() - 1) + 1;
        if (end < 3 || tail[end - 1] != ']' || (end < tail.size() && tail[end] != '.')) return {};
        name = rest.substr(0, dot + end);
        tail.remove_prefix(end);
      }
      if (tail.empty()) return put_value(*message, field, text);
      if (field->is_repeated() || field->cpp_type() != Field::CPPTYPE_MESSAGE) {
        return bad(fmt::format("invalid path: \"{}\" is not a message", name));
      }
      message = message->GetReflection()->MutableMessage(message, field);
      rest = tail.substr(1);
    }
  }

 private:
  Result<void> put_map(pb::Message& message, const Field* field, std::string_view tail,
                       std::string_view text) {
    if (tail.starts_with('[')) {
      // What is no "[key]" is no name of a field, and passed over.
      if (tail.find(']') != tail.size() - 1) return {};
      return put_map_entry(message, field, tail.substr(1, tail.size() - 2), text);
    }
    if (tail.size() > 1 && tail.front() == '.')
      return put_map_entry(message, field, tail.substr(1), text);
    return bad("invalid formatting for map key");
  }

  Result<void> put_value(pb::Message& message, const Field* field, std::string_view text) {
    if (raw_ && is_http_body(field)) {
      put_http_body(message, field, text);
      return {};
    }
    if (field->is_repeated()) {
      std::string wrong = parse_scalar(text, Target{&message, field, raw_});
      if (!wrong.empty()) return bad(fmt::format("parsing list \"{}\": {}", field->name(), wrong));
      return {};
    }
    for (const Seen& seen : seen_) {
      if (seen.message != &message) continue;
      if (seen.field == field)
        return bad(fmt::format("too many values for field \"{}\": {}, {}", field->name(),
                               seen.first, text));
    }
    const pb::OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof != nullptr && source_ == Source::kQuery) {
      const Field* set = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
      if (set != nullptr && set != field)
        return bad(fmt::format("field already set for oneof \"{}\"", oneof->name()));
    }
    seen_.push_back(Seen{&message, field, std::string(text)});
    if (text.empty()) return {};
    std::string wrong = parse_scalar(text, Target{&message, field, raw_});
    if (!wrong.empty()) return bad(fmt::format("parsing field \"{}\": {}", field->name(), wrong));
    return {};
  }

  static bool is_http_body(const Field* field) {
    return field->message_type() != nullptr &&
           field->message_type()->full_name() == "google.api.HttpBody";
  }
  void put_http_body(pb::Message& message, const Field* field, std::string_view bytes) const {
    const pb::Reflection* reflection = message.GetReflection();
    pb::Message* body = field->is_repeated() ? reflection->AddMessage(&message, field)
                                             : reflection->MutableMessage(&message, field);
    const auto set = [&](int number, std::string_view value) {
      body->GetReflection()->SetString(body, body->GetDescriptor()->FindFieldByNumber(number),
                                       std::string(value));
    };
    set(1, content_type_);
    set(2, bytes);
  }

  bool raw_ = false;
  std::string_view content_type_;
  pb::Message& root_;
  Source source_;
  std::vector<Seen> seen_;
};

}  // namespace

namespace {

/// As Go's url.EscapeError: the escape that is none, to its three characters.
std::string bad_escape(std::string_view text) {
  std::string ignored;
  size_t at = text.find('%');
  while (at != std::string_view::npos &&
         percent_decode(text.substr(at, 3), Plus::kLiteral, ignored))
    at = text.find('%', at + 1);
  return fmt::format("invalid URL escape \"{}\"", text.substr(std::min(at, text.size()), 3));
}

}  // namespace

Result<void> decode_form(std::string_view text, pb::Message& message) {
  return decode_form(text, FormErrors::kPassOver, message);
}

Result<void> decode_form(std::string_view text, FormErrors errors, pb::Message& message) {
  FormDecoder decoder(message, FormDecoder::Source::kQuery);
  std::string key;
  std::string value;
  size_t pairs = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (++pairs > kFormPairsMax)
      return bad(fmt::format("more than {} pairs in a query or form", kFormPairsMax));
    size_t equals = std::min(pair.find('='), pair.size());
    // As Go's url.ParseQuery under Kratos: a pair that cannot be decoded is dropped, and ';'
    // separates nothing.
    if (pair.find(';') != std::string_view::npos) {
      if (errors == FormErrors::kRefuse) return bad("invalid semicolon separator in query");
      continue;
    }
    const std::string_view encoded = pair.substr(std::min(equals + 1, pair.size()));
    const bool key_good = percent_decode(pair.substr(0, equals), Plus::kSpace, key);
    if (!key_good || !percent_decode(encoded, Plus::kSpace, value)) {
      if (errors == FormErrors::kRefuse)
        return bad(bad_escape(key_good ? encoded : pair.substr(0, equals)));
      continue;
    }
    if (Result<void> put = decoder.put(key, value); !put.ok()) return put;
  }
  return {};
}

Result<void> decode_multipart(std::string_view body, std::string_view boundary,
                              pb::Message& message) {
  FormDecoder decoder(message, FormDecoder::Source::kQuery);
  MultipartReader parts(body, boundary);
  FormPart part;
  for (size_t count = 0; BIA_TRY(parts.next(part)); ++count) {
    if (count == kFormPairsMax)
      return bad(fmt::format("more than {} parts in a multipart body", kFormPairsMax));
    BIA_TRY(decoder.put_part(part));
  }
  return {};
}

Result<void> bind_path_field(std::string_view encoded, std::string_view field_path,
                             pb::Message& message) {
  std::string value;
  if (!percent_decode(encoded, Plus::kLiteral, value)) {
    return bad(
        fmt::format("parsing field \"{}\": invalid URL escape in \"{}\"", field_path, encoded));
  }
  return FormDecoder(message, FormDecoder::Source::kPath).put(field_path, value);
}

}  // namespace bia::codec
