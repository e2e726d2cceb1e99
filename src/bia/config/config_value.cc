#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "bia/config/config_node.h"

namespace bia {

std::string Config::Node::where() const {
  if (!file) return {};
  return line > 0 ? fmt::format("{}:{}", *file, line) : *file;
}

namespace config_detail {
namespace {

using Node = Config::Node;

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "empty";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "";
}

Error wrong_type(const Node& node, std::string_view key, std::string_view wanted) {
  if (node.kind != Node::Kind::kScalar)
    return error_at(node, fmt::format("{} is {}; write {}", key, kind_name(node), wanted));
  return error_at(node, fmt::format("{} is not {}", key, wanted));
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Error error_at(const Node& node, std::string message) {
  return Error(Code::kInvalidArgument, "CONFIG", std::move(message)).in(node.where());
}

std::string_view closest(std::string_view name, const std::vector<std::string_view>& names) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  if (name.size() > 64) return best;
  for (std::string_view candidate : names) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Error unknown_key(const Node& node, std::string_view key,
                  const std::vector<std::string_view>& known) {
  const size_t dot = key.rfind('.');
  const std::string_view near =
      closest(dot == std::string_view::npos ? key : key.substr(dot + 1), known);
  if (!near.empty())
    return error_at(node, fmt::format("unknown key {}; did you mean {}?", key, near));
  std::string list;
  for (std::string_view name : known) list.append(list.empty() ? "" : ", ").append(name);
  return error_at(node, fmt::format("unknown key {}; known here: {}", key, list));
}

bool take_part(std::string_view& dotted, std::string_view& part) {
  const size_t quote = dotted.starts_with('"') ? dotted.find('"', 1) : 0;
  if (quote == std::string_view::npos) return false;
  size_t dot = dotted.find('.', quote);
  // "/helloworld.v1.Greeter/SayHello" is one name.
  if (dotted.starts_with('/')) {
    const size_t method = dotted.find('/', 1);
    if (method != std::string_view::npos) dot = dotted.find('.', method);
  }
  part = dotted.substr(0, dot);
  if (quote > 0) {
    if (part.size() != quote + 1) return false;
    part = part.substr(1, quote - 1);
  }
  const bool last = dot == std::string_view::npos;
  // A dot that ends the key stays, and is no name of its own.
  dotted.remove_prefix(last ? dotted.size() : std::min(dot + 1, dotted.size() - 1));
  return !part.empty();
}

const Node& nearest(const Node& root, std::string_view dotted) {
  const Node* node = &root;
  for (std::string_view part; !dotted.empty();) {
    const Node* next = take_part(dotted, part) ? node->child(part) : nullptr;
    if (!next) break;
    node = next;
  }
  return *node;
}

const Node* find(const Node& root, std::string_view dotted) {
  const Node* node = &root;
  for (std::string_view part; node && !dotted.empty();)
    node = take_part(dotted, part) ? node->child(part) : nullptr;
  return node;
}

bool same_value(const Node& a, const Node& b) {
  return a.kind == b.kind && a.text == b.text && a.quoted == b.quoted &&
         std::equal(a.list.begin(), a.list.end(), b.list.begin(), b.list.end(), same_value) &&
         a.map.size() == b.map.size() &&
         std::all_of(a.map.begin(), a.map.end(), [&b](const auto& entry) {
           const Node* other = b.child(entry.first);
           return other && same_value(entry.second, *other);
         });
}

bool is_own_section(std::string_view name) {
  return std::find(kOwnSections.begin(), kOwnSections.end(), name) != kOwnSections.end();
}

Result<int64_t> to_integer(const Node& node, std::string_view key) {
  int64_t value = 0;
  if (node.kind != Node::Kind::kScalar || !parse_number(node.text, value))
    return wrong_type(node, key, "a whole number");
  return value;
}

Result<uint64_t> to_unsigned(const Node& node, std::string_view key) {
  uint64_t value = 0;
  if (node.kind != Node::Kind::kScalar || !parse_number(node.text, value))
    return wrong_type(node, key, "a whole number that is not negative");
  return value;
}

Result<double> to_real(const Node& node, std::string_view key) {
  double value = 0;
  if (node.kind != Node::Kind::kScalar || !parse_number(node.text, value) || !std::isfinite(value))
    return wrong_type(node, key, "a number");
  return value;
}

Result<bool> to_boolean(const Node& node, std::string_view key) {
  if (node.kind == Node::Kind::kScalar && !node.quoted) {
    if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
    if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  }
  return wrong_type(node, key, "true or false");
}

Result<Duration> to_duration(const Node& node, std::string_view key) {
  if (node.kind == Node::Kind::kScalar) {
    Result<Duration> duration = parse_go_duration(node.text);
    double seconds = 0;
    if (parse_number(node.text, seconds) && seconds != 0) {
      if (!is_own_section(key.substr(0, key.find('.')))) {
        return error_at(
            node, fmt::format("{} has no unit; write a duration like \"1s\" or \"200ms\"", key));
      }
      return error_at(
          node, fmt::format("{} \"{}\" has no unit; write \"{}s\"", key, node.text, node.text));
    }
    if (duration.ok()) return *duration;
  }
  return wrong_type(node, key, "a duration like \"1s\" or \"200ms\"");
}

}  // namespace config_detail
}  // namespace bia
