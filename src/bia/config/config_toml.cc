// TOML configuration, by toml++, which keeps each value's place.
#include <fmt/format.h>

#include "bia/config/config_node.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>

#include <sstream>

namespace bia::config_detail {
namespace {

using Node = Config::Node;
using File = std::shared_ptr<const std::string>;

/// Numbers, booleans and dates as TOML writes them: what reads them takes them as text.
template <typename T>
std::string text_of(const toml::value<T>& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

Node convert(const toml::node& toml, const File& file, int key_line) {
  Node node;
  node.file = file;
  node.line = key_line > 0 ? key_line : int(toml.source().begin.line);
  if (const toml::table* table = toml.as_table()) {
    node.kind = Node::Kind::kMap;
    for (const auto& [key, value] : *table)
      node.map.emplace_back(std::string(key.str()),
                            convert(value, file, int(key.source().begin.line)));
  } else if (const toml::array* array = toml.as_array()) {
    node.kind = Node::Kind::kList;
    for (const toml::node& item : *array) node.list.push_back(convert(item, file, 0));
  } else {
    node.kind = Node::Kind::kScalar;
    toml.visit([&node](const auto& value) {
      using T = std::remove_cvref_t<decltype(value)>;
      if constexpr (toml::is_string<T>) {
        node.text = value.get();
        node.quoted = true;
      } else if constexpr (toml::is_integer<T>) {
        node.text = fmt::format("{}", value.get());
      } else if constexpr (toml::is_value<T>) {
        node.text = text_of(value);
      }
    });
  }
  return node;
}

/// toml++ quotes what it could not read; that may be a secret.
std::string without_quoted(std::string_view text) {
  std::string out;
  bool inside = false;
  for (char c : text) {
    if (c == '\'') {
      inside = !inside;
      out += inside ? "'…'" : "";
    } else if (!inside) {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<Node> parse_toml(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return Error(Code::kInvalidArgument, "CONFIG",
                 fmt::format("{}:{}: {}", name, parsed.error().source().begin.line,
                             without_quoted(parsed.error().description())));
  }
  Node root = convert(parsed.table(), std::make_shared<const std::string>(name), 1);
  return root;
}

}  // namespace bia::config_detail
