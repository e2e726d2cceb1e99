// From protobuf's messages to values, by reflection. Nothing is copied.
#include "cel/proto_value.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include "cel/evaluation.h"
#include "codec/time_text.h"

namespace bia::cel {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr int32_t kNanosOfSecond = 1'000'000'000;

class FieldList final : public List {
 public:
  FieldList(const pb::Message& message, const Field* field)
      : message_(message),
        field_(field),
        size_(static_cast<size_t>(message.GetReflection()->FieldSize(message, field))) {}
  size_t size() const override { return size_; }
  Value at(Evaluation& evaluation, size_t index) const override {
    return element_of(evaluation, message_, field_, static_cast<int>(index));
  }

 private:
  const pb::Message& message_;
  const Field* field_;
  size_t size_;
};

class FieldMap final : public Map {
 public:
  FieldMap(const pb::Message& message, const Field* field)
      : message_(message),
        field_(field),
        size_(static_cast<size_t>(message.GetReflection()->FieldSize(message, field))) {}
  size_t size() const override { return size_; }
  Value key_at(Evaluation& evaluation, size_t index) const override {
    return field_of(evaluation, entry(index), field_->message_type()->map_key());
  }
  Value value_at(Evaluation& evaluation, size_t index) const override {
    return field_of(evaluation, entry(index), field_->message_type()->map_value());
  }

 private:
  const pb::Message& entry(size_t index) const {
    return message_.GetReflection()->GetRepeatedMessage(message_, field_, static_cast<int>(index));
  }
  const pb::Message& message_;
  const Field* field_;
  size_t size_;
};

Value text_of(Evaluation& evaluation, const Field* field, const std::string& text,
              const std::string& scratch) {
  const Kind kind = field->type() == Field::TYPE_BYTES ? Kind::kBytes : Kind::kString;
  if (&text == &scratch) return evaluation.keep(kind, text);
  return kind == Kind::kBytes ? Value::of_bytes(text) : Value::of_string(text);
}

/// What duration.proto and timestamp.proto do not allow is an error: nothing can be reckoned with
/// it.
Value moment_of(const pb::Message& message, const pb::Descriptor* type, bool is_timestamp) {
  const pb::Reflection* reflection = message.GetReflection();
  const Moment moment = {reflection->GetInt64(message, type->FindFieldByNumber(1)),
                         reflection->GetInt32(message, type->FindFieldByNumber(2))};
  if (is_timestamp) {
    return moment.seconds >= codec::kTimestampSecondsMin &&
                   moment.seconds <= codec::kTimestampSecondsMax && moment.nanos >= 0 &&
                   moment.nanos < kNanosOfSecond
               ? Value::of_timestamp(moment)
               : Value::of_error("timestamp out of range");
  }
  const bool signs =
      (moment.seconds <= 0 || moment.nanos >= 0) && (moment.seconds >= 0 || moment.nanos <= 0);
  return signs && moment.seconds >= -codec::kDurationSecondsMax &&
                 moment.seconds <= codec::kDurationSecondsMax && moment.nanos < kNanosOfSecond &&
                 moment.nanos > -kNanosOfSecond
             ? Value::of_duration(moment)
             : Value::of_error("duration out of range");
}

/// google.protobuf.Value. A number is a double.
Value dynamic_of(Evaluation& evaluation, const pb::Message& message, const pb::Descriptor* type) {
  const Field* set = message.GetReflection()->GetOneofFieldDescriptor(message, type->oneof_decl(0));
  if (!set || set->number() == 1) return Value();
  return field_of(evaluation, message, set);
}

/// A type that the program does not have is an error, as in cel-go.
Value any_of(Evaluation& evaluation, const pb::Message& message, const pb::Descriptor* type) {
  const pb::Reflection* reflection = message.GetReflection();
  std::string scratch;
  const std::string url =
      reflection->GetStringReference(message, type->FindFieldByNumber(1), &scratch);
  const size_t slash = url.rfind('/');
  const std::string name = slash == std::string::npos ? url : url.substr(slash + 1);
  const pb::DescriptorPool* pool = type->file()->pool();
  const pb::Descriptor* inner = pool->FindMessageTypeByName(name);
  auto* factory = reflection->GetMessageFactory();
  const pb::Message* prototype = inner ? factory->GetPrototype(inner) : nullptr;
  if (!prototype)
    return evaluation.error(fmt::format("an Any holds a \"{}\", which is not known here", name));
  const std::string& bytes =
      reflection->GetStringReference(message, type->FindFieldByNumber(2), &scratch);
  if (!evaluation.charge(1 + bytes.size() / 16)) return Evaluation::too_much();
  pb::Message* held = prototype->New(&evaluation.messages());
  if (!held->ParseFromString(bytes))
    return evaluation.error(fmt::format("an Any holds no valid {}", name));
  return value_of(evaluation, *held);
}

}  // namespace

