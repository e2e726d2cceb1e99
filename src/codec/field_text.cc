#include "codec/field_text.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/text.h"
#include "codec/form_values.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

class Put {
 public:
  Put(pb::Message& message, const Field* field) : message_(message), field_(field) {}

  std::string text(std::string& text) const {
    using R = pb::Reflection;
    switch (field_->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        return parsed<bool>(text, &R::SetBool, &R::AddBool);
      case Field::CPPTYPE_INT32:
        return parsed<int32_t>(text, &R::SetInt32, &R::AddInt32);
      case Field::CPPTYPE_INT64:
        return parsed<int64_t>(text, &R::SetInt64, &R::AddInt64);
      case Field::CPPTYPE_UINT32:
        return parsed<uint32_t>(text, &R::SetUInt32, &R::AddUInt32);
      case Field::CPPTYPE_UINT64:
        return parsed<uint64_t>(text, &R::SetUInt64, &R::AddUInt64);
      case Field::CPPTYPE_DOUBLE:
        return parsed<double>(text, &R::SetDouble, &R::AddDouble);
      case Field::CPPTYPE_FLOAT:
        return parsed<float>(text, &R::SetFloat, &R::AddFloat);
      case Field::CPPTYPE_ENUM:
        return enumerator(text);
      case Field::CPPTYPE_STRING:
        value<std::string>(std::move(text), &R::SetString, &R::AddString);
        return {};
      case Field::CPPTYPE_MESSAGE:
        break;
    }
    return "unsupported kind";
  }

 private:
  template <typename T>
  using Setter = void (pb::Reflection::*)(pb::Message*, const Field*, T) const;

  template <typename T>
  void value(T value, Setter<T> set, Setter<T> add) const {
    (message_.GetReflection()->*(field_->is_repeated() ? add : set))(&message_, field_,
                                                                     std::move(value));
  }
  template <typename T>
  std::string parsed(std::string_view text, Setter<T> set, Setter<T> add) const {
    T number{};
    text = trim_space(text);
    std::string wrong = text.empty() ? std::string() : parse_form(text, number);
    if (wrong.empty()) value(number, set, add);
    return wrong;
  }
  /// By its number, as Go does, or by its name.
  std::string enumerator(std::string_view text) const {
    const pb::EnumDescriptor* type = field_->enum_type();
    text = trim_space(text);
    int32_t number = 0;
    if (const auto* known = type->FindValueByName(std::string(text))) {
      number = known->number();
    } else if (!text.empty() && !parse_form(text, number).empty()) {
      return fmt::format("\"{}\" is not a valid value", text);
    }
    value<int>(number, &pb::Reflection::SetEnumValue, &pb::Reflection::AddEnumValue);
    return {};
  }

  pb::Message& message_;
  const Field* field_;
};

}  // namespace

std::string put_text(pb::Message& message, const Field* field, std::string text) {
  return Put(message, field).text(text);
}

}  // namespace bia::codec
