#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "bia/config/config_node.h"
#include "codec/yaml_check.h"
#include "codec/yaml_fault.h"
#include "codec/yaml_merge.h"

namespace bia::config_detail {
namespace {

using Node = Config::Node;
using File = std::shared_ptr<const std::string>;

using YAML::NodeType;

/// What aliases may add to a file's own values.
constexpr size_t kAliasedValuesMax = 100'000;

// yaml-cpp reports by exceptions; none leaves this file.
[[noreturn]] void fail(const YAML::Node& at, const std::string& why) {
  throw YAML::RepresentationException(at.Mark(), why);
}

class Converter {
 public:
  Converter(File file, size_t bytes)
      : file_(std::move(file)), values_max_(bytes + kAliasedValuesMax) {}

  Node convert(const YAML::Node& yaml, size_t depth) {
    if (depth > kDepthMax) fail(yaml, fmt::format("nested deeper than {}", kDepthMax));
    Node node;
    node.file = file_;
    node.line = yaml.Mark().line + 1;
    charge(yaml, 0);
    switch (yaml.Type()) {
      case NodeType::Undefined:
      case NodeType::Null:
        break;
      case NodeType::Scalar:
        node.kind = Node::Kind::kScalar;
        charge(yaml, yaml.Scalar().size());
        node.text = yaml.Scalar();
        node.quoted = yaml.Tag() == "!";
        break;
      case NodeType::Sequence:
        node.kind = Node::Kind::kList;
        for (const auto& item : yaml) node.list.push_back(convert(item, depth + 1));
        break;
      case NodeType::Map:
        node.kind = Node::Kind::kMap;
        add_keys(yaml, node, depth);
        break;
    }
    return node;
  }

 private:
  /// A file without aliases has fewer values than bytes.
  void charge(const YAML::Node& at, size_t bytes) {
    constexpr size_t kBytesOfAValue = 32;
    values_ += bytes == 0 ? 1 : bytes / kBytesOfAValue;
    if (values_ > values_max_)
      fail(at, fmt::format("its aliases stand for more than {} values", kAliasedValuesMax));
  }

  void add_keys(const YAML::Node& yaml, Node& into, size_t depth) {
    YAML::Node merged;
    YAML::Mark at;
    bool merges = false;
    for (const auto& entry : yaml) {
      const YAML::Node& key = entry.first;
      if (!key.IsScalar()) fail(key, "a key must be a string");
      const std::string& name = key.Scalar();
      const bool merge = codec::is_yaml_merge(key);
      if (merge ? merges : into.child(name) != nullptr)
        fail(key, fmt::format("the key {} is there twice", name));
      if (merge) {
        merges = true;
        at = key.Mark();
        merged.reset(entry.second);
        continue;
      }
      charge(key, name.size());
      Node value = convert(entry.second, depth + 1);
      // An empty value has no place of its own, and a map's is its first key's.
      value.line = key.Mark().line + 1;
      into.map.emplace_back(name, std::move(value));
    }
    if (merges) take_over(merged, into, depth + 1, at);
  }

  /// Keys that are there stay: the map's own, then those of the first in a list.
  void take_over(const YAML::Node& from, Node& into, size_t depth, const YAML::Mark& at) {
    const auto maps = codec::merged_maps(from);
    if (!maps) throw YAML::RepresentationException(at, codec::kYamlMergeRule);
    for (const YAML::Node& map : *maps) {
      for (auto& [name, value] : convert(map, depth).map) {
        if (!into.child(name)) into.map.emplace_back(std::move(name), std::move(value));
      }
    }
  }

  File file_;
  size_t values_max_;
  size_t values_ = 0;
};

}  // namespace

Result<Node> parse_yaml(std::string_view yaml, std::string_view name) {
  auto file = std::make_shared<const std::string>(name);
  const std::string text(yaml);
  try {
    codec::check_yaml_file(text);
    const YAML::Node document = YAML::Load(text);
    Node node = Converter(file, yaml.size()).convert(document, 0);
    if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull)
      return error_at(node, "expected keys, like \"server:\"");
    node.kind = Node::Kind::kMap;
    return node;
  } catch (const YAML::Exception& exception) {
    const codec::YamlFault fault = codec::explain_yaml(text, exception);
    return Error(Code::kInvalidArgument, "CONFIG",
                 fmt::format("{}:{}: {}", name, fault.line, fault.what));
  } catch (const std::exception& exception) {
    return Error(Code::kInvalidArgument, "CONFIG", fmt::format("{}: {}", name, exception.what()));
  }
}

}  // namespace bia::config_detail
