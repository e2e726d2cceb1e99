#pragma once
#include <optional>
#include <vector>

namespace YAML {
class Node;
}

namespace bia::codec {

constexpr const char* kYamlMergeRule = "<< takes a map, or a list of maps";

/// "<<" takes over the keys of other maps (yaml.org/type/merge.html), where the map, or one before
/// in a list, does not have them itself. In quotes it is a name.
bool is_yaml_merge(const YAML::Node& key);
/// The maps that the value of a "<<" stands for, in order; none where it breaks `kYamlMergeRule`.
std::optional<std::vector<YAML::Node>> merged_maps(const YAML::Node& value);

}  // namespace bia::codec
