#include "bia/bia/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "bia/config/config_node.h"

namespace bia {

Config::Node::Node() = default;
Config::Node::Node(const Node&) = default;
Config::Node::Node(Node&&) noexcept = default;
Config::Node& Config::Node::operator=(const Node&) = default;
Config::Node& Config::Node::operator=(Node&&) noexcept = default;
Config::Node::~Node() = default;

using config_detail::error_at;

Config::Config(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

const Config::Node* Config::find(std::string_view key) const {
  return config_detail::find(*root_, key);
}

bool Config::same(const Config& other, std::string_view key) const {
  const Node* mine = find(key);
  const Node* theirs = other.find(key);
  return mine && theirs ? config_detail::same_value(*mine, *theirs) : mine == theirs;
}

bool Config::has(std::string_view key) const {
  const Node* node = find(key);
  return node && node->kind != Node::Kind::kNull;
}

std::vector<std::string> Config::keys(std::string_view key) const {
  std::vector<std::string> names;
  if (const Node* node = find(key)) {
    for (const auto& [name, value] : node->map) names.push_back(name);
  }
  return names;
}

std::string Config::below(std::string_view key, std::string_view name) {
  std::string_view rest = name;
  std::string_view part;
  const bool plain = config_detail::take_part(rest, part) && part == name;
  const std::string written = plain ? std::string(name) : fmt::format("\"{}\"", name);
  return key.empty() ? written : fmt::format("{}.{}", key, written);
}

std::string Config::where(std::string_view key) const {
  const Node* node = find(key);
  return node ? node->where() : std::string();
}

Result<const Config::Node*> Config::scalar(std::string_view key) const {
  const Node* node = find(key);
  if (!node || node->kind == Node::Kind::kNull) {
    return Error(Code::kNotFound, "CONFIG_KEY", fmt::format("the configuration has no {}", key));
  }
  return node;
}

Result<std::string> Config::string(std::string_view key) const {
  const Node* node = BIA_TRY(scalar(key));
  if (node->kind != Node::Kind::kScalar)
    return error_at(*node, fmt::format("{} is not a string", key));
  return node->text;
}

Result<int64_t> Config::integer(std::string_view key) const {
  return config_detail::to_integer(*BIA_TRY(scalar(key)), key);
}
Result<double> Config::real(std::string_view key) const {
  return config_detail::to_real(*BIA_TRY(scalar(key)), key);
}
Result<bool> Config::boolean(std::string_view key) const {
  return config_detail::to_boolean(*BIA_TRY(scalar(key)), key);
}
Result<Duration> Config::duration(std::string_view key) const {
  return config_detail::to_duration(*BIA_TRY(scalar(key)), key);
}

Result<std::vector<std::string>> Config::strings(std::string_view key) const {
  const Node* node = BIA_TRY(scalar(key));
  if (node->kind != Node::Kind::kList) return error_at(*node, fmt::format("{} is not a list", key));
  std::vector<std::string> values;
  for (const Node& item : node->list) {
    if (item.kind != Node::Kind::kScalar)
      return error_at(item, fmt::format("{} has an element that is not a string", key));
    values.push_back(item.text);
  }
  return values;
}

Result<void> Config::scan(std::string_view key, google::protobuf::Message& into) const {
  const Node* node = find(key);
  if (node && node->kind != Node::Kind::kNull) return config_detail::scan_message(*node, key, into);
  return config_detail::check_required(config_detail::nearest(*root_, key), key, into);
}

Result<void> Config::only(std::string_view key,
                          std::initializer_list<std::string_view> known) const {
  const Node* node = find(key);
  if (!node || node->kind == Node::Kind::kNull) return {};
  if (node->kind != Node::Kind::kMap) return error_at(*node, fmt::format("{} is not a map", key));
  for (const auto& [name, value] : node->map) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return config_detail::unknown_key(value, below(key, name), known);
    }
  }
  return {};
}

}  // namespace bia
