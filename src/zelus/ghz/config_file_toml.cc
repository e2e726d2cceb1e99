// toml++ is in this file alone: it takes seconds to include.
#include <fmt/format.h>

#include "zelus/ghz/config_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace zelus::ghz {
namespace {

using Allocator = rapidjson::Document::AllocatorType;
using rapidjson::Value;

Value text_value(std::string_view text, Allocator& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

Value convert(const toml::node& node, Allocator& allocator) {
  if (const toml::table* table = node.as_table()) {
    Value out(rapidjson::kObjectType);
    for (const auto& [key, value] : *table)
      out.AddMember(text_value(key.str(), allocator), convert(value, allocator), allocator);
    return out;
  }
  if (const toml::array* array = node.as_array()) {
    Value out(rapidjson::kArrayType);
    for (const toml::node& item : *array) out.PushBack(convert(item, allocator), allocator);
    return out;
  }
  if (const auto* text = node.as_string()) return text_value(text->get(), allocator);
  if (const auto* number = node.as_integer()) return Value(number->get());
  if (const auto* number = node.as_floating_point()) return Value(number->get());
  if (const auto* flag = node.as_boolean()) return Value(flag->get());
  return {};
}

}  // namespace

bia::Result<void> parse_toml_config(std::string_view text, rapidjson::Document& document) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return bia::Error(bia::Code::kInvalidArgument, "BAD_TOML",
                      fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
  Value root = convert(parsed.table(), document.GetAllocator());
  static_cast<Value&>(document) = root;
  return {};
}

}  // namespace zelus::ghz
