#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "bia/config_node.h"

namespace bia::config_detail {
namespace {

using Node = Config::Node;
using File = std::shared_ptr<const std::string>;

// yaml-cpp reports by exceptions; none leaves this file.
Node convert(const YAML::Node& yaml, const File& file, size_t depth) {
  if (depth > kDepthMax)
    throw YAML::RepresentationException(yaml.Mark(),
                                        fmt::format("nested deeper than {}", kDepthMax));
  Node node;
  node.file = file;
  node.line = yaml.Mark().line + 1;
  switch (yaml.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      break;
    case YAML::NodeType::Scalar:
      node.kind = Node::Kind::kScalar;
      node.text = yaml.Scalar();
      node.quoted = yaml.Tag() == "!";
      break;
    case YAML::NodeType::Sequence:
      node.kind = Node::Kind::kList;
      for (const auto& item : yaml) node.list.push_back(convert(item, file, depth + 1));
      break;
    case YAML::NodeType::Map:
      node.kind = Node::Kind::kMap;
      for (const auto& entry : yaml) {
        if (!entry.first.IsScalar())
          throw YAML::RepresentationException(entry.first.Mark(), "a key must be a string");
        if (node.child(entry.first.Scalar())) {
          throw YAML::RepresentationException(
              entry.first.Mark(), fmt::format("the key {} is there twice", entry.first.Scalar()));
        }
        Node value = convert(entry.second, file, depth + 1);
        // An empty value has no place of its own, and a map's is its first key's.
        value.line = entry.first.Mark().line + 1;
        node.map.emplace_back(entry.first.Scalar(), std::move(value));
      }
      break;
  }
  return node;
}

}  // namespace

Result<Node> parse_yaml(std::string_view yaml, std::string_view name) {
  auto file = std::make_shared<const std::string>(name);
  try {
    const YAML::Node document = YAML::Load(std::string(yaml));
    Node node = convert(document, file, 0);
    if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull)
      return error_at(node, "expected keys, like \"server:\"");
    node.kind = Node::Kind::kMap;
    return node;
  } catch (const YAML::Exception& exception) {
    // yaml-cpp aliases can only repeat what is in the file; its own depth limit makes a
    // DeepRecursion of the rest.
    return Error(
        Code::kInvalidArgument, "CONFIG",
        fmt::format("{}:{}: {}", name, std::max(exception.mark.line, 0) + 1, exception.msg));
  } catch (const std::exception& exception) {
    return Error(Code::kInvalidArgument, "CONFIG", fmt::format("{}: {}", name, exception.what()));
  }
}

}  // namespace bia::config_detail
