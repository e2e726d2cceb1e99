#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cel/cel.h"

namespace google::protobuf {
class EnumDescriptor;
}

namespace bia::cel {

/// What a name in an expression stands for besides variables: types and constants of enums.
class Names {
 public:
  explicit Names(const Environment& environment) : environment_(environment) {}

  /// In the container's packages from the inside out, then as it is; only that with a leading dot.
  std::optional<Value> constant(std::string_view name) const;
  const google::protobuf::Descriptor* message(std::string_view name) const;

 private:
  template <typename F>
  auto each_scope(std::string_view name, F&& find) const;
  const google::protobuf::Descriptor* find_message(const std::string& name) const;
  const google::protobuf::EnumDescriptor* find_enum(const std::string& name) const;
  std::optional<Value> find_constant(const std::string& name) const;
  const Environment& environment_;
};

}  // namespace bia::cel
