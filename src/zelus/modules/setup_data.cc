#include "zelus/modules/setup_data.h"

#include <rapidjson/document.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace zelus::modules {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string_view text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

void sort_keys(rapidjson::Value& value) {
  if (value.IsArray()) {
    for (rapidjson::Value& element : value.GetArray()) sort_keys(element);
  } else if (value.IsObject()) {
    std::sort(value.MemberBegin(), value.MemberEnd(),
              [](const auto& a, const auto& b) { return text_of(a.name) < text_of(b.name); });
    for (auto& member : value.GetObject()) sort_keys(member.value);
  }
}

}  // namespace

std::string setup_data_json(std::string json) {
  // Most setups return an array, a token or nothing: no keys to sort.
  if (json.find('{') == std::string::npos) return json;
  rapidjson::Document document;
  // Iterative: how deep the data nests is the script's choice, and this runs on a fiber's stack.
  document.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag>(json.data(),
                                                                                      json.size());
  if (document.HasParseError()) return json;
  sort_keys(document);
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace zelus::modules
