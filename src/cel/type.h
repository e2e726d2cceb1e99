#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace bia::cel {

/// What a value is. kDyn is of types alone: known only when the expression is evaluated.
enum class Kind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kDuration,
  kTimestamp,
  kList,
  kMap,
  kMessage,
  kType,
  kError,
  kDyn,
};

/// "int", "google.protobuf.Timestamp": as `type(x)` names it. Messages are named by their type.
std::string_view kind_name(Kind kind);

/// What an expression is known to be before it is evaluated. Belongs to a `Types`.
struct Type {
  Kind kind = Kind::kDyn;
  bool nullable = false;  ///< A wrapper (google.protobuf.Int32Value): its scalar, or null.
  const google::protobuf::Descriptor* message = nullptr;
  const Type* key = nullptr;      ///< Of a map.
  const Type* element = nullptr;  ///< Of a list or map.
};

/// Makes types, and keeps them.
class Types {
 public:
  const Type* of(Kind kind);
  const Type* list_of(const Type* element);
  const Type* map_of(const Type* key, const Type* element);
  const Type* of_message(const google::protobuf::Descriptor* message);
  /// Of a field as a whole: a list for a repeated one.
  const Type* of_field(const google::protobuf::FieldDescriptor* field);
  /// Of one element of a repeated field, or of a field that is not repeated.
  const Type* of_element(const google::protobuf::FieldDescriptor* field);

 private:
  const Type* add(Type type);
  std::deque<Type> list_;
};

/// "list(int)", "map(string, dyn)", "shop.v1.Order".
std::string type_text(const Type& type);
/// Whether a value of `from` may stand where `to` is wanted; what is unknown may.
bool is_assignable(const Type& from, const Type& to);

/// Whether both promise the same.
bool is_same(const Type& a, const Type& b);

}  // namespace bia::cel
