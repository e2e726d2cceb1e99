#include "cel/names.h"

#include <google/protobuf/descriptor.h>

namespace bia::cel {
namespace pb = google::protobuf;

template <typename F>
auto Names::each_scope(std::string_view name, F&& find) const {
  if (name.starts_with('.')) return find(std::string(name.substr(1)));
  std::string_view scope = environment_.container;
  while (!scope.empty()) {
    if (auto found = find(std::string(scope) + "." + std::string(name))) return found;
    const size_t dot = scope.rfind('.');
    scope = scope.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return find(std::string(name));
}

const pb::Descriptor* Names::find_message(const std::string& name) const {
  const pb::Descriptor* found =
      environment_.pool ? environment_.pool->FindMessageTypeByName(name) : nullptr;
  return found ? found : pb::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
}

const pb::EnumDescriptor* Names::find_enum(const std::string& name) const {
  const pb::EnumDescriptor* found =
      environment_.pool ? environment_.pool->FindEnumTypeByName(name) : nullptr;
  return found ? found : pb::DescriptorPool::generated_pool()->FindEnumTypeByName(name);
}

const pb::Descriptor* Names::message(std::string_view name) const {
  return each_scope(name, [&](const std::string& full) { return find_message(full); });
}

std::optional<Value> Names::find_constant(const std::string& name) const {
  for (Kind kind :
       {Kind::kNull, Kind::kBool, Kind::kInt, Kind::kUint, Kind::kDouble, Kind::kString,
        Kind::kBytes, Kind::kDuration, Kind::kTimestamp, Kind::kList, Kind::kMap, Kind::kType}) {
    if (kind_name(kind) == name) return Value::of_type(kind_name(kind));
  }
  if (const pb::Descriptor* type = find_message(name)) return Value::of_type(type->full_name());
  const size_t dot = name.rfind('.');
  const pb::EnumDescriptor* type =
      dot == std::string::npos ? nullptr : find_enum(name.substr(0, dot));
  const pb::EnumValueDescriptor* value =
      type ? type->FindValueByName(name.substr(dot + 1)) : nullptr;
  if (!value) return std::nullopt;
  return Value::of_int(value->number());
}

std::optional<Value> Names::constant(std::string_view name) const {
  return each_scope(name, [&](const std::string& full) { return find_constant(full); });
}

}  // namespace bia::cel
