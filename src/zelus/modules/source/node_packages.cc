#include "zelus/modules/source/node_packages.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "base/read_file.h"
#include "js/module_set.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;
using Json = rapidjson::Value;

namespace {

constexpr std::string_view kFile = "file://";
constexpr const char* kExtensions[] = {".js", ".mjs", ".cjs", ".ts", ".json"};
/// Conditions within conditions.
constexpr int kDepthMax = 16;

enum class What { kNothing, kRegular, kFolder };
What what_is(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return What::kNothing;
  return S_ISDIR(info.st_mode) ? What::kFolder : What::kRegular;
}

std::string_view text_of(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

const Json* member(const Json& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

/// False where there is no package.json. Errors: one that does not parse.
Result<bool> read_package(const std::string& folder, rapidjson::Document& out) {
  const auto content = bia::read_file(folder + "/package.json");
  if (!content) return false;
  out.Parse(content->data(), content->size());
  if (out.HasParseError() || !out.IsObject()) {
    return Error(Code::kInvalidArgument, "PACKAGE_JSON",
                 fmt::format("{}/package.json is not a JSON object", folder));
  }
  return true;
}

std::optional<std::string> as_file(const std::string& path) {
  if (what_is(path) == What::kRegular) return path;
  for (const char* extension : kExtensions) {
    if (what_is(path + extension) == What::kRegular) return path + extension;
  }
  return std::nullopt;
}

std::optional<std::string> as_folder(const std::string& path, bool require) {
  if (what_is(path) != What::kFolder) return std::nullopt;
  rapidjson::Document package;
  if (auto there = read_package(path, package); there && *there) {
    for (const char* key : {"module", "main"}) {
      if (require && std::string_view(key) == "module") continue;
      const Json* main = member(package, key);
      if (main == nullptr || !main->IsString()) continue;
      std::string target = fmt::format("{}/{}", path, text_of(*main));
      if (auto file = as_file(target)) return file;
      if (auto file = as_file(target + "/index")) return file;
    }
  }
  return as_file(path + "/index");
}

/// What `exports` says for a target: a text, conditions, or the first of a list.
std::optional<std::string> target_of(const Json& value, bool require, int depth) {
  if (depth > kDepthMax) return std::nullopt;
  if (value.IsString()) return std::string(text_of(value));
  if (value.IsArray()) {
    for (const Json& item : value.GetArray()) {
      if (auto found = target_of(item, require, depth + 1)) return found;
    }
    return std::nullopt;
  }
  if (!value.IsObject()) return std::nullopt;
  for (const auto& [key, next] : value.GetObject()) {
    std::string_view condition = text_of(key);
    if (condition != (require ? "require" : "import") && condition != "default" &&
        (require || condition != "module"))
      continue;
    if (auto found = target_of(next, require, depth + 1)) return found;
  }
  return std::nullopt;
}

/// `subpath` is "." or "./fp".
std::optional<std::string> exported(const Json& exports, const std::string& subpath, bool require) {
  bool by_path = exports.IsObject() && exports.MemberCount() > 0 &&
                 text_of(exports.MemberBegin()->name).starts_with('.');
  if (!by_path) return subpath == "." ? target_of(exports, require, 0) : std::nullopt;
  if (const Json* exact = member(exports, subpath.c_str())) return target_of(*exact, require, 0);
  const Json* best = nullptr;
  std::string_view best_head;
  std::string_view captured;
  for (const auto& [key, target] : exports.GetObject()) {
    std::string_view pattern = text_of(key);
    size_t star = pattern.find('*');
    if (star == std::string_view::npos) continue;
    std::string_view head = pattern.substr(0, star);
    std::string_view tail = pattern.substr(star + 1);
    if (subpath.size() < head.size() + tail.size() || !subpath.starts_with(head) ||
        !subpath.ends_with(tail) || (best != nullptr && head.size() <= best_head.size()))
      continue;
    best = &target;
    best_head = head;
    captured =
        std::string_view(subpath).substr(head.size(), subpath.size() - head.size() - tail.size());
  }
  if (best == nullptr) return std::nullopt;
  auto found = target_of(*best, require, 0);
  if (!found) return std::nullopt;
  std::string out;
  for (char c : *found) {
    if (c == '*') {
      out += captured;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Result<std::string> in_package(const std::string& folder, const std::string& name,
                               const std::string& rest, bool require) {
  rapidjson::Document package;
  bool described = BIA_TRY(read_package(folder, package));
  const Json* exports = described ? member(package, "exports") : nullptr;
  if (exports != nullptr && !exports->IsNull()) {
    auto target = exported(*exports, rest.empty() ? "." : "./" + rest, require);
    if (!target || !target->starts_with("./")) {
      return Error(Code::kInvalidArgument, "NOT_EXPORTED",
                   fmt::format("the package {}/package.json does not export \"{}\" for {}", folder,
                               name, require ? "require" : "import"));
    }
    return fmt::format("{}{}/{}", kFile, folder, target->substr(2));
  }
  std::string path = rest.empty() ? folder : fmt::format("{}/{}", folder, rest);
  auto file = rest.empty() ? as_folder(path, require) : as_file(path);
  if (!file && !rest.empty()) file = as_folder(path, require);
  if (!file) {
    return Error(Code::kInvalidArgument, "NO_MAIN",
                 fmt::format("\"{}\" names no file in {}", name, folder));
  }
  return bia::js::normalize_file_url(fmt::format("{}{}", kFile, *file));
}

}  // namespace

Result<std::string> find_package_file(std::string_view base, const std::string& name,
                                      bool require) {
  if (!base.starts_with(kFile)) return std::string();
  size_t slash = name.find('/');
  if (name.starts_with('@') && slash != std::string::npos) slash = name.find('/', slash + 1);
  std::string package = name.substr(0, slash);
  std::string rest = slash == std::string::npos ? "" : name.substr(slash + 1);
  if (package.empty() || package.find('\\') != std::string::npos) return std::string();
  std::string folder(base.substr(kFile.size()));
  for (size_t end = folder.rfind('/'); end != std::string::npos; end = folder.rfind('/')) {
    folder.resize(end);
    std::string candidate = fmt::format("{}/node_modules/{}", folder, package);
    if (what_is(candidate) == What::kFolder) return in_package(candidate, name, rest, require);
  }
  return std::string();
}

std::string complete_file_url(const std::string& url) {
  if (!url.starts_with(kFile)) return url;
  std::string path = url.substr(kFile.size());
  if (what_is(path) == What::kRegular) return url;
  auto file = as_file(path);
  if (!file) file = as_folder(path, /*require=*/false);
  return file ? bia::js::normalize_file_url(fmt::format("{}{}", kFile, *file)) : url;
}

}  // namespace zelus::modules
