// yaml-cpp reports by exceptions; none leaves this file.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>

#include "codec/yaml_check.h"
#include "codec/yaml_fault.h"
#include "zelus/ghz/config_file.h"

namespace zelus::ghz {
namespace {

using Allocator = rapidjson::Document::AllocatorType;
using rapidjson::Value;

constexpr size_t kDepthMax = 100;

Value text_value(const std::string& text, Allocator& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

/// YAML 1.2's core schema, for what is not quoted.
Value scalar(const YAML::Node& yaml, Allocator& allocator) {
  const std::string& text = yaml.Scalar();
  if (yaml.Tag() == "!") return text_value(text, allocator);
  if (text == "true" || text == "false") return Value(text == "true");
  auto whole = [&text](auto& number) {
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size();
  };
  int64_t number = 0;
  if (whole(number)) return Value(number);
  double real = 0;
  if (text.find_first_of("0123456789") != std::string::npos && whole(real)) return Value(real);
  return text_value(text, allocator);
}

Value convert(const YAML::Node& yaml, size_t depth, Allocator& allocator) {
  if (depth > kDepthMax)
    throw YAML::RepresentationException(yaml.Mark(), "more than 100 levels deep");
  switch (yaml.Type()) {
    case YAML::NodeType::Scalar:
      return scalar(yaml, allocator);
    case YAML::NodeType::Sequence: {
      Value out(rapidjson::kArrayType);
      for (const auto& item : yaml) out.PushBack(convert(item, depth + 1, allocator), allocator);
      return out;
    }
    case YAML::NodeType::Map: {
      Value out(rapidjson::kObjectType);
      for (const auto& entry : yaml)
        out.AddMember(text_value(entry.first.Scalar(), allocator),
                      convert(entry.second, depth + 1, allocator), allocator);
      return out;
    }
    default:
      return {};
  }
}

}  // namespace

bia::Result<void> parse_yaml_config(std::string_view text, rapidjson::Document& document) {
  const std::string yaml(text);
  try {
    bia::codec::check_yaml_file(yaml);
    Value root = convert(YAML::Load(yaml), 0, document.GetAllocator());
    static_cast<Value&>(document) = root;
    return {};
  } catch (const YAML::Exception& error) {
    const bia::codec::YamlFault fault = bia::codec::explain_yaml(yaml, error);
    return bia::Error(bia::Code::kInvalidArgument, "BAD_YAML",
                      fmt::format("line {}: {}", fault.line, fault.what));
  }
}

}  // namespace zelus::ghz