Value value_of(Evaluation& evaluation, const pb::Message& message) {
  const pb::Descriptor* type = message.GetDescriptor();
  switch (type->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return Value::of_message(&message);
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return moment_of(message, type, false);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return moment_of(message, type, true);
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      return dynamic_of(evaluation, message, type);
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
      return any_of(evaluation, message, type);
    default:  // The wrappers' `value`, a ListValue's `values`, a Struct's `fields`.
      return field_of(evaluation, message, type->FindFieldByNumber(1));
  }
}

Value field_of(Evaluation& evaluation, const pb::Message& message, const Field* field) {
  if (field->is_map()) return Value::of_map(evaluation.make<FieldMap>(message, field));
  if (field->is_repeated()) return Value::of_list(evaluation.make<FieldList>(message, field));
  const pb::Reflection* reflection = message.GetReflection();
  std::string scratch;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return Value::of_int(reflection->GetInt32(message, field));
    case Field::CPPTYPE_INT64:
      return Value::of_int(reflection->GetInt64(message, field));
    case Field::CPPTYPE_UINT32:
      return Value::of_uint(reflection->GetUInt32(message, field));
    case Field::CPPTYPE_UINT64:
      return Value::of_uint(reflection->GetUInt64(message, field));
    case Field::CPPTYPE_DOUBLE:
      return Value::of_double(reflection->GetDouble(message, field));
    case Field::CPPTYPE_FLOAT:
      return Value::of_double(reflection->GetFloat(message, field));
    case Field::CPPTYPE_BOOL:
      return Value::of_bool(reflection->GetBool(message, field));
    case Field::CPPTYPE_ENUM:
      return Value::of_int(reflection->GetEnumValue(message, field));
    case Field::CPPTYPE_STRING:
      return text_of(evaluation, field, reflection->GetStringReference(message, field, &scratch),
                     scratch);
    case Field::CPPTYPE_MESSAGE:
      break;
  }
  const auto type = field->message_type()->well_known_type();
  const bool null_if_absent = (type >= pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE &&
                               type <= pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE) ||
                              type == pb::Descriptor::WELLKNOWNTYPE_ANY;
  if (null_if_absent && !reflection->HasField(message, field)) return Value();
  return value_of(evaluation, reflection->GetMessage(message, field));
}

Value element_of(Evaluation& evaluation, const pb::Message& message, const Field* field, int i) {
  const pb::Reflection* reflection = message.GetReflection();
  std::string scratch;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return Value::of_int(reflection->GetRepeatedInt32(message, field, i));
    case Field::CPPTYPE_INT64:
      return Value::of_int(reflection->GetRepeatedInt64(message, field, i));
    case Field::CPPTYPE_UINT32:
      return Value::of_uint(reflection->GetRepeatedUInt32(message, field, i));
    case Field::CPPTYPE_UINT64:
      return Value::of_uint(reflection->GetRepeatedUInt64(message, field, i));
    case Field::CPPTYPE_DOUBLE:
      return Value::of_double(reflection->GetRepeatedDouble(message, field, i));
    case Field::CPPTYPE_FLOAT:
      return Value::of_double(reflection->GetRepeatedFloat(message, field, i));
    case Field::CPPTYPE_BOOL:
      return Value::of_bool(reflection->GetRepeatedBool(message, field, i));
    case Field::CPPTYPE_ENUM:
      return Value::of_int(reflection->GetRepeatedEnumValue(message, field, i));
    case Field::CPPTYPE_STRING:
      return text_of(evaluation, field,
                     reflection->GetRepeatedStringReference(message, field, i, &scratch), scratch);
    case Field::CPPTYPE_MESSAGE:
      break;
  }
  return value_of(evaluation, reflection->GetRepeatedMessage(message, field, i));
}

bool has_field(const pb::Message& message, const Field* field) {
  const pb::Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

}  // namespace bia::cel
