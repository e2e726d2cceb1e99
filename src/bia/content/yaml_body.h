#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace YAML {
class Node;
}

namespace bia {

/// Bytes of JSON above which a YAML body is refused: aliases may repeat a lot.
inline constexpr size_t kYamlJsonBytesMax = 16 * 1024 * 1024;
/// Nesting above which a YAML body is refused, its aliases filled in or not.
inline constexpr int kYamlTextDepthMax = 64;
/// Keys that all "<<" of a body may bring, those that are there already among them: aliases in one
/// may repeat a lot and write nothing.
inline constexpr size_t kYamlMergedKeysMax = 100'000;

/// The first document of a body. Errors: kInvalidArgument CODEC.
Result<YAML::Node> load_yaml(std::string_view yaml);

/// A YAML body as the JSON that it stands for: plain scalars that look like null, a bool or a
/// number are those (YAML 1.2's core schema), all others strings. Errors: kInvalidArgument.
Result<void> yaml_to_json(std::string_view yaml, std::string& json);
/// Of a node that stands `depth` deep. Returns how many values it holds, itself among them.
Result<size_t> yaml_to_json(const YAML::Node& yaml, int depth, std::string& json);
/// Appends a key and its ':', as Go's yaml.v3: one of more than 128 characters after a '?' on a
/// line of its own, since YAML knows none above 1,024 before a ':'. `indent` is where its line
/// begins.
void append_yaml_key(std::string& out, std::string_view key, size_t indent);
/// Appends valid JSON as YAML in block style.
void json_to_yaml(std::string_view json, std::string& yaml);

}  // namespace bia
