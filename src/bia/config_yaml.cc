#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>

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

/// Replaces the placeholders of one string. Not recursive: what a placeholder stands for is taken
/// as it is.
Result<std::string> replaced(const Node& node, const Node& root) {
  std::string out;
  std::string_view rest = node.text;
  while (true) {
    const size_t begin = rest.find("${");
    const size_t end = begin == std::string_view::npos ? begin : rest.find('}', begin);
    if (begin == std::string_view::npos) break;
    if (end == std::string_view::npos)
      return error_at(node, "a \"${\" without its \"}\"; write ${KEY} or ${KEY:default}");
    const std::string_view inside = rest.substr(begin + 2, end - begin - 2);
    const size_t colon = inside.find(':');
    const std::string key(inside.substr(0, colon));
    out += rest.substr(0, begin);
    const Node* found = find(root, key);
    if (found && found->kind == Node::Kind::kScalar) {
      out += found->text;
    } else if (const char* variable = getenv(key.c_str())) {
      out += variable;
    } else if (colon != std::string_view::npos) {
      out += inside.substr(colon + 1);
    } else {
      return error_at(node, fmt::format("${{{0}}} is neither a key nor an environment variable; "
                                        "set it, or write ${{{0}:default}}",
                                        key));
    }
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

Result<void> resolve(Node& node, const Node& root) {
  if (node.kind == Node::Kind::kScalar && node.text.find("${") != std::string::npos)
    node.text = BIA_TRY(replaced(node, root));
  for (auto& [key, value] : node.map) BIA_TRY(resolve(value, root));
  for (Node& item : node.list) BIA_TRY(resolve(item, root));
  return {};
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

void merge(Node& into, Node from) {
  if (into.kind != Node::Kind::kMap || from.kind != Node::Kind::kMap) {
    into = std::move(from);
    return;
  }
  for (auto& [key, value] : from.map) {
    const auto same =
        std::find_if(into.map.begin(), into.map.end(),
                     [&name = key](const auto& entry) { return entry.first == name; });
    if (same == into.map.end()) {
      into.map.emplace_back(std::move(key), std::move(value));
    } else {
      merge(same->second, std::move(value));
    }
  }
}

Result<void> resolve_placeholders(Node& root) {
  const Node before = root;
  return resolve(root, before);
}

}  // namespace bia::config_detail
