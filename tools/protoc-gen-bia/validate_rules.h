#pragma once
#include <google/protobuf/unknown_field_set.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output.h"

namespace bia::protoc {

/// A message of validate/validate.proto as it stands in an option, read by its field numbers.
class RawRules {
 public:
  RawRules() = default;
  /// The option 1071 of a field; none where it is not there.
  static std::optional<RawRules> of(const pb::FieldDescriptor* field);
  /// The same for an option of any number of any descriptor's options.
  static std::optional<RawRules> of_option(const pb::Message& options, int number);

  bool has(int number) const;
  bool flag(int number) const { return unsigned_of(number).value_or(0) != 0; }
  std::optional<uint64_t> unsigned_of(int number) const;
  std::optional<std::string> text(int number) const;
  std::vector<std::string> texts(int number) const;
  std::optional<RawRules> message(int number) const;
  /// Each of a repeated message.
  std::vector<RawRules> messages(int number) const;
  /// The highest number of a field that is there.
  int highest() const;
  /// Of those that hold rules of a type (1 to 22, 28); 0 for none.
  int highest_of_types() const;
  /// Numbers of a field, as the rule's type has them on the wire.
  std::vector<pb::UnknownField> values(int number) const;
  /// Nanoseconds of a google.protobuf.Duration.
  std::optional<int64_t> nanos(int number) const;
  std::vector<int64_t> all_nanos(int number) const;
  /// The first of these that is there; 0 for none.
  int first_of(std::initializer_list<int> numbers) const;

 private:
  // Shared, because it cannot be moved.
  std::shared_ptr<pb::UnknownFieldSet> fields_ = std::make_shared<pb::UnknownFieldSet>();
};

/// The option 1071 of a message (`disabled`) or a oneof (`required`).
bool bool_option(const pb::Message& options, int number);

}  // namespace bia::protoc
