#include "validate_rules.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "bia/cel/formats.h"

namespace bia::protoc {
namespace {
constexpr int kRules = 1071;
}

std::optional<RawRules> RawRules::of(const pb::FieldDescriptor* field) {
  return of_option(field->options(), kRules);
}

std::optional<RawRules> RawRules::of_option(const pb::Message& from, int number) {
  const pb::UnknownFieldSet& options = from.GetReflection()->GetUnknownFields(from);
  std::string bytes;
  bool found = false;
  for (int i = 0; i < options.field_count(); ++i) {
    if (options.field(i).number() != number ||
        options.field(i).type() != pb::UnknownField::TYPE_LENGTH_DELIMITED)
      continue;
    bytes += options.field(i).length_delimited();
    found = true;
  }
  RawRules rules;
  if (!found || !rules.fields_->ParseFromString(bytes)) return std::nullopt;
  return rules;
}

bool RawRules::has(int number) const { return !values(number).empty(); }

std::vector<pb::UnknownField> RawRules::values(int number) const {
  std::vector<pb::UnknownField> list;
  for (int i = 0; i < fields_->field_count(); ++i) {
    if (fields_->field(i).number() == number) list.push_back(fields_->field(i));
  }
  return list;
}

std::optional<uint64_t> RawRules::unsigned_of(int number) const {
  const auto list = values(number);
  if (list.empty() || list.back().type() != pb::UnknownField::TYPE_VARINT) return std::nullopt;
  return list.back().varint();
}

std::vector<std::string> RawRules::texts(int number) const {
  std::vector<std::string> list;
  for (const pb::UnknownField& one : values(number)) {
    if (one.type() == pb::UnknownField::TYPE_LENGTH_DELIMITED)
      list.push_back(one.length_delimited());
  }
  return list;
}

std::optional<std::string> RawRules::text(int number) const {
  const auto list = texts(number);
  if (list.empty()) return std::nullopt;
  return list.back();
}

std::optional<RawRules> RawRules::message(int number) const {
  std::string bytes;
  for (const std::string& one : texts(number)) bytes += one;
  RawRules rules;
  if (texts(number).empty() || !rules.fields_->ParseFromString(bytes)) return std::nullopt;
  return rules;
}

std::vector<RawRules> RawRules::messages(int number) const {
  std::vector<RawRules> list;
  for (const std::string& one : texts(number)) {
    RawRules rules;
    if (rules.fields_->ParseFromString(one)) list.push_back(std::move(rules));
  }
  return list;
}

std::vector<int> RawRules::numbers_from(int least) const {
  std::vector<int> found;
  for (int i = 0; i < fields_->field_count(); ++i) {
    const int number = fields_->field(i).number();
    if (number >= least && std::find(found.begin(), found.end(), number) == found.end())
      found.push_back(number);
  }
  return found;
}

std::string RawRules::bytes() const {
  std::string bytes;
  fields_->SerializeToString(&bytes);
  return bytes;
}

int RawRules::highest_of_types() const {
  int found = 0;
  for (int i = 0; i < fields_->field_count(); ++i) {
    const int number = fields_->field(i).number();
    if (number <= 22 || number == 28) found = std::max(found, number);
  }
  return found;
}

bool Moment::is_wide() const {
  // The limit of bia::rules::nanos, which clamps what is beyond.
  constexpr int64_t kMax = INT64_MAX / 1'000'000'000 - 1;
  return seconds <= -kMax || seconds >= kMax;
}

bool Moment::is_duration() const { return rules::is_duration(seconds, nanos); }
bool Moment::is_timestamp() const { return rules::is_timestamp(seconds, nanos); }

std::string MomentCode::of_field(const std::string& value) const {
  return fmt::format("{0}({1}.seconds(), {1}.nanos())",
                     wide ? "std::pair<int64_t, int32_t>" : "::bia::rules::nanos", value);
}

std::string MomentCode::of_rule(const Moment& moment) const {
  if (wide) return fmt::format("std::pair<int64_t, int32_t>({}, {})", moment.seconds, moment.nanos);
  return fmt::format("int64_t{{{}}}", moment.in_nanos());
}

namespace {
Moment moment_of(const RawRules& message) {
  return {static_cast<int64_t>(message.unsigned_of(1).value_or(0)),
          static_cast<int32_t>(message.unsigned_of(2).value_or(0))};
}
}  // namespace

std::optional<Moment> RawRules::moment(int number) const {
  const auto found = message(number);
  if (!found) return std::nullopt;
  return moment_of(*found);
}

std::vector<Moment> RawRules::moments(int number) const {
  std::vector<Moment> list;
  for (const RawRules& one : messages(number)) list.push_back(moment_of(one));
  return list;
}

int RawRules::first_of(std::initializer_list<int> numbers) const {
  for (int number : numbers) {
    if (has(number)) return number;
  }
  return 0;
}

bool bool_option(const pb::Message& options, int number) {
  const pb::UnknownFieldSet& fields = options.GetReflection()->GetUnknownFields(options);
  bool value = false;
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == number &&
        fields.field(i).type() == pb::UnknownField::TYPE_VARINT)
      value = fields.field(i).varint() != 0;
  }
  return value;
}

}  // namespace bia::protoc
