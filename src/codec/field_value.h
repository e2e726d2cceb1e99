#pragma once
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bia::codec {

/// An enum's value as `visit_scalar` gives it: also one that its type does not name.
struct EnumNumber {
  int number = 0;
};

/// Calls `visit` with a field that is no message, or with an element of its list (`index` is -1 for
/// a singular one), as the type that the .proto gives it: bool, int32_t, int64_t, uint32_t,
/// uint64_t, double, float, EnumNumber, or std::string_view for text and bytes, which lives until
/// `visit` returns. Not for messages.
template <typename Visit>
void visit_scalar(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field, int index, Visit&& visit) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection* r = message.GetReflection();
  const bool list = index >= 0;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return visit(list ? r->GetRepeatedBool(message, field, index) : r->GetBool(message, field));
    case Field::CPPTYPE_INT32:
      return visit(list ? r->GetRepeatedInt32(message, field, index) : r->GetInt32(message, field));
    case Field::CPPTYPE_INT64:
      return visit(list ? r->GetRepeatedInt64(message, field, index) : r->GetInt64(message, field));
    case Field::CPPTYPE_UINT32:
      return visit(list ? r->GetRepeatedUInt32(message, field, index)
                        : r->GetUInt32(message, field));
    case Field::CPPTYPE_UINT64:
      return visit(list ? r->GetRepeatedUInt64(message, field, index)
                        : r->GetUInt64(message, field));
    case Field::CPPTYPE_DOUBLE:
      return visit(list ? r->GetRepeatedDouble(message, field, index)
                        : r->GetDouble(message, field));
    case Field::CPPTYPE_FLOAT:
      return visit(list ? r->GetRepeatedFloat(message, field, index) : r->GetFloat(message, field));
    case Field::CPPTYPE_ENUM:
      return visit(EnumNumber{list ? r->GetRepeatedEnumValue(message, field, index)
                                   : r->GetEnumValue(message, field)});
    case Field::CPPTYPE_STRING: {
      std::string scratch;
      return visit(
          std::string_view(list ? r->GetRepeatedStringReference(message, field, index, &scratch)
                                : r->GetStringReference(message, field, &scratch)));
    }
    case Field::CPPTYPE_MESSAGE:
      return;
  }
}

}  // namespace bia::codec
