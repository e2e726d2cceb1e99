// What the sources make together: merged maps, with their placeholders filled in.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "bia/config/config_node.h"

namespace bia::config_detail {
namespace {

using Node = Config::Node;

/// What may be a key or a variable; all else may be a piece of a secret, and is not shown.
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '/';
  });
}

std::string unescaped(std::string_view text) {
  std::string out(text);
  for (size_t at = 0; (at = out.find("$${", at)) != std::string::npos; ++at) out.erase(at, 1);
  return out;
}

/// What "${KEY}" or "${KEY:default}" stands for.
Result<std::string> meaning(std::string_view inside, const Node& node, const Node& root) {
  const size_t colon = inside.find(':');
  const std::string key(inside.substr(0, colon));
  const Node* found = find(root, key);
  if (found && found->kind == Node::Kind::kScalar) return unescaped(found->text);
  if (const char* variable = getenv(key.c_str())) return std::string(variable);
  if (colon != std::string_view::npos) return unescaped(inside.substr(colon + 1));
  constexpr std::string_view kEscape = "or \"$${\" for a \"${\" itself";
  if (!is_name(key)) {
    return error_at(node,
                    fmt::format("what stands in \"${{…}}\" is neither a key nor an environment "
                                "variable; write ${{KEY}}, ${{KEY:default}}, {}",
                                kEscape));
  }
  return error_at(node,
                  fmt::format("${{{0}}} is neither a key nor an environment variable; set it, "
                              "write ${{{0}:default}}, {1}",
                              key, kEscape));
}

/// Replaces the placeholders of one string. Not recursive: placeholders in what one stands for
/// stay as they are. "$${" is "${".
Result<std::string> replaced(const Node& node, const Node& root) {
  std::string out;
  std::string_view rest = node.text;
  while (true) {
    const size_t begin = rest.find("${");
    if (begin == std::string_view::npos) break;
    if (begin > 0 && rest[begin - 1] == '$') {
      out.append(rest.substr(0, begin - 1)).append("${");
      rest.remove_prefix(begin + 2);
      continue;
    }
    const size_t end = rest.find('}', begin);
    if (end == std::string_view::npos) {
      return error_at(node,
                      "a \"${\" without its \"}\"; write ${KEY}, ${KEY:default}, or \"$${\" for a "
                      "\"${\" itself");
    }
    out += rest.substr(0, begin);
    out += BIA_TRY(meaning(rest.substr(begin + 2, end - begin - 2), node, root));
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
