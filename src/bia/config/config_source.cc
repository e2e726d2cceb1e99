// Where a configuration comes from: files, folders, the environment, flags; later ones win.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bia/config/config_etcd.h"
#include "bia/config/config_node.h"
#include "bia/config/config_own.h"

extern char** environ;

namespace bia {
namespace config_detail {
namespace {

namespace fs = std::filesystem;
using Node = Config::Node;

Error config_error(Code code, const std::string& path, std::string_view what) {
  return Error(code, "CONFIG", fmt::format("{}: {}", path, what));
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return config_error(Code::kInvalidArgument, path, error.message());
  if (size > kFileBytesMax) {
    return config_error(Code::kOutOfRange, path,
                        fmt::format("{} bytes, at most {}", size, kFileBytesMax));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) return config_error(Code::kPermissionDenied, path, "cannot be read");
  return bytes.str();
}

bool is_config_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name[0] != '.' && has_config_extension(name);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// The child of that name, or of that name in another case, or a new one.
Node& child_of(Node& node, std::string_view name, const std::shared_ptr<const std::string>& file) {
  if (node.kind != Node::Kind::kMap) {
    node = Node();
    node.kind = Node::Kind::kMap;
    node.file = file;
  }
  for (const bool exact : {true, false}) {
    for (auto& [key, value] : node.map) {
      if (exact ? key == name : same_but_for_case(key, name)) return value;
    }
  }
  const bool shouting =
      std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  std::string key(name);
  if (shouting && file->find("__") != std::string::npos) {
    std::transform(key.begin(), key.end(), key.begin(), lower);
  }
  return node.map.emplace_back(std::move(key), Node()).second;
}

/// The parts of "SERVER__HTTP__ADDR" or "server.http.addr"; empty for a name with an empty part.
std::vector<std::string_view> parts_of_variable(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t end = name.find('.');
    size_t width = 1;
    if (const size_t two = name.find("__"); two < end) {
      end = two;
      width = 2;
    }
    if (end == 0 || name.empty()) return {};
    parts.push_back(name.substr(0, end));
    if (end == std::string_view::npos) return parts;
    name.remove_prefix(end + width);
  }
}

/// The parts of a dotted key; empty for one with an empty part.
std::vector<std::string_view> parts_of_key(std::string_view key) {
  std::vector<std::string_view> parts;
  for (std::string_view part; !key.empty();) {
    if (!take_part(key, part)) return {};
    parts.push_back(part);
  }
  return parts;
}

/// Of the "=" behind the key: a name in quotes may have others.
size_t find_equals(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=' && !quoted) return i;
    quoted ^= text[i] == '"';
  }
  return std::string_view::npos;
}

}  // namespace

bool has_config_extension(std::string_view name) {
  for (std::string_view extension : {".yaml", ".yml", ".json", ".toml"}) {
    if (name.ends_with(extension)) return true;
  }
  return false;
}

Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) {
    return config_error(Code::kNotFound, path, "no such file or folder")
        .with_hint("-conf names the configuration: a file, or a folder of files");
  }
  if (!fs::is_directory(status)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (is_config_file(entry->path()) && !entry->is_directory(ignored))
      files.push_back(entry->path().string());
  }
  if (error) return config_error(Code::kPermissionDenied, path, error.message());
  if (files.empty())
    return config_error(Code::kNotFound, path,
                        "the folder has no .yaml, .yml, .json or .toml file");
  std::sort(files.begin(), files.end());
  return files;
}

Result<Node> parse_text(std::string_view text, std::string_view name) {
  if (name.ends_with(".json")) return parse_json(text, name);
  if (name.ends_with(".toml")) return parse_toml(text, name);
  return parse_yaml(text, name);
}

