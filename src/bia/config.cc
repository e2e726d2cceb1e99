#include "bia/bia/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bia/config_node.h"

namespace bia {
namespace {

namespace fs = std::filesystem;
using config_detail::error_at;

Error config_error(Code code, const std::string& path, std::string_view what) {
  return Error(code, "CONFIG", fmt::format("{}: {}", path, what));
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return config_error(Code::kInvalidArgument, path, error.message());
  if (size > config_detail::kFileBytesMax) {
    return config_error(Code::kOutOfRange, path,
                        fmt::format("{} bytes, at most {}", size, config_detail::kFileBytesMax));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) return config_error(Code::kPermissionDenied, path, "cannot be read");
  return bytes.str();
}

bool is_config_file(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string extension = path.extension().string();
  return name[0] != '.' && (extension == ".yaml" || extension == ".yml" || extension == ".json");
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
    return config_error(Code::kNotFound, path, "the folder has no .yaml, .yml or .json file");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Config::Config(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

Result<Config> Config::load(const std::string& path) {
  auto root = std::make_unique<Node>();
  root->kind = Node::Kind::kMap;
  const std::vector<std::string> files = BIA_TRY(files_of(path));
  for (const std::string& file : files) {
    const std::string yaml = BIA_TRY(read_file(file));
    config_detail::merge(*root, BIA_TRY(config_detail::parse_yaml(yaml, file)));
  }
  BIA_TRY(config_detail::resolve_placeholders(*root));
  return Config(std::move(root));
}

Result<Config> Config::parse(std::string_view yaml, std::string_view name) {
  auto root = std::make_unique<Node>(BIA_TRY(config_detail::parse_yaml(yaml, name)));
  BIA_TRY(config_detail::resolve_placeholders(*root));
  return Config(std::move(root));
}

const Config::Node* Config::find(std::string_view key) const {
  return config_detail::find(*root_, key);
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
  if (!node || node->kind == Node::Kind::kNull) return {};
  return config_detail::scan_message(*node, key, into);
}

Result<void> Config::only(std::string_view key,
                          std::initializer_list<std::string_view> known) const {
  const Node* node = find(key);
  if (!node || node->kind == Node::Kind::kNull) return {};
  if (node->kind != Node::Kind::kMap) return error_at(*node, fmt::format("{} is not a map", key));
  for (const auto& [name, value] : node->map) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return config_detail::unknown_key(value, key.empty() ? name : fmt::format("{}.{}", key, name),
                                        known);
    }
  }
  return {};
}

}  // namespace bia
