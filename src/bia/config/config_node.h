#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/config.h"

namespace bia {

/// A value of the configuration with its place. YAML's types of scalars are decided where they are
/// read, as YAML 1.2's core schema does.
struct Config::Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;
  bool quoted = false;
  std::vector<std::pair<std::string, Node>> map;
  std::vector<Node> list;
  std::shared_ptr<const std::string> file;
  /// 0: no line, as of an environment variable.
  int line = 0;
  /// A prefix may catch variables that are meant for others: at the top they are no unknown keys.
  bool from_environment = false;

  // Defined where the type is complete: clang looks into std::pair<…, Node> for the implicit ones.
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  const Node* child(std::string_view name) const {
    for (const auto& [key, value] : map) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  /// "configs/config.yaml:12"
  std::string where() const;
};

namespace config_detail {

constexpr size_t kDepthMax = 64;
constexpr size_t kFileBytesMax = 4 * 1024 * 1024;

/// Errors: kInvalidArgument with place.
Result<Config::Node> parse_yaml(std::string_view yaml, std::string_view name);
Result<Config::Node> parse_json(std::string_view json, std::string_view name);
Result<Config::Node> parse_toml(std::string_view toml, std::string_view name);
/// By the extension of `name`; YAML where it is none of the others'.
Result<Config::Node> parse_text(std::string_view text, std::string_view name);
/// .yaml, .yml, .json, .toml
bool has_config_extension(std::string_view name);
/// The files that a path stands for, in the order in which they are merged. Errors: kNotFound.
Result<std::vector<std::string>> files_of(const std::string& path);
/// `variables` is like `environ`.
void add_environment(Config::Node& root, std::string_view prefix, const char* const* variables);
/// "server.http.addr=:80". Errors: kInvalidArgument.
Result<void> add_override(Config::Node& root, std::string_view text);
/// Without regard to place and to the order of keys.
bool same_value(const Config::Node& a, const Config::Node& b);
/// Maps merge, anything else is replaced.
void merge(Config::Node& into, Config::Node from);
/// Replaces every ${key} and ${key:default}.
Result<void> resolve_placeholders(Config::Node& root);
/// The first name of a dotted key, which is taken away. A name with dots stands in quotes, but for
/// an operation like /helloworld.v1.Greeter/SayHello. False where it has none.
bool take_part(std::string_view& dotted, std::string_view& part);
const Config::Node* find(const Config::Node& root, std::string_view dotted);
/// What is there of the way to `dotted`: the place of what is missing.
const Config::Node& nearest(const Config::Node& root, std::string_view dotted);

/// An error at a node: "config.yaml:12: message".
Error error_at(const Config::Node& node, std::string message);
/// The name that is closest to `name`, for "did you mean"; empty where none is close.
std::string_view closest(std::string_view name, const std::vector<std::string_view>& names);
Error unknown_key(const Config::Node& node, std::string_view key,
                  const std::vector<std::string_view>& known);

/// What bia reads itself, and whose values errors may show.
inline constexpr std::array<std::string_view, 8> kOwnSections = {
    "server", "runtime", "log", "metrics", "health", "debug", "tracing", "registry"};
bool is_own_section(std::string_view name);
Result<int64_t> to_integer(const Config::Node& node, std::string_view key);
Result<uint64_t> to_unsigned(const Config::Node& node, std::string_view key);
Result<double> to_real(const Config::Node& node, std::string_view key);
Result<bool> to_boolean(const Config::Node& node, std::string_view key);
Result<Duration> to_duration(const Config::Node& node, std::string_view key);
Result<void> scan_message(const Config::Node& node, std::string_view key,
                          google::protobuf::Message& into);
/// Errors: kInvalidArgument, at `node`, for a field that must be there and is not in `message`.
Result<void> check_required(const Config::Node& node, std::string_view key,
                            const google::protobuf::Message& message);

}  // namespace config_detail
}  // namespace bia
