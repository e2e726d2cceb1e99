#pragma once
#include <string_view>

#include "cel/value.h"

namespace google::protobuf {
class MessageFactory;
}

namespace bia::cel {

/// A message as expressions see it: well-known types are times, scalars, maps, lists; an Any is
/// what it holds.
Value value_of(Evaluation& evaluation, const google::protobuf::Message& message);

/// A field, with its default where it is not set; a wrapper that is not set is null.
Value field_of(Evaluation& evaluation, const google::protobuf::Message& message,
               const google::protobuf::FieldDescriptor* field);
/// One element of a repeated field.
Value element_of(Evaluation& evaluation, const google::protobuf::Message& message,
                 const google::protobuf::FieldDescriptor* field, int index);

/// What `has(message.field)` says: set, not empty, or other than zero.
bool has_field(const google::protobuf::Message& message,
               const google::protobuf::FieldDescriptor* field);

/// A message of a literal. Owned by the evaluation. Null where the type cannot be made.
google::protobuf::Message* new_message(Evaluation& evaluation,
                                       google::protobuf::MessageFactory& factory,
                                       const google::protobuf::Descriptor* type);
/// Sets a field of it. False where the value does not fit; `null` leaves a message unset.
bool set_field(Evaluation& evaluation, google::protobuf::Message& message,
               const google::protobuf::FieldDescriptor* field, const Value& value);

}  // namespace bia::cel
