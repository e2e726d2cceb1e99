// Messages that expressions make: `shop.v1.Item{name: "x"}`.
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <limits>

#include "cel/evaluation.h"
#include "cel/function.h"
#include "cel/proto_value.h"

namespace bia::cel {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

/// What holds a value of a kind in an Any; null for messages, which need nothing.
const pb::Message* holder_of(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return &pb::Value::default_instance();
    case Kind::kBool:
      return &pb::BoolValue::default_instance();
    case Kind::kInt:
      return &pb::Int64Value::default_instance();
    case Kind::kUint:
      return &pb::UInt64Value::default_instance();
    case Kind::kDouble:
      return &pb::DoubleValue::default_instance();
    case Kind::kString:
      return &pb::StringValue::default_instance();
    case Kind::kBytes:
      return &pb::BytesValue::default_instance();
    case Kind::kDuration:
      return &pb::Duration::default_instance();
    case Kind::kTimestamp:
      return &pb::Timestamp::default_instance();
    case Kind::kList:
      return &pb::ListValue::default_instance();
    case Kind::kMap:
      return &pb::Struct::default_instance();
    default:
      return nullptr;
  }
}

/// Sets a field, or adds to a repeated one.
class FieldWriter {
 public:
  FieldWriter(Evaluation& evaluation, pb::Message& message, const Field* field)
      : evaluation_(evaluation),
        message_(message),
        field_(field),
        reflection_(message.GetReflection()) {}

  bool write(const Value& value) {
    switch (field_->cpp_type()) {
      case Field::CPPTYPE_INT32:
        return value.kind() == Kind::kInt && fits<int32_t>(value.integer()) &&
               put<int32_t>(&pb::Reflection::SetInt32, &pb::Reflection::AddInt32, value.integer());
      case Field::CPPTYPE_ENUM:
        return value.kind() == Kind::kInt && fits<int32_t>(value.integer()) &&
               put<int>(&pb::Reflection::SetEnumValue, &pb::Reflection::AddEnumValue,
                        value.integer());
      case Field::CPPTYPE_INT64:
        return value.kind() == Kind::kInt &&
               put<int64_t>(&pb::Reflection::SetInt64, &pb::Reflection::AddInt64, value.integer());
      case Field::CPPTYPE_UINT32:
        return value.kind() == Kind::kUint && value.natural() <= UINT32_MAX &&
               put<uint32_t>(&pb::Reflection::SetUInt32, &pb::Reflection::AddUInt32,
                             value.natural());
      case Field::CPPTYPE_UINT64:
        return value.kind() == Kind::kUint &&
               put<uint64_t>(&pb::Reflection::SetUInt64, &pb::Reflection::AddUInt64,
                             value.natural());
      case Field::CPPTYPE_DOUBLE:
        return value.kind() == Kind::kDouble &&
               put<double>(&pb::Reflection::SetDouble, &pb::Reflection::AddDouble, value.real());
      case Field::CPPTYPE_FLOAT:
        return value.kind() == Kind::kDouble &&
               put<float>(&pb::Reflection::SetFloat, &pb::Reflection::AddFloat, value.real());
      case Field::CPPTYPE_BOOL:
        return value.kind() == Kind::kBool &&
               put<bool>(&pb::Reflection::SetBool, &pb::Reflection::AddBool, value.boolean());
      case Field::CPPTYPE_STRING:
        return write_text(value);
      case Field::CPPTYPE_MESSAGE:
        return write_message(value);
    }
    return false;
  }

 private:
  template <typename T>
  static bool fits(int64_t value) {
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  }

  template <typename T, typename V>
  bool put(void (pb::Reflection::*set)(pb::Message*, const Field*, T) const,
           void (pb::Reflection::*add)(pb::Message*, const Field*, T) const, V value) {
    (reflection_->*(field_->is_repeated() ? add : set))(&message_, field_, static_cast<T>(value));
    return true;
  }

  bool write_text(const Value& value) {
    if (value.kind() != (field_->type() == Field::TYPE_BYTES ? Kind::kBytes : Kind::kString))
      return false;
    if (!evaluation_.charge(value.text().size() / 16)) return false;
    if (field_->is_repeated()) {
      reflection_->AddString(&message_, field_, std::string(value.text()));
    } else {
      reflection_->SetString(&message_, field_, std::string(value.text()));
    }
    return true;
  }

  bool write_message(const Value& value) {
    // null leaves a field unset, and goes into no list, but for those that can hold it.
    const auto type = field_->message_type()->well_known_type();
    const bool holds_null = type == pb::Descriptor::WELLKNOWNTYPE_VALUE ||
                            (type == pb::Descriptor::WELLKNOWNTYPE_ANY && field_->is_repeated());
    if (value.kind() == Kind::kNull && !holds_null)
      return !field_->is_repeated() || type != pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
    pb::Message* inner = field_->is_repeated() ? reflection_->AddMessage(&message_, field_)
                                               : reflection_->MutableMessage(&message_, field_);
    return fill(*inner, value);
  }

  bool copy(pb::Message& into, const Value& value) {
    if (value.kind() != Kind::kMessage || value.message().GetDescriptor() != into.GetDescriptor() ||
        !evaluation_.charge(1 + value.message().ByteSizeLong() / 16))
      return false;
    into.CopyFrom(value.message());
    return true;
  }

