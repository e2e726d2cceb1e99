#pragma once
#include <google/protobuf/unknown_field_set.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output.h"

namespace bia::protoc {

/// A google.protobuf.Duration or Timestamp of a rule.
struct Moment {
  int64_t seconds = 0;
  int32_t nanos = 0;

  /// Beyond the 292 years that nanoseconds of 64 bits reach.
  bool is_wide() const;
  /// In the limits of google/protobuf/duration.proto, or timestamp.proto.
  bool is_duration() const;
  bool is_timestamp() const;
  /// Only where it is not wide.
  int64_t in_nanos() const { return seconds * 1'000'000'000 + nanos; }
  auto operator<=>(const Moment&) const = default;
};

/// How generated code compares the moments of one field: as nanoseconds, or, where a rule's is
/// wide, as pairs of seconds and nanoseconds.
struct MomentCode {
  bool wide = false;
  /// `value` is an expression of the message.
  std::string of_field(const std::string& value) const;
  std::string of_rule(const Moment& moment) const;
};

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
  /// Of the fields that are there, each once.
  std::vector<int> numbers_from(int least) const;
  /// All of it, as it stands on the wire.
  std::string bytes() const;
  /// Of those that hold rules of a type (1 to 22, 28); 0 for none.
  int highest_of_types() const;
  /// Numbers of a field, as the rule's type has them on the wire.
  std::vector<pb::UnknownField> values(int number) const;
  /// A google.protobuf.Duration or Timestamp.
  std::optional<Moment> moment(int number) const;
  std::vector<Moment> moments(int number) const;
  /// The first of these that is there; 0 for none.
  int first_of(std::initializer_list<int> numbers) const;

 private:
  // Shared, because it cannot be moved.
  std::shared_ptr<pb::UnknownFieldSet> fields_ = std::make_shared<pb::UnknownFieldSet>();
};

/// The option 1071 of a message (`disabled`) or a oneof (`required`).
bool bool_option(const pb::Message& options, int number);

}  // namespace bia::protoc
