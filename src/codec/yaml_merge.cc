#include "codec/yaml_merge.h"

#include <yaml-cpp/yaml.h>

namespace bia::codec {

bool is_yaml_merge(const YAML::Node& key) {
  return key.IsScalar() && key.Scalar() == "<<" && key.Tag() != "!";
}

std::optional<std::vector<YAML::Node>> merged_maps(const YAML::Node& value) {
  std::vector<YAML::Node> maps;
  if (value.IsMap()) {
    maps.push_back(value);
    return maps;
  }
  if (!value.IsSequence()) return std::nullopt;
  for (const auto& item : value) {
    if (!item.IsMap()) return std::nullopt;
    maps.push_back(item);
  }
  return maps;
}

}  // namespace bia::codec