  bool fill(pb::Message& into, const Value& value) {
    const pb::Descriptor* type = into.GetDescriptor();
    if (!evaluation_.charge(1)) return false;
    switch (type->well_known_type()) {
      case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
        return copy(into, value);
      case pb::Descriptor::WELLKNOWNTYPE_DURATION:
        return value.kind() == Kind::kDuration && fill_moment(into, value.moment());
      case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
        return value.kind() == Kind::kTimestamp && fill_moment(into, value.moment());
      case pb::Descriptor::WELLKNOWNTYPE_VALUE:
        return fill_dynamic(into, value);
      case pb::Descriptor::WELLKNOWNTYPE_ANY:
        return fill_any(into, value);
      default:
        return set_field(evaluation_, into, type->FindFieldByNumber(1), value);
    }
  }

  static bool fill_moment(pb::Message& into, Moment moment) {
    const pb::Descriptor* type = into.GetDescriptor();
    into.GetReflection()->SetInt64(&into, type->FindFieldByNumber(1), moment.seconds);
    into.GetReflection()->SetInt32(&into, type->FindFieldByNumber(2), moment.nanos);
    return true;
  }

  /// google.protobuf.Value: null, number, string, bool, struct, list are its fields 1 to 6.
  bool fill_dynamic(pb::Message& into, const Value& value) {
    const pb::Descriptor* type = into.GetDescriptor();
    auto set = [&](int number, const Value& one) {
      return set_field(evaluation_, into, type->FindFieldByNumber(number), one);
    };
    switch (value.kind()) {
      case Kind::kNull:
        return set(1, Value::of_int(0));
      case Kind::kDouble:
        return set(2, value);
      case Kind::kInt:
        if (value.integer() > kWholeMax || value.integer() < -kWholeMax)
          return set(3, shown(value));
        return set(2, Value::of_double(static_cast<double>(value.integer())));
      case Kind::kUint:
        if (value.natural() > static_cast<uint64_t>(kWholeMax)) return set(3, shown(value));
        return set(2, Value::of_double(static_cast<double>(value.natural())));
      case Kind::kDuration:
      case Kind::kTimestamp:
        return set(3, shown(value));
      case Kind::kString:
        return set(3, value);
      case Kind::kBool:
        return set(4, value);
      case Kind::kMap:
        return set(5, value);
      case Kind::kList:
        return set(6, value);
      default:
        return false;
    }
  }

  /// As JSON has it: what is no number of a double's, as text.
  static constexpr int64_t kWholeMax = int64_t{1} << 53;
  Value shown(const Value& value) {
    std::string text;
    append_text(evaluation_, text, value);
    return evaluation_.string(text);
  }

  bool fill_any(pb::Message& into, const Value& value) {
    if (const pb::Message* holder = holder_of(value.kind())) {
      pb::Message* held = holder->New(&evaluation_.messages());
      return fill(*held, value) && fill_any(into, Value::of_message(held));
    }
    if (value.kind() != Kind::kMessage ||
        !evaluation_.charge(1 + value.message().ByteSizeLong() / 16))
      return false;
    const pb::Descriptor* type = into.GetDescriptor();
    const pb::Reflection* reflection = into.GetReflection();
    reflection->SetString(&into, type->FindFieldByNumber(1),
                          "type.googleapis.com/" + value.message().GetDescriptor()->full_name());
    reflection->SetString(&into, type->FindFieldByNumber(2), value.message().SerializeAsString());
    return true;
  }

  Evaluation& evaluation_;
  pb::Message& message_;
  const Field* field_;
  const pb::Reflection* reflection_;
};

bool set_map(Evaluation& evaluation, pb::Message& message, const Field* field, const Map& map) {
  const pb::Descriptor* entry = field->message_type();
  const pb::Descriptor* type = entry->map_value()->message_type();
  for (size_t i = 0; i < map.size(); ++i) {
    if (!evaluation.charge(1)) return false;
    // As a list: null is no value of it.
    if (type && type->well_known_type() != pb::Descriptor::WELLKNOWNTYPE_VALUE &&
        type->well_known_type() != pb::Descriptor::WELLKNOWNTYPE_ANY &&
        map.value_at(evaluation, i).kind() == Kind::kNull)
      continue;
    pb::Message* pair = message.GetReflection()->AddMessage(&message, field);
    if (!set_field(evaluation, *pair, entry->map_key(), map.key_at(evaluation, i)) ||
        !set_field(evaluation, *pair, entry->map_value(), map.value_at(evaluation, i)))
      return false;
  }
  return true;
}

}  // namespace

pb::Message* new_message(Evaluation& evaluation, pb::MessageFactory& factory,
                         const pb::Descriptor* type) {
  const pb::Message* prototype = factory.GetPrototype(type);
  return prototype ? prototype->New(&evaluation.messages()) : nullptr;
}

bool set_field(Evaluation& evaluation, pb::Message& message, const Field* field,
               const Value& value) {
  if (field->is_map())
    return value.kind() == Kind::kMap && set_map(evaluation, message, field, value.map());
  FieldWriter writer(evaluation, message, field);
  if (!field->is_repeated()) return writer.write(value);
  if (value.kind() != Kind::kList) return false;
  const List& list = value.list();
  for (size_t i = 0; i < list.size(); ++i) {
    if (!evaluation.charge(1) || !writer.write(list.at(evaluation, i))) return false;
  }
  return true;
}

}  // namespace bia::cel