void add_environment(Node& root, std::string_view prefix, const char* const* variables) {
  for (; prefix.size() && *variables; ++variables) {
    const std::string_view variable = *variables;
    const size_t equals = variable.find('=');
    std::string_view name = variable.substr(0, equals);
    if (equals == std::string_view::npos || !name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    if (name.starts_with('_')) name.remove_prefix(1);
    const auto parts = parts_of_variable(name);
    if (parts.empty()) continue;
    const auto file = std::make_shared<const std::string>(variable.substr(0, equals));
    Node* node = &root;
    for (std::string_view part : parts) node = &child_of(*node, part, file);
    *node = Node();
    node->kind = Node::Kind::kScalar;
    node->text = variable.substr(equals + 1);
    node->file = file;
    node->from_environment = true;
  }
}

Result<void> add_override(Node& root, std::string_view text) {
  const size_t equals = find_equals(text);
  const std::string_view key = text.substr(0, equals);
  const auto parts = parts_of_key(key);
  if (equals == std::string_view::npos || parts.empty()) {
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 fmt::format("-set {}: write -set KEY=VALUE, with a key like server.http.addr; a "
                             "name with dots stands in quotes",
                             text.substr(0, std::min(equals, text.find('=')))));
  }
  const auto file = std::make_shared<const std::string>(fmt::format("-set {}", key));
  Node value;
  value.file = file;
  value.kind = Node::Kind::kScalar;
  value.text = text.substr(equals + 1);
  // "[a, b]" and "{a: 1}" are what they are in YAML.
  if (value.text.starts_with('[') || value.text.starts_with('{')) {
    Node document = BIA_TRY(parse_yaml("value: " + value.text, *file));
    value = std::move(document.map.front().second);
  }
  value.line = 0;
  Node* node = &root;
  for (std::string_view part : parts) node = &child_of(*node, part, file);
  *node = std::move(value);
  return {};
}

}  // namespace config_detail

Result<Config> Config::load(const ConfigSources& sources) {
  auto root = std::make_unique<Node>();
  root->kind = Node::Kind::kMap;
  std::vector<std::string> read;
  std::vector<std::string> places;
  const auto add = [&](std::string name, std::string_view text) -> Result<void> {
    config_detail::merge(*root, BIA_TRY(config_detail::parse_text(text, name)));
    read.push_back(std::move(name));
    return {};
  };
  for (const std::string& path : sources.paths) {
    if (EtcdConfigSource::is_one(path)) {
      const EtcdConfigSource source = BIA_TRY(EtcdConfigSource::parse(path));
      const auto entries = BIA_TRY(source.read());
      places.push_back(source.url + source.key);  // without the password
      for (const EtcdClient::Entry& entry : entries)
        BIA_TRY(add(source.url + entry.key, entry.value));
      continue;
    }
    const std::vector<std::string> files = BIA_TRY(config_detail::files_of(path));
    places.push_back(path);
    for (const std::string& file : files)
      BIA_TRY(add(file, BIA_TRY(config_detail::read_file(file))));
  }
  for (const auto& own : sources.own) {
    for (const ConfigSource::Entry& entry : BIA_TRY(read_own(*own))) {
      places.push_back(entry.name);
      BIA_TRY(add(entry.name, entry.text));
    }
  }
  // The place of what is in none of them.
  root->line = read.size() == 1 ? 1 : 0;
  if (read.size() == 1) places = std::move(read);
  if (places.empty()) places.emplace_back("the configuration");
  root->file = std::make_shared<const std::string>(fmt::format("{}", fmt::join(places, ", ")));
  config_detail::add_environment(*root, sources.environment_prefix, environ);
  for (const std::string& text : sources.overrides)
    BIA_TRY(config_detail::add_override(*root, text));
  BIA_TRY(config_detail::resolve_placeholders(*root));
  return Config(std::move(root));
}

Result<Config> Config::load(const std::string& path) { return load(ConfigSources{{path}, {}, {}}); }

Result<Config> Config::parse(std::string_view text, std::string_view name) {
  auto root = std::make_unique<Node>(BIA_TRY(config_detail::parse_text(text, name)));
  BIA_TRY(config_detail::resolve_placeholders(*root));
  return Config(std::move(root));
}

}  // namespace bia
