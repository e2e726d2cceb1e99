#include "validate_rules.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

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

int RawRules::highest() const {
  int found = 0;
  for (int i = 0; i < fields_->field_count(); ++i)
    found = std::max(found, fields_->field(i).number());
  return found;
}

int RawRules::highest_of_types() const {
  int found = 0;
  for (int i = 0; i < fields_->field_count(); ++i) {
    const int number = fields_->field(i).number();
    if (number <= 22 || number == 28) found = std::max(found, number);
  }
  return found;
}

namespace {
int64_t nanos_of(const RawRules& duration) {
  return static_cast<int64_t>(duration.unsigned_of(1).value_or(0)) * 1'000'000'000 +
         static_cast<int32_t>(duration.unsigned_of(2).value_or(0));
}
}  // namespace

std::optional<int64_t> RawRules::nanos(int number) const {
  const auto duration = message(number);
  if (!duration) return std::nullopt;
  return nanos_of(*duration);
}

std::vector<int64_t> RawRules::all_nanos(int number) const {
  std::vector<int64_t> list;
  for (const RawRules& one : messages(number)) list.push_back(nanos_of(one));
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
