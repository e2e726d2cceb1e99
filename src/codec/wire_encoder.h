#pragma once
#include <fmt/format.h>

#include "codec/wire_table_impl.h"

namespace bia::codec {

/// One message being encoded.
class WireEncoder {
 public:
  WireEncoder(JsonSource& in, std::string& wire, UnknownFields unknown)
      : in_(in), wire_(wire), unknown_(unknown) {}

  bool message(const MessageTable& table, int depth);

 private:
  enum class Tag { kWrite, kNone };
  enum class Default { kWrite, kOmit };

  bool fields(const MessageTable& table, int depth);
  bool field(const FieldTable& field, int depth);
  bool list(const FieldTable& field, int depth);
  bool map(const FieldTable& field, int depth);
  /// A singular value, or one of a list. `omit`: a default is left out (singular fields without
  /// presence).
  bool value(const FieldTable& field, Tag tag, Default zero, int depth);
  bool map_key(const FieldTable& field, const std::string& text);
  bool submessage(const FieldTable& field, int depth);

  bool text(const FieldTable& field, Tag tag, Default zero);
  bool boolean(const FieldTable& field, Tag tag, Default zero);
  bool real(const FieldTable& field, Tag tag, Default zero);
  template <typename T>
  bool take_real(const FieldTable& field, T& value);
  bool enumeration(const FieldTable& field, Tag tag, Default zero);
  bool signed_integer(const FieldTable& field, Tag tag, Default zero);
  bool unsigned_integer(const FieldTable& field, Tag tag, Default zero);
  void put_integer(const FieldTable& field, Tag tag, int64_t value);

  bool timestamp();
  bool duration();
  bool field_mask();
  bool struct_fields(int depth);
  bool list_values(int depth);
  bool json_value(int depth);

  /// Of a WellKnownType: field numbers of struct.proto.
  static constexpr uint32_t kStructFields = 1, kValueNull = 1, kValueNumber = 2, kValueString = 3,
                            kValueBool = 4, kValueStruct = 5, kValueList = 6, kListValues = 1;

  bool bad(const FieldTable& field) {
    // Of a string or a composite the token is still to be taken.
    std::string_view ignored;
    if (in_.peek() == JsonSource::Kind::kFailed) return false;
    if (in_.peek() == JsonSource::Kind::kString && !in_.take_string(ignored)) return false;
    return bad_taken(field);
  }
  bool bad_taken(const FieldTable& field) {
    if (!in_.failed())
      in_.fail(
          fmt::format("invalid value for {} field {}: {}", field.kind, field.json_name, in_.raw()));
    return false;
  }
  void tag(const FieldTable& field, Tag write) {
    if (write == Tag::kWrite) append_tag(wire_, field.number, field.wire_type);
  }

  JsonSource& in_;
  std::string& wire_;
  UnknownFields unknown_;
};

}  // namespace bia::codec
