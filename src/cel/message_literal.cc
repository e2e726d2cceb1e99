// Messages that expressions make: `shop.v1.Item{name: "x"}`.
#include <google/protobuf/message.h>

#include <cmath>
#include <limits>

#include "cel/evaluation.h"
#include "cel/proto_value.h"

namespace bia::cel {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

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
    const bool null_is_value =
        field_->message_type()->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_VALUE;
    if (value.kind() == Kind::kNull && !null_is_value) return !field_->is_repeated();
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
        return set(2, Value::of_double(static_cast<double>(value.integer())));
      case Kind::kUint:
        return set(2, Value::of_double(static_cast<double>(value.natural())));
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

  bool fill_any(pb::Message& into, const Value& value) {
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
  for (size_t i = 0; i < map.size(); ++i) {
    if (!evaluation.charge(1)) return false;
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
