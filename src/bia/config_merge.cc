// What the sources make together: merged maps, with their placeholders filled in.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "bia/config_node.h"

namespace bia::config_detail {
namespace {

using Node = Config::Node;

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
  if (node.kind == Node::Kind::kScalar && node.text.find("${") != std::string::npos) {
    // In JSON and TOML a placeholder stands in quotes whatever it stands for.
    if (node.text.starts_with("${") && node.text.find('}') == node.text.size() - 1)
      node.quoted = false;
    node.text = BIA_TRY(replaced(node, root));
  }
  for (auto& [key, value] : node.map) BIA_TRY(resolve(value, root));
  for (Node& item : node.list) BIA_TRY(resolve(item, root));
  return {};
}

}  // namespace

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
